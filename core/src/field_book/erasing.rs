//! Erasure on a device: asking for it, and wiping what the server says was erased.
//!
//! Nothing is wiped on anyone's word but the server's signature. The key of the dossier is destroyed, and with it every
//! record of it in the journal, what was never sent included; the device signs a receipt that says so.

use super::*;
use crate::ledger::StatementFacts;
use crate::record::{Code as _, Lang};
use crate::statement::{Erasure, ErasureReceipt, ErasureRequest};
use crate::wire::Reason;

/// Why something that was withdrawn on this device is in the dossier still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWithdrawn {
    /// Somebody else's withdrawal from the same dossier came first.
    Overtaken,
    /// The server refused it, and this is why, where that is known.
    Refused(Option<Reason>),
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
    /// How many changes that were only here went with it: of this device, or carried for another.
    pub unsent: usize,
    /// How many changes of this device that the server did not have were performed again where the dossier goes on.
    pub performed: usize,
    /// How many changes that this device carried for another are listed with what was refused, to be recorded anew where the
    /// dossier goes on.
    pub to_record: usize,
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
        let said = match (self.not_withdrawn, self.replaced_by, lang) {
            (Some(NotWithdrawn::Overtaken), _, Lang::Nl) => {
                format!("uw intrekking in dossier {of} is niet gedaan: een ander trok er net eerder iets in; trek het opnieuw in")
            }
            (Some(NotWithdrawn::Overtaken), _, Lang::En) => format!(
                "what you withdrew from dossier {of} was not withdrawn: somebody else withdrew something just before; withdraw it \
                 again"
            ),
            (Some(NotWithdrawn::Refused(why)), _, lang) => self.refused(&of, why, lang),
            (None, Some(_), Lang::Nl) => format!("uit dossier {of} is iets ingetrokken; het gaat zonder dat verder"),
            (None, Some(_), Lang::En) => format!("something was withdrawn from dossier {of}; it goes on without that"),
            (None, None, Lang::Nl) => format!("dossier {of} is op verzoek gewist, ook op dit apparaat"),
            (None, None, Lang::En) => format!("dossier {of} was erased on request, on this device too"),
        };
        let mut more = Vec::new();
        if self.performed > 0 {
            more.push(match (self.not_withdrawn, lang) {
                (Some(NotWithdrawn::Refused(_)), Lang::Nl) => {
                    "wat u daarna schreef, staat weer in het oude dossier en wordt daar beoordeeld".to_owned()
                }
                (Some(NotWithdrawn::Refused(_)), Lang::En) => {
                    "what you wrote after it is in the old dossier again, and judged there".to_owned()
                }
                (_, Lang::Nl) => "wat u nog niet had verstuurd, staat nu in het nieuwe dossier".to_owned(),
                (_, Lang::En) => "what you had not sent yet is in the new dossier now".to_owned(),
            });
        }
        let count = self.to_record;
        if count > 0 {
            more.push(match lang {
                Lang::Nl => format!(
                    "{count} wijzigingen van een ander, die dit apparaat nog naar de server moest brengen, staan er niet in: u leest ze \
                     bij wat geweigerd is; leg ze opnieuw vast als ze erin horen"
                ),
                Lang::En => format!(
                    "{count} changes of somebody else, which this device had still to take to the server, are not in it: you read them \
                     with what was refused; record them again if they belong there"
                ),
            });
        }
        if unsent > 0 {
            more.push(match lang {
                Lang::Nl if unsent == 1 => "daarmee verdween 1 wijziging die nog niet verstuurd was".to_owned(),
                Lang::En if unsent == 1 => "with it went 1 change that had not been sent yet".to_owned(),
                Lang::Nl => format!("daarmee verdwenen {unsent} wijzigingen die nog niet verstuurd waren"),
                Lang::En => format!("with it went {unsent} changes that had not been sent yet"),
            });
        }
        std::iter::once(said).chain(more).collect::<Vec<_>>().join("; ")
    }

    /// That the server refused a withdrawal, with the reason that it gave.
    fn refused(&self, of: &str, why: Option<Reason>, lang: Lang) -> String {
        match (why, lang) {
            // What these reasons say of any work is not what they say here.
            (Some(Reason::NoGrant), Lang::Nl) => format!(
                "uw intrekking in dossier {of} is niet gedaan: de server weigerde haar, want u kunt er niet meer in schrijven; vraag uw \
                 coördinator"
            ),
            (Some(Reason::NoGrant), Lang::En) => format!(
                "what you withdrew from dossier {of} was not withdrawn: the server refused it, for you may not write there any more; ask \
                 your coordinator"
            ),
            (Some(Reason::NotAllowed), Lang::Nl) => format!(
                "uw intrekking in dossier {of} is niet gedaan: de server weigerde haar, want u kunt er niet meer in schrijven of een \
                 ander is er net iets uit aan het intrekken; trek het later opnieuw in of vraag uw coördinator"
            ),
            (Some(Reason::NotAllowed), Lang::En) => format!(
                "what you withdrew from dossier {of} was not withdrawn: the server refused it, for you may not write there any more or \
                 somebody else is withdrawing something from it; withdraw it again later or ask your coordinator"
            ),
            (why, Lang::Nl) => {
                let why = why.map(|why| format!(" ({})", why.label(lang).trim_end_matches('.'))).unwrap_or_default();
                format!("uw intrekking in dossier {of} is niet gedaan: de server weigerde haar{why}")
            }
            (why, Lang::En) => {
                let why = why.map(|why| format!(" ({})", why.label(lang).trim_end_matches('.'))).unwrap_or_default();
                format!("what you withdrew from dossier {of} was not withdrawn: the server refused it{why}")
            }
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
        let by = self.identity().person.ok_or(FieldBookError::Nobody)?;
        self.may_ask_erasure(&document)?;
        let withdrawn = take_back.then_some(true);
        let request = Statement::ErasureRequest(ErasureRequest { document, by, at: moment.at, withdrawn });
        let record = stated(&request, self.keyring.device_keys())?;
        self.append(vec![record], rng)
    }

    /// Whether this person asks that a dossier be erased.
    ///
    /// # Errors
    /// [`FieldBookError::NotAllowed`], [`FieldBookError::UnknownDossier`].
    pub fn may_ask_erasure(&self, document: &DocumentId) -> Result<(), FieldBookError> {
        let identity = self.identity();
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let Some((opening, _)) = opening else { return Err(FieldBookError::UnknownDossier(document.to_string())) };
        if identity.role != Some(Role::Coordinator) || identity.organisation.as_ref() != Some(&opening.organisation) {
            return Err(FieldBookError::NotAllowed(Forbidden::AskErasure));
        }
        Ok(())
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
            let (performed, to_record) = match goes_on {
                Some(into) => {
                    let performed = self.carry_over(&erasure, into, rng)?;
                    self.state_anew(document, into, rng)?;
                    (performed, self.move_apart(document, into, moment, rng)?)
                }
                None => (0, 0),
            };
            // What goes on elsewhere is not lost.
            let unsent = if goes_on.is_some() { 0 } else { self.unsent_here(&document) };
            if here {
                let reference = self.reference_of(document);
                let not_withdrawn = self.is_overtaken(&erasure).then_some(NotWithdrawn::Overtaken);
                wiped.push(Wiped { document, reference, unsent, performed, to_record, replaced_by: goes_on, not_withdrawn });
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
        // And of what went along the key that it had here.
        names.extend(&self.ledger.spent);
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
        let facts = self.ledger.documents.get(document);
        // What a former life of the server had, it had.
        let sent = |change: &crate::ledger::ChangeFacts| change.acknowledged.is_some() || change.former;
        let own = |change: &&crate::ledger::ChangeFacts| !sent(change) && change.operation.is_some();
        let here = |hash: &ChangeHash| facts.is_some_and(|facts| facts.has(hash));
        let apart = self.ledger.aside.iter().filter(|(hash, one)| one.document == *document && !here(hash));
        let apart = apart.filter(|(_, one)| one.send || one.again);
        facts.into_iter().flat_map(|facts| facts.live()).filter(own).count() + apart.count()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(not_withdrawn: Option<NotWithdrawn>, performed: usize, lang: Lang) -> String {
        let replaced_by = Some(DocumentId::from_bytes([2; 16]));
        let document = DocumentId::from_bytes([1; 16]);
        let reference = Some("WF-1".to_owned());
        Wiped { document, reference, unsent: 0, performed, to_record: 0, replaced_by, not_withdrawn }.message(lang)
    }

    #[test]
    fn why_a_withdrawal_was_refused_is_what_the_server_said_and_nothing_else() {
        for lang in [Lang::Nl, Lang::En] {
            let no_access = if lang == Lang::Nl { "niet meer in schrijven" } else { "may not write there" };
            for reason in Reason::ALL {
                let told = told(Some(NotWithdrawn::Refused(Some(*reason))), 0, lang);
                let said = reason.label(lang).trim_end_matches('.');
                let own = matches!(reason, Reason::NotAllowed | Reason::NoGrant);
                assert_eq!((told.contains(no_access), told.contains(said)), (own, !own), "{told}");
            }
            let unknown = told(Some(NotWithdrawn::Refused(None)), 0, lang);
            assert!(!unknown.contains(no_access) && !unknown.contains('('), "{unknown}");
        }
    }

    #[test]
    fn that_something_is_in_the_new_dossier_now_is_said_when_it_is() {
        for not_withdrawn in [None, Some(NotWithdrawn::Overtaken), Some(NotWithdrawn::Refused(None))] {
            for (lang, words) in [(Lang::Nl, ["nieuwe dossier", "oude dossier"]), (Lang::En, ["new dossier", "old dossier"])] {
                let says = |performed| words.iter().any(|word| told(not_withdrawn, performed, lang).contains(word));
                assert_eq!((says(0), says(1)), (false, true), "{not_withdrawn:?} {lang:?}");
            }
        }
    }
}
