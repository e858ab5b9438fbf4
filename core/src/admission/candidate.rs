//! One change at the gate, as far as it can be judged by itself: no document is needed for it, so that a server can do
//! this part beside its single writer.

use std::ops::Deref;

use automerge::Change;

use super::step::{Step, unreadable};
use crate::document::{self, DocumentError};
use crate::envelope::SignedChange;
use crate::keys::PublicKeys;
use crate::wire::{Reason, Why};

/// A change whose envelope, chunk and columns were read within bounds. Nothing of it was shown to Automerge yet.
#[derive(Debug, Clone)]
pub struct Candidate {
    signed: SignedChange,
    examined: Option<Result<Change, Why>>,
}

impl Deref for Candidate {
    type Target = SignedChange;

    fn deref(&self) -> &SignedChange {
        &self.signed
    }
}

impl From<SignedChange> for Candidate {
    fn from(signed: SignedChange) -> Self {
        Self { signed, examined: None }
    }
}

impl Candidate {
    /// Reads an envelope.
    ///
    /// # Errors
    /// Why the gate refuses it, for ever.
    pub fn read(envelope: &[u8]) -> Result<Self, Why> {
        SignedChange::decode(envelope).map(Into::into).map_err(|error| unreadable(&error))
    }

    /// Checks the signature, and that Automerge writes what it reads in it with the same bytes; remembers the outcome.
    /// Whose key the bearer has makes no difference to the outcome, only to what a forger is told.
    ///
    /// # Errors
    /// Why the gate refuses it, for ever.
    pub fn examine(&mut self, signer: &PublicKeys, bearer: Option<&PublicKeys>) -> Result<(), Why> {
        let signed = &self.signed;
        let examined = self.examined.get_or_insert_with(|| examined(signed, signer, bearer));
        examined.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// What came of the examination; done now if nobody did it before.
    ///
    /// # Errors
    /// Why the gate refuses it, for ever.
    pub fn change(&self, signer: &PublicKeys) -> Result<Change, Why> {
        self.examined.clone().unwrap_or_else(|| examined(&self.signed, signer, None))
    }

    /// The envelope's content.
    pub fn into_signed(self) -> SignedChange {
        self.signed
    }
}

fn examined(signed: &SignedChange, signer: &PublicKeys, bearer: Option<&PublicKeys>) -> Result<Change, Why> {
    if signer.device() != signed.signer() {
        return Err(Why::at(Step::Actor, Reason::NotTheSignersActor));
    }
    if signed.verify(signer).is_err() {
        // Its bearer signed it in somebody else's name.
        let forged = bearer.is_some_and(|bearer| signed.is_signed_by(bearer));
        return Err(if forged {
            Why::at(Step::Actor, Reason::NotTheSignersActor)
        } else {
            Why::at(Step::Signature, Reason::BadSignature)
        });
    }
    // From here on Automerge reads it: only now, and never more operations than the scan counted.
    let read = document::quietly(|| {
        let change = Change::from_bytes(signed.chunk().to_vec()).map_err(|error| DocumentError::Automerge(error.to_string()))?;
        let again = Change::from(change.decode());
        Ok((again.raw_bytes() == signed.chunk()).then_some(change))
    });
    match read {
        Ok(Some(change)) => Ok(change),
        Ok(None) | Err(_) => Err(Why::at(Step::Encoding, Reason::Malformed)),
    }
}
