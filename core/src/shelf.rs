//! The few documents that were used last, ready to be used again.

use std::collections::{HashMap, VecDeque};

use crate::document::Document;
use crate::ids::DocumentId;

/// How many documents stay in memory: a caseload; more would make a region's server grow without end.
const PLACES: usize = 128;

/// A shelf of documents, each with the version (a tag over its changes) at which it was put there.
#[derive(Default)]
pub struct Shelf {
    documents: HashMap<DocumentId, (Document, [u8; 32])>,
    order: VecDeque<DocumentId>,
}

impl Shelf {
    /// The document, if it stands here at this version.
    pub fn get(&self, id: &DocumentId, tag: &[u8; 32]) -> Option<Document> {
        self.documents.get(id).filter(|(_, at)| at == tag).map(|(document, _)| document.clone())
    }

    /// Puts a document here; the one that was put here longest ago makes place.
    pub fn put(&mut self, id: DocumentId, document: Document, tag: [u8; 32]) {
        if self.documents.insert(id, (document, tag)).is_none() {
            self.order.push_back(id);
            if self.order.len() > PLACES
                && let Some(oldest) = self.order.pop_front()
            {
                self.documents.remove(&oldest);
            }
        }
    }

    /// Takes a document away.
    pub fn remove(&mut self, id: &DocumentId) {
        if self.documents.remove(id).is_some() {
            self.order.retain(|other| other != id);
        }
    }
}
