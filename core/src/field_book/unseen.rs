//! What another process brought in since this handle last showed a document to its caller.
//!
//! A long import reads, plans and then writes in groups, while a sync in another process brings in a colleague's work. A
//! value that the plan did not know of must not be overwritten silently: such a write is made beside it, on the document
//! as the planner knew it, so that both values stand until a person chooses.

use super::*;

/// Changes by document that came in through another process and were not read through this handle yet.
pub(super) type Unseen = HashMap<DocumentId, HashSet<ChangeHash>>;

/// Remembers the changes that the ledger took in after a record.
pub(super) fn remember(unseen: &mut Unseen, ledger: &Ledger, after: u64, head: u64) {
    if head <= after {
        return;
    }
    for (document, facts) in &ledger.documents {
        let new = facts.changes.iter().rev().take_while(|change| change.number > after).map(|change| change.hash);
        let mut new = new.peekable();
        if new.peek().is_some() {
            unseen.entry(*document).or_default().extend(new);
        }
    }
}

/// Whether the writes would put another value where one of these changes wrote.
pub(super) fn overwrites(document: &Document, unseen: &HashSet<ChangeHash>, writes: &[Write]) -> Result<bool, DocumentError> {
    let edits = document.edits()?;
    let theirs: HashMap<(Container, &str, &str), &Scalar> = edits
        .iter()
        .filter(|edit| unseen.contains(&edit.hash))
        .flat_map(|edit| &edit.writes)
        // What imports remember is nothing for a person to choose from.
        .filter(|write| write.container != Container::Imports)
        .map(|write| ((write.container, write.entry.as_str(), write.key.as_str()), &write.value))
        .collect();
    Ok(writes.iter().any(|write| {
        theirs.get(&(write.container, write.entry.as_str(), write.key.as_str())).is_some_and(|value| **value != write.value)
    }))
}

/// The document without these changes and what follows them.
pub(super) fn without(
    ledger: &Ledger,
    journal: &dyn ReadAt,
    keyring: &Keyring,
    id: DocumentId,
    unseen: &HashSet<ChangeHash>,
) -> Result<Document, FieldBookError> {
    let Some(facts) = ledger.documents.get(&id) else { return Ok(Document::found(DocumentKind::Dossier)?) };
    let mut left_out = unseen.clone();
    let mut document = Document::found(facts.kind)?;
    let mut chunks = Vec::new();
    for change in facts.live() {
        if left_out.contains(&change.hash) || change.deps.iter().any(|dep| left_out.contains(dep)) {
            left_out.insert(change.hash);
        } else if let Some(bytes) = bytes_at(journal, change.position, keyring)? {
            let change = SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
            chunks.push(change.chunk().to_vec());
        }
    }
    if !chunks.is_empty() {
        document.apply(chunks.iter().map(Vec::as_slice))?;
    }
    Ok(document)
}
