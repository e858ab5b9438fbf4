//! Erasure on a device: asking for it, and wiping what the server says was erased.
//!
//! Nothing is wiped on anyone's word but the server's signature. The key of the dossier is destroyed, and with it every
//! record of it in the journal, what was never sent included; the device signs a receipt that says so.

use super::*;
use crate::ledger::StatementFacts;
use crate::record::Lang;
use crate::statement::{Erasure, ErasureReceipt, ErasureRequest};

/// Why something that was withdrawn on this device is in the dossier still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWithdrawn {
    /// Somebody else's withdrawal from the same dossier came first.
    Overtaken,
    /// The server refused it: the dossier was not this person's any more, or somebody else's withdrawal is under way.
    Refused,
}

/// A dossier that the server says is erased, and that is kept here: what it says does not fit the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The document.
    pub document: DocumentId,
    /// What people call it.
    pub reference: Option<String>,
}

impl Kept {
    /// What to tell the person whose device it is.
    pub fn message(&self, lang: Lang) -> String {
        let of = self.reference.clone().unwrap_or_else(|| self.document.to_string());
        match lang {
            Lang::Nl => format!(
                "de server gaf opdracht dossier {of} te wissen, maar die opdracht past niet bij dit dossier: zij gaat over een ander. \
                 Het dossier is bewaard en hier is niets gewist. Bel uw coördinator en de beheerder van de server voordat u verder \
                 synchroniseert"
            ),
            Lang::En => format!(
                "the server ordered that dossier {of} be erased, but the order does not fit this dossier: it is about another one. The \
                 dossier was kept, and nothing was erased here. Call your coordinator and the administrator of the server before you \
                 sync again"
            ),
        }
    }
}

/// A dossier that was wiped on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiped {
    /// The document.
    pub document: DocumentId,
    /// What people called it, to tell them now; it is kept nowhere.
    pub reference: Option<String>,
    /// How many changes of this device went with it that the server never had.
    pub unsent: usize,
    /// The document in which the dossier goes on: only an entry was withdrawn.
    pub replaced_by: Option<DocumentId>,
    /// Why what this device's person had withdrawn from it was not, if so.
    pub not_withdrawn: Option<NotWithdrawn>,
}

impl Wiped {
    /// What to tell the person whose device it was.
    pub fn message(&self, lang: Lang) -> String {
        let of = self.reference.clone().unwrap_or_else(|| self.document.to_string());
        let unsent = self.unsent;
        match (self.not_withdrawn, lang) {
            (None, _) => {}
            (Some(NotWithdrawn::Overtaken), Lang::Nl) => {
                return format!(
                    "uw intrekking in dossier {of} is niet gedaan: een ander trok er net eerder iets in; trek het opnieuw in. Wat \
                     u nog niet had verstuurd, staat nu in het nieuwe dossier"
                );
            }
            (Some(NotWithdrawn::Overtaken), Lang::En) => {
                return format!(
                    "what you withdrew from dossier {of} was not withdrawn: somebody else withdrew something just before; withdraw \
                     it again. What you had not sent yet is in the new dossier now"
                );
            }
            (Some(NotWithdrawn::Refused), Lang::Nl) => {
                return format!(
                    "uw intrekking in dossier {of} is niet gedaan: de server weigerde haar, want u kunt er niet meer in schrijven of \
                     een ander is er net iets uit aan het intrekken. Wat u daarna schreef, staat weer in het oude dossier en wordt \
                     daar beoordeeld; trek het later opnieuw in of vraag uw coördinator"
                );
            }
            (Some(NotWithdrawn::Refused), Lang::En) => {
                return format!(
                    "what you withdrew from dossier {of} was not withdrawn: the server refused it, for you may not write there any \
                     more or somebody else is withdrawing something from it. What you wrote after it is in the old dossier again, \
                     and judged there; withdraw it again later or ask your coordinator"
                );
            }
        }
        match (lang, self.replaced_by, unsent) {
            (Lang::Nl, Some(_), _) => {
                format!("uit dossier {of} is iets ingetrokken; wat u nog niet had verstuurd, staat nu in het nieuwe dossier")
            }
            (Lang::En, Some(_), _) => {
                format!("something was withdrawn from dossier {of}; what you had not sent yet is in the new dossier now")
            }
            (Lang::Nl, None, 0) => format!("dossier {of} is op verzoek gewist, ook op dit apparaat"),
            (Lang::En, None, 0) => format!("dossier {of} was erased on request, on this device too"),
            (Lang::Nl, None, _) => format!(
                "dossier {of} is op verzoek gewist, ook op dit apparaat; daarmee verdwenen {unsent} wijzigingen die nog niet \
                 verstuurd waren"
            ),
            (Lang::En, None, _) => format!(
                "dossier {of} was erased on request, on this device too; with it went {unsent} changes that had not been sent yet"
            ),
        }
    }
}

impl FieldBook {
    /// Asks that a dossier be erased, or takes that back; an administrator of the server confirms. Durable when this
    /// returns, and sent with the next exchange.
    ///
    /// # Errors
    /// [`FieldBookError::NotAllowed`] when the person is no coordinator of the dossier's organisation; as
    /// [`FieldBook::perform`].
    pub fn ask_erasure(
        &mut self,
        document: DocumentId,
        take_back: bool,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let identity = self.identity();
        let by = identity.person.ok_or(FieldBookError::Nobody)?;
        let opening = self.ledger.documents.get(&document).and_then(|facts| facts.opening.as_ref());
        let Some((opening, _)) = opening else { return Err(FieldBookError::UnknownDossier(document.to_string())) };
        if identity.role != Some(Role::Coordinator) || identity.organisation.as_ref() != Some(&opening.organisation) {
            return Err(FieldBookError::NotAllowed("only a coordinator of the dossier's organisation asks for its erasure"));
        }
        let withdrawn = take_back.then_some(true);
        let request = Statement::ErasureRequest(ErasureRequest { document, by, at: moment.at, withdrawn });
        let record = stated(&request, self.keyring.device_keys())?;
        self.append(vec![record], rng)
    }

    /// Who asked when that a dossier be erased, if that stands.
    pub fn erasure_asked(&self, document: &DocumentId) -> Option<&ErasureRequest> {
        let asked = self.ledger.documents.get(document)?.erasure_asked.as_ref()?;
        (asked.withdrawn != Some(true)).then_some(asked)
    }

    /// What this device wiped, as its receipts say.
    pub fn wiped(&self) -> Vec<ErasureReceipt> {
        let device = self.keyring.device_keys().device();
        let mine = |document: &DocumentId| self.ledger.erasures.receipt_of(document, &device).cloned();
        self.ledger.erasures.all().filter_map(|erasure| mine(&erasure.document)).collect()
    }

    /// Whether a statement goes to the server. Public ones came from there, and go back to a server that may have lost them; a
    /// receipt goes once what it says is so.
    pub(super) fn is_to_send(facts: &StatementFacts, wiping: bool) -> bool {
        if facts.kind == 8 { !wiping } else { facts.document.is_some() || facts.former }
    }

    /// Whether the key of an erased dossier is still here.
    pub(super) fn is_wiping(&self) -> bool {
        let held = |document| self.keyring.document_key(document).is_some();
        self.ledger.erasures.all().any(|one| held(one.document) || !self.ledger.aside_keys(&one.document).is_empty())
            || self.ledger.copies().next().is_some()
    }

    /// Whether something here is to be wiped: it was erased, or is a copy of what was.
    pub(super) fn is_erasing_due(&self) -> bool {
        self.ledger.erasures.all().any(|erasure| self.ledger.documents.contains_key(&erasure.document))
            || self.ledger.copies().next().is_some()
    }

    /// Copies of what was erased, as if each had an erasure of its own.
    fn erased_copies(&self) -> Vec<Erasure> {
        let as_erased = |(document, of): (DocumentId, &Erasure)| {
            let replaced_by = if of.trainee.is_some() { None } else { of.replaced_by };
            Erasure { document, at: of.at, trainee: of.trainee, replaced_by, withdrawn: Vec::new() }
        };
        self.ledger.copies().map(as_erased).collect()
    }

    /// Wipes what the server says was erased; also what a crash left half done.
    pub(super) fn finish_erasing(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<Vec<Wiped>, FieldBookError> {
        let device = self.keyring.device_keys().device();
        let since = self.ledger.certificates.get(&device).map(|certificate| certificate.from);
        let mut wiped = Vec::new();
        let mut receipts = Vec::new();
        let mut gone = Vec::new();
        // What has a word of the server's of its own first: a copy may hold the same work.
        let erasures = self.ledger.erasures.all().cloned().map(|erasure| (erasure, true));
        let erasures: Vec<_> = erasures.chain(self.erased_copies().into_iter().map(|erasure| (erasure, false))).collect();
        for (erasure, signed) in erasures {
            let document = erasure.document;
            let held = |document| self.keyring.document_key(document).is_some();
            let apart = !self.ledger.aside_keys(&document).is_empty();
            let here = self.ledger.documents.contains_key(&document) || held(document) || apart;
            // Of a copy nobody asks for a receipt.
            let receipted = !signed || self.ledger.erasures.receipt_of(&document, &device).is_some();
            // A device that could have held it says that it does not, also when it never did: the server cannot know.
            if !here && (receipted || since.is_none_or(|since| erasure.at < since)) {
                continue;
            }
            let goes_on = erasure.replaced_by.filter(|_| here);
            let goes_on = goes_on.map(|next| self.ledger.erasures.successor(&next).unwrap_or(next));
            let goes_on = goes_on.filter(|into| !self.ledger.is_erased(into));
            if let Some(into) = goes_on {
                self.carry_over(&erasure, into, rng)?;
                self.state_anew(document, into, rng)?;
            }
            // What goes on elsewhere is not lost.
            let unsent = if goes_on.is_some() { 0 } else { self.unsent_here(&document) };
            if here {
                let reference = self.reference_of(document);
                let not_withdrawn = self.is_overtaken(&erasure).then_some(NotWithdrawn::Overtaken);
                wiped.push(Wiped { document, reference, unsent, replaced_by: goes_on, not_withdrawn });
                gone.push(document);
            }
            if !receipted {
                let unsent = u32::try_from(unsent).unwrap_or(u32::MAX);
                let receipt = Statement::ErasureReceipt(ErasureReceipt { document, at: moment.at, unsent });
                receipts.push(stated(&receipt, self.keyring.device_keys())?);
            }
        }
        // First the receipt, which is not sent before the key is gone: so a crash in between loses neither.
        self.append(receipts, rng)?;
        // What was set aside of it goes too.
        let mut names = gone.clone();
        names.extend(gone.iter().flat_map(|document| self.ledger.aside_keys(document)));
        let keys: Vec<KeyId> = names.into_iter().filter_map(|name| self.keyring.document_key(name)).collect();
        if !keys.is_empty() {
            self.keyring.destroy(&*self.disk, &keys, rng)?;
        }
        for document in &gone {
            self.ledger.forget(document);
            self.drop_from_memory(document);
            self.resend.retain(|(of, _)| of != document);
            self.healing.retain(|of| of != document);
        }
        Ok(wiped)
    }

    /// An erasure that does not fit the dossier here, which is kept.
    pub(super) fn kept(&mut self, document: DocumentId) -> Kept {
        Kept { document, reference: self.reference_of(document) }
    }

    fn unsent_here(&self, document: &DocumentId) -> usize {
        let Some(facts) = self.ledger.documents.get(document) else { return 0 };
        facts.live().filter(|change| change.acknowledged.is_none() && change.operation.is_some()).count()
    }

    pub(super) fn reference_of(&mut self, document: DocumentId) -> Option<String> {
        let content = self.content(document).ok()?;
        match content.get(&Container::Trainee)?.get("")?.get("ref")? {
            Scalar::Text(reference) => Some(reference.clone()),
            _ => None,
        }
    }

    /// Takes a document out of everything that is computed from the journal.
    pub(super) fn drop_from_memory(&mut self, document: &DocumentId) {
        self.documents.remove(document);
        self.views.remove(document);
        forget_cached(&*self.cache, document);
    }
}

/// Takes a document out of a cache.
pub(crate) fn forget_cached(cache: &dyn Cache, document: &DocumentId) {
    for prefix in [b"document/".as_slice(), reading::VIEW_KEY] {
        cache.remove(&[prefix, document.as_bytes()].concat());
    }
}
