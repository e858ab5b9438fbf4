//! Checks that several operations share.

use super::{Declaration, FieldName, RuleBroken, Warning};
use crate::clock::Day;
use crate::record::{Record, Scalar};
use crate::text_check;

/// Most characters of a report, remark or question.
pub(crate) const MOST_PROSE: usize = 4_000;
/// Most characters of a name, title or reference.
pub(crate) const MOST_NAME: usize = 200;

/// Fields in which people write sentences.
const PROSE: &[&str] =
    &["summary", "text", "note", "reason", "help_question", "withdrawn", "status_reason", "method", "legal_basis"];

/// V17, V18 and length over every text that changed.
pub(crate) fn texts<R: Record>(
    before: &R,
    after: &R,
    declared: Declaration,
    warnings: &mut Vec<Warning>,
) -> Result<(), RuleBroken> {
    let old = before.cells();
    for (key, value) in after.cells() {
        let Scalar::Text(text) = &value else { continue };
        let Some(field) = R::fields().iter().find(|field| field.key == key.split(':').next().unwrap_or_default()) else {
            continue;
        };
        if old.get(&key) == Some(&value) {
            continue;
        }
        let name = FieldName { name: field.name, label_nl: field.label_nl };
        let prose = PROSE.contains(&field.name);
        let (most, length) = (if prose { MOST_PROSE } else { MOST_NAME }, text.chars().count());
        if length > most {
            return Err(RuleBroken::TooLong { field: name, most, length });
        }
        let positions = text_check::bsn_positions(text);
        if !positions.is_empty() && declared == Declaration::Nothing {
            return Err(RuleBroken::PossibleBsn { field: name, positions });
        }
        let words = if prose { text_check::medical_words(text) } else { Vec::new() };
        if !words.is_empty() {
            warnings.push(Warning::MedicalWords { field: name, words });
        }
    }
    Ok(())
}

/// The first day is not after the second, where both are known.
pub(crate) fn order<R: Record>(
    (earlier, earlier_day): (&'static str, Option<Day>),
    (later, later_day): (&'static str, Option<Day>),
) -> Result<(), RuleBroken> {
    match (earlier_day, later_day) {
        (Some(earlier_day), Some(later_day)) if later_day < earlier_day => Err(RuleBroken::DatesOutOfOrder {
            earlier: FieldName::of::<R>(earlier),
            earlier_day,
            later: FieldName::of::<R>(later),
            later_day,
        }),
        _ => Ok(()),
    }
}

/// A number within its bounds, where known.
pub(crate) fn range<R: Record>(field: &'static str, value: Option<i64>, least: i64, most: Option<i64>) -> Result<(), RuleBroken> {
    match value {
        Some(value) if value < least || most.is_some_and(|most| value > most) => {
            Err(RuleBroken::OutOfRange { field: FieldName::of::<R>(field), least, most })
        }
        _ => Ok(()),
    }
}

/// A text that is there and is not blank.
pub(crate) fn needed<R: Record>(field: &'static str, text: &Option<String>) -> Result<(), RuleBroken> {
    if blank(text) { Err(RuleBroken::Missing { field: FieldName::of::<R>(field) }) } else { Ok(()) }
}

/// One telephone number, where the field changed and is not emptied.
pub(crate) fn phone<R: Record>(field: &'static str, before: &Option<String>, after: &Option<String>) -> Result<(), RuleBroken> {
    match after {
        Some(text) if after != before && !text_check::is_phone(text) => {
            Err(RuleBroken::Malformed { field: FieldName::of::<R>(field), example: text_check::PHONE_EXAMPLE })
        }
        _ => Ok(()),
    }
}

/// Absent, or nothing but spaces.
pub(crate) fn blank(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(|text| text.trim().is_empty())
}

/// A warning that lists those of the fields that are absent.
pub(crate) fn to_complete<R: Record>(fields: &[(&'static str, bool)], warnings: &mut Vec<Warning>) {
    let fields = absent::<R>(fields);
    if !fields.is_empty() {
        warnings.push(Warning::ToComplete { fields });
    }
}

/// The names of those fields that are absent.
pub(crate) fn absent<R: Record>(fields: &[(&'static str, bool)]) -> Vec<FieldName> {
    fields.iter().filter(|(_, absent)| *absent).map(|(name, _)| FieldName::of::<R>(name)).collect()
}
