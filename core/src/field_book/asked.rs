//! That a dossier is to be erased: everyone with access hears it when it comes in, and what became of it.

use std::collections::BTreeMap;

use super::*;
use crate::clock::Timestamp;
use crate::record::Lang;
use crate::statement::ErasureRequest;

/// What became of the wish to erase a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A coordinator asked; an administrator decides.
    Asked,
    /// A coordinator took it back.
    TakenBack,
    /// An administrator refused.
    Refused,
}

impl Asking {
    /// `ASKED`, `TAKEN_BACK` or `REFUSED`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Asked => "ASKED",
            Self::TakenBack => "TAKEN_BACK",
            Self::Refused => "REFUSED",
        }
    }
}

/// News of a dossier that is to be erased, or is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureNews {
    /// The document.
    pub document: DocumentId,
    /// What people call it.
    pub reference: Option<String>,
    /// What was done.
    pub what: Asking,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl ErasureNews {
    /// What to tell a person with access.
    pub fn message(&self, lang: Lang) -> String {
        let (of, by) = (self.reference.clone().unwrap_or_else(|| self.document.to_string()), &self.by);
        match (self.what, lang) {
            (Asking::Asked, Lang::Nl) => format!(
                "{by} vroeg om dossier {of} te wissen; het wacht op de beheerder. Bevestigt die het, dan verdwijnt het bij iedereen, \
                 ook wat nog niet verstuurd is: bel {by} als er iets bewaard moet blijven"
            ),
            (Asking::Asked, Lang::En) => format!(
                "{by} asked to erase dossier {of}; it waits for the administrator. Once confirmed it goes with everyone, also what \
                 was not sent yet: call {by} if something has to be kept"
            ),
            (Asking::TakenBack, Lang::Nl) => {
                format!("{by} nam het verzoek terug om dossier {of} te wissen; het blijft")
            }
            (Asking::TakenBack, Lang::En) => format!("{by} took back the request to erase dossier {of}; it stays"),
            (Asking::Refused, Lang::Nl) => {
                format!("het verzoek om dossier {of} te wissen is geweigerd door {by}; het dossier blijft")
            }
            (Asking::Refused, Lang::En) => format!("the request to erase dossier {of} was refused by {by}; the dossier stays"),
        }
    }
}

impl FieldBook {
    /// Every wish to erase that stands, to be compared with what stands later.
    pub(super) fn standing_erasures(&self) -> BTreeMap<DocumentId, ErasureRequest> {
        let asked = |(document, facts): (&DocumentId, &crate::ledger::DocumentFacts)| {
            let asked = facts.erasure_asked.clone().filter(|asked| asked.withdrawn != Some(true))?;
            Some((*document, asked))
        };
        self.ledger.documents.iter().filter_map(asked).collect()
    }

    /// What came to be asked, taken back or refused since. Of what is erased meanwhile its wiping tells.
    pub(super) fn erasure_news(
        &mut self,
        before: &BTreeMap<DocumentId, ErasureRequest>,
        refused: &dyn Fn(&ErasureRequest) -> bool,
    ) -> Vec<ErasureNews> {
        let after = self.standing_erasures();
        let mut news: Vec<(Asking, ErasureRequest)> = Vec::new();
        news.extend(after.values().filter(|one| !before.contains_key(&one.document)).map(|one| (Asking::Asked, one.clone())));
        for document in before.keys().filter(|document| !after.contains_key(*document)) {
            let facts = self.ledger.documents.get(document).filter(|facts| !facts.closed);
            if let Some(ended) = facts.and_then(|facts| facts.erasure_asked.clone()) {
                news.push((if refused(&ended) { Asking::Refused } else { Asking::TakenBack }, ended));
            }
        }
        let here = |one: &ErasureRequest| self.ledger.documents.get(&one.document).is_some_and(|facts| !facts.closed);
        news.retain(|(_, one)| here(one));
        let told = news.into_iter().map(|(what, ErasureRequest { document, by, at, .. })| {
            let reference = self.reference_of(document);
            ErasureNews { document, reference, what, by, at }
        });
        told.collect()
    }
}
