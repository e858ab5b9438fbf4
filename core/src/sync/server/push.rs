//! A request with its signatures and changes looked at as far as that can be done without the region: beside the single writer, which
//! everybody waits for.

use std::borrow::Cow;

use super::*;
use crate::wire::{MAX_BODY, StatementReceipt};

/// After so many receipts that this server did not sign no more of the request are looked at: an honest device has none.
const MOST_LIES: usize = 16;

/// The most signers whose keys are looked for; an honest device carries the work of a few colleagues, and after a restore what
/// everybody in the region said.
const MOST_SIGNERS: usize = 64;

/// A request and what is known of its changes.
#[derive(Debug, Clone)]
pub struct Push {
    pub(super) request: Request,
    pub(super) changes: Vec<Result<Candidate, Why>>,
    /// Of statements, by the hash of their bytes, whether the device that is named signed them.
    pub(super) signed: HashMap<ChangeHash, bool>,
    proofs: Option<Proofs>,
}

impl From<Request> for Arc<Push> {
    fn from(request: Request) -> Self {
        Arc::new(Push::read(request))
    }
}

impl Push {
    /// Reads the envelopes of a request, within bounds.
    pub fn read(mut request: Request) -> Self {
        // Each envelope is kept once: where it was read.
        let changes = std::mem::take(&mut request.changes).into_iter().map(|bytes| Candidate::read(&bytes)).collect();
        Self { request, changes, signed: HashMap::new(), proofs: None }
    }

    /// The request, without its changes.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// How many changes it has.
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// How many signatures of statements and receipts it has.
    pub fn signatures(&self) -> usize {
        let Request { statements, receipts, statement_receipts, .. } = &self.request;
        statements.len() + receipts.len() + statement_receipts.len()
    }

    /// The devices that are named as makers of its changes and statements.
    pub fn signers(&self) -> Vec<DeviceId> {
        let changes = self.changes.iter().flatten().map(|change| change.signer());
        let mut signers: BTreeSet<DeviceId> = changes.collect();
        signers.extend(self.statements().map(|(_, signed)| signed.signer()));
        signers.into_iter().take(MOST_SIGNERS).collect()
    }

    /// The statements that are looked at, with the hash of their bytes.
    fn statements(&self) -> impl Iterator<Item = (ChangeHash, SignedStatement)> + '_ {
        let looked_at = self.request.statements.iter().take(MAX_PUSHED_STATEMENTS);
        looked_at.filter_map(|bytes| Some((statement_hash(bytes), SignedStatement::decode(bytes).ok()?)))
    }

    /// Whether it was looked at before it came to the writer.
    pub(super) const fn is_examined(&self) -> bool {
        self.proofs.is_some()
    }

    /// What the receipts in it prove; read now when nobody did before.
    pub(super) fn proofs(&self, server: &PublicKeys) -> Cow<'_, Proofs> {
        match &self.proofs {
            Some(proofs) => Cow::Borrowed(proofs),
            None => Cow::Owned(Proofs::read(self, server)),
        }
    }

    /// How many operations are to be read for [`examine`](Self::examine).
    pub fn operations(&self) -> u64 {
        self.changes.iter().flatten().map(|change| change.header().operations).fold(0, u64::saturating_add)
    }

    /// Checks signatures and encodings, of as many operations and statements as the server looks at in one exchange.
    pub fn examine(&mut self, server: &PublicKeys, bearer: &PublicKeys, keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>) {
        let mut left = MAX_PUSHED_OPERATIONS;
        for change in self.changes.iter_mut().flatten() {
            let Some(rest) = left.checked_sub(effort::share(change)) else { continue };
            left = rest;
            if let Some(signer) = keys(&change.signer()) {
                // What came of it is kept with the change, and is its verdict.
                let _ = change.examine(&signer, Some(bearer));
            }
        }
        let own = |signer: &DeviceId| (signer.as_bytes() == server.server().as_bytes()).then_some(*server);
        let signed = self.statements().filter_map(|(hash, signed)| {
            let keys = own(&signed.signer()).or_else(|| keys(&signed.signer()))?;
            Some((hash, signed.verify(&keys).is_ok()))
        });
        self.signed = signed.collect();
        self.proofs = Some(Proofs::read(self, server));
    }
}

/// What this server admitted in a former life, by its own signature, of what is in a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Proofs {
    pub(super) changes: HashSet<(DocumentId, ChangeHash)>,
    pub(super) statements: HashSet<ChangeHash>,
    /// How many signatures were checked.
    pub(super) checked: u64,
}

impl Proofs {
    /// Receipts about nothing in the request are not looked at, nor is what was proven already, nor much of who lies.
    fn read(push: &Push, server: &PublicKeys) -> Self {
        let mut proofs = Self::default();
        let Request { receipts, statement_receipts, .. } = &push.request;
        let mut lies = 0;
        if !receipts.is_empty() {
            let mut wanted: HashSet<(DocumentId, ChangeHash)> =
                push.changes.iter().flatten().map(|change| (change.document(), change.hash())).collect();
            for bytes in receipts.iter().take(MAX_PUSHED_RECEIPTS) {
                let Ok(receipt) = Receipt::decode(bytes, MAX_BODY) else { continue };
                let named: Vec<_> = receipt.lines.iter().map(|line| (line.document, line.hash)).collect();
                if lies < MOST_LIES && named.iter().any(|name| wanted.contains(name)) {
                    proofs.checked += 1;
                    match receipt.verify(server) {
                        Ok(()) => proofs.changes.extend(named.into_iter().filter(|name| wanted.remove(name))),
                        Err(_) => lies += 1,
                    }
                }
            }
        }
        if !statement_receipts.is_empty() {
            let looked_at = push.request.statements.iter().take(MAX_PUSHED_STATEMENTS);
            let mut wanted: HashSet<ChangeHash> = looked_at.map(|bytes| statement_hash(bytes)).collect();
            for bytes in statement_receipts.iter().take(MAX_PUSHED_RECEIPTS) {
                let Ok(receipt) = StatementReceipt::decode(bytes, MAX_BODY) else { continue };
                let named: Vec<_> = receipt.lines.iter().map(|line| line.hash).collect();
                if lies < MOST_LIES && named.iter().any(|name| wanted.contains(name)) {
                    proofs.checked += 1;
                    match receipt.verify(server) {
                        Ok(()) => proofs.statements.extend(named.into_iter().filter(|name| wanted.remove(name))),
                        Err(_) => lies += 1,
                    }
                }
            }
        }
        proofs
    }
}
