//! Conflicts, and settling them.

use super::*;

#[uniffi::export]
impl FieldBook {
    /// What a person should settle.
    pub fn conflicts(&self) -> Answered<Vec<ConflictDetail>> {
        self.turn(|turn| {
            let lang = turn.lang;
            Ok(turn.book.conflicts()?.iter().map(|conflict| ConflictDetail::new(conflict, lang)).collect())
        })
    }

    /// Settles a conflict with one of its choices.
    pub fn settle(&self, conflict: String, index: u32) -> Answered<()> {
        self.turn(|turn| {
            let conflicts = turn.book.conflicts()?;
            let conflict = conflicts
                .iter()
                .find(|one| one.id == conflict)
                .ok_or(FieldBookError::NotFound { reason: format!("no conflict '{conflict}'; it may be settled already") })?;
            let chosen = usize::try_from(index).ok().and_then(|index| conflict.versions.get(index));
            let chosen =
                chosen.ok_or_else(|| FieldBookError::bad("index", "there is no such choice; list the conflicts again"))?;
            if let veldboek_core::field_book::ConflictKind::DuplicateReference(_) = conflict.kind {
                return Err(FieldBookError::bad("conflict", "give one of the two dossiers another reference"));
            }
            let writes = turn.book.settle(conflict, chosen.value.clone(), turn.moment, &mut turn.rng)?;
            turn.book.perform(conflict.document, writes, turn.moment, &mut turn.rng)?;
            Ok(())
        })
    }
}
