//! One call: an open book, with the moment and the randomness of that call, and what every call does with them.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::clock::Moment;
use veldboek_core::field_book::Reading;

use super::*;

/// An open book, with the moment and the randomness of one call.
pub(crate) struct Turn<'a> {
    pub(crate) book: &'a mut Book,
    pub(super) directory: &'a Path,
    /// Wiped in this call: the open book is not one any more.
    pub(super) gone: &'a mut bool,
    pub(super) nonce: &'a mut Option<Nonce>,
    pub(super) pending: &'a mut Option<Pending>,
    pub(super) exchanges: &'a mut u64,
    pub(super) stale: &'a mut u32,
    pub(crate) moment: Moment,
    pub(super) rng: UnwrapErr<SysRng>,
    pub(crate) lang: Lang,
}

impl Turn<'_> {
    pub(super) fn person(&self) -> Tried<String> {
        self.book.identity().person.ok_or_else(|| FieldBookError::not_enrolled(self.lang).into())
    }

    pub(super) fn find(&mut self, name: &str) -> Tried<(DocumentId, Arc<Dossier>)> {
        let document = self.book.find(name.trim())?;
        Ok((document, self.book.dossier(document)?))
    }

    /// What is seen of a dossier by whoever is shown it now.
    pub(super) fn read_at(&self, document: DocumentId) -> Tried<Vec<u8>> {
        Ok(self.book.reading(document)?.encode())
    }

    /// What was seen of it when the form was filled.
    pub(super) fn reading(&self, document: DocumentId, read_at: &[u8]) -> Tried<Reading> {
        let reading = Reading::decode(read_at)?;
        match reading.document() == document {
            true => Ok(reading),
            false => {
                let why = Words::new("dit is in een ander dossier gelezen", "this was read in another dossier");
                Err(FieldBookError::bad("read_at", why.say(self.lang)).into())
            }
        }
    }
}
