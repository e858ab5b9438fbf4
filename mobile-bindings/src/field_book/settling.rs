//! Conflicts, and settling them.

use veldboek_core::field_book::ConflictKind;

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
            let gone = match turn.lang {
                Lang::Nl => format!("er is geen conflict '{conflict}'; het kan al beslecht zijn"),
                Lang::En => format!("no conflict '{conflict}'; it may be settled already"),
            };
            let conflict = conflicts.iter().find(|one| one.id == conflict).ok_or(FieldBookError::NotFound { reason: gone })?;
            let chosen = usize::try_from(index).ok().and_then(|index| conflict.versions.get(index));
            let chosen = chosen.ok_or_else(|| FieldBookError::bad("index", StoreError::NotAChoice.message(turn.lang)))?;
            if let ConflictKind::DuplicateReference(_) = conflict.kind {
                return Err(FieldBookError::bad("conflict", StoreError::TwoOfOneName.message(turn.lang)).into());
            }
            let writes = turn.book.settle(conflict, chosen.value.clone(), turn.moment, &mut turn.rng)?;
            turn.book.perform(conflict.document, writes, turn.moment, &mut turn.rng)?;
            Ok(())
        })
    }
}
