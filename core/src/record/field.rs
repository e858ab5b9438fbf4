//! What fills one field of a record: a single value, a set of codes, or a value per code or day; and how concurrent edits
//! of it meet.

use std::collections::{BTreeMap, BTreeSet};

use super::code::no_code;
use super::value::show_as;
use super::{Code, Entry, Lang, Scalar, Unreadable, Value};
use crate::clock::{Day, NotADay};

/// How concurrent edits of a field meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Written when the entry is made and never again.
    Once,
    /// The last writer of a chain of edits; concurrent different values are a conflict that a person settles.
    Register,
    /// Members under keys of their own: additions of two people unite.
    Set,
    /// Values under keys of their own, each a register.
    Map,
}

/// What fills one field: a single value, a set of codes, or a value per code.
pub trait Field: Sized + Clone + PartialEq + Default {
    /// Reads the field from its cells.
    fn read(entry: &Entry, key: &str) -> Self;
    /// The cells that the field now needs, `""` or `:CODE` behind its key. What is absent is not listed.
    fn cells(&self) -> Vec<(String, Scalar)>;
    /// From a person's text; several values are separated by `|`.
    ///
    /// # Errors
    /// [`Unreadable`] says what was expected.
    fn parse(text: &str) -> Result<Self, Unreadable>;
    /// One cell's value for a person to read.
    fn show_cell(scalar: &Scalar, lang: Lang) -> String;
}

impl<V: Value> Field for Option<V> {
    fn read(entry: &Entry, key: &str) -> Self {
        entry.get(key).and_then(V::from_scalar)
    }
    fn cells(&self) -> Vec<(String, Scalar)> {
        self.iter().map(|value| (String::new(), value.to_scalar())).collect()
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.trim().is_empty() { Ok(None) } else { V::parse(text).map(Some) }
    }
    fn show_cell(scalar: &Scalar, lang: Lang) -> String {
        show_as::<V>(scalar, lang)
    }
}

impl<C: Code> Field for BTreeSet<C> {
    fn read(entry: &Entry, key: &str) -> Self {
        members(entry, key)
            .filter(|(_, value)| **value == Scalar::Bool(true))
            .filter_map(|(code, _)| C::from_code(code))
            .collect()
    }
    fn cells(&self) -> Vec<(String, Scalar)> {
        self.iter().map(|code| (format!(":{}", code.code()), Scalar::Bool(true))).collect()
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        text.split('|').map(str::trim).filter(|part| !part.is_empty()).map(C::member_from_text).collect()
    }
    fn show_cell(scalar: &Scalar, lang: Lang) -> String {
        show_as::<bool>(scalar, lang)
    }
}

/// What keys the values of a map field: a code, or a day.
pub trait Member: Copy + Ord {
    /// The stable name.
    fn name(self) -> String;
    /// From the stable name.
    fn from_name(name: &str) -> Option<Self>;
    /// From a person's text.
    ///
    /// # Errors
    /// [`Unreadable`] says what was expected.
    fn member_from_text(text: &str) -> Result<Self, Unreadable>;
}

impl<C: Code> Member for C {
    fn name(self) -> String {
        self.code().to_owned()
    }
    fn from_name(name: &str) -> Option<Self> {
        C::from_code(name)
    }
    fn member_from_text(text: &str) -> Result<Self, Unreadable> {
        C::from_text(text).ok_or_else(|| no_code::<C>(text))
    }
}

impl Member for Day {
    fn name(self) -> String {
        self.to_string()
    }
    fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }
    fn member_from_text(text: &str) -> Result<Self, Unreadable> {
        text.parse().map_err(|error: NotADay| error.into())
    }
}

impl<M: Member, V: Value> Field for BTreeMap<M, V> {
    fn read(entry: &Entry, key: &str) -> Self {
        members(entry, key).filter_map(|(name, value)| Some((M::from_name(name)?, V::from_scalar(value)?))).collect()
    }
    fn cells(&self) -> Vec<(String, Scalar)> {
        self.iter().map(|(member, value)| (format!(":{}", member.name()), value.to_scalar())).collect()
    }
    /// `CODE=value|CODE=value`
    fn parse(text: &str) -> Result<Self, Unreadable> {
        text.split('|')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (code, value) = part.split_once('=').ok_or_else(|| {
                    Unreadable::new(
                        format!("'{part}' heeft niet de vorm CODE=waarde"),
                        format!("'{part}' is not of the form CODE=value"),
                    )
                })?;
                Ok((M::member_from_text(code)?, V::parse(value)?))
            })
            .collect()
    }
    fn show_cell(scalar: &Scalar, lang: Lang) -> String {
        show_as::<V>(scalar, lang)
    }
}

fn members<'a>(entry: &'a Entry, key: &'a str) -> impl Iterator<Item = (&'a str, &'a Scalar)> {
    entry.range(format!("{key}:")..format!("{key};")).filter_map(|(full, value)| Some((full.split_once(':')?.1, value)))
}
