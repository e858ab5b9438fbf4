//! The shape of every record: a table of named fields, each with the way in which concurrent edits of it meet.
//!
//! A record is declared once, with [`record!`](crate::record!), as a struct whose fields say their short key in the
//! document and their merge class. From that table come reading, writing, comparing, importing a cell from text,
//! showing it, and naming it in a conflict. Nothing in here knows how documents are stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::{Day, LocalTime, Timestamp};
use crate::ids::*;

/// A single value as documents hold it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scalar {
    /// Made empty on purpose.
    Null,
    /// Yes or no; also membership of a set.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, code, day or wall-clock time.
    Text(String),
    /// An id or other bytes.
    Bytes(Vec<u8>),
    /// An instant in milliseconds since 1970.
    Time(i64),
}

/// The root containers of both kinds of document. Their keys are fixed for ever by the founding change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Container {
    /// Dossier: the trainee, one record directly in the container.
    Trainee,
    /// Dossier: trajectories.
    Trajectories,
    /// Dossier: dated phase events.
    Events,
    /// Dossier: school enrolments.
    Enrolments,
    /// Dossier: placements.
    Placements,
    /// Dossier: trainings.
    Trainings,
    /// Dossier: visits.
    Visits,
    /// Dossier: action points agreed at visits.
    Agreements,
    /// Dossier: corrections of finalised visits.
    Corrections,
    /// Dossier: who coaches, from when to when.
    Assignments,
    /// Both: values that an import brought where a person had written another.
    Proposals,
    /// Both: what the last import of each row said, so that the next one changes only what changed.
    Imports,
    /// Register: programmes.
    Programmes,
    /// Register: targets.
    Targets,
    /// Register: observations.
    Observations,
    /// Register: funding sources.
    Funding,
    /// Register: schools.
    Schools,
    /// Register: employers.
    Employers,
    /// Register: coaches.
    Coaches,
}

impl Container {
    /// The containers of a dossier, in the order of the founding change.
    pub const DOSSIER: &'static [Container] = &[
        Container::Trainee,
        Container::Trajectories,
        Container::Events,
        Container::Enrolments,
        Container::Placements,
        Container::Trainings,
        Container::Visits,
        Container::Agreements,
        Container::Corrections,
        Container::Assignments,
        Container::Proposals,
        Container::Imports,
    ];

    /// The containers of a register, in the order of the founding change.
    pub const REGISTER: &'static [Container] = &[
        Container::Programmes,
        Container::Targets,
        Container::Observations,
        Container::Funding,
        Container::Schools,
        Container::Employers,
        Container::Coaches,
        Container::Proposals,
        Container::Imports,
    ];

    /// The key in the root of the document.
    pub const fn key(self) -> &'static str {
        match self {
            Container::Trainee => "trainee",
            Container::Trajectories => "trajectories",
            Container::Events => "events",
            Container::Enrolments => "enrolments",
            Container::Placements => "placements",
            Container::Trainings => "trainings",
            Container::Visits => "visits",
            Container::Agreements => "agreements",
            Container::Corrections => "corrections",
            Container::Assignments => "assignments",
            Container::Proposals => "proposals",
            Container::Imports => "imports",
            Container::Programmes => "programmes",
            Container::Targets => "targets",
            Container::Observations => "observations",
            Container::Funding => "funding",
            Container::Schools => "schools",
            Container::Employers => "employers",
            Container::Coaches => "coaches",
        }
    }
}

/// One record as it stands in a document: full field keys with the winning value of each.
pub type Entry = BTreeMap<String, Scalar>;

/// A document's content without its history: containers, entries by key (the container itself: `""`), cells.
pub type Content = BTreeMap<Container, BTreeMap<String, Entry>>;

/// One cell to write. Replaying a list of writes on another document gives the same entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Where.
    pub container: Container,
    /// The entry's key in the container; `""` for the container itself.
    pub entry: String,
    /// The full field key within the entry.
    pub key: String,
    /// What.
    pub value: Scalar,
}

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

/// The text cannot become a value of this field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{en}")]
pub struct Unreadable {
    nl: String,
    en: String,
}

impl Unreadable {
    /// In both languages, without the text itself.
    pub fn new(nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nl: nl.into(), en: en.into() }
    }

    /// For a person to read.
    pub fn message(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        }
    }
}

impl From<crate::clock::NotADay> for Unreadable {
    fn from(error: crate::clock::NotADay) -> Self {
        let text = &error.0;
        Self::new(format!("'{text}' is geen bestaande datum; schrijf hem als 2025-03-31 of 31-3-2025"), error.to_string())
    }
}

/// What is not one of the codes of a list.
pub(crate) fn no_code<C: Code>(text: &str) -> Unreadable {
    let (text, codes) = (text.trim(), choices::<C>());
    Unreadable::new(
        format!("'{text}' is geen bekende waarde; kies uit: {codes}"),
        format!("'{text}' is not a known value; choose from: {codes}"),
    )
}

/// What fills one cell.
pub trait Value: Sized + Clone + PartialEq {
    /// As documents hold it.
    fn to_scalar(&self) -> Scalar;
    /// From a document; `None` when a newer version wrote something this one cannot read.
    fn from_scalar(scalar: &Scalar) -> Option<Self>;
    /// From a person's text: a cell of a file, an option of a command.
    ///
    /// # Errors
    /// [`Unreadable`] says what was expected.
    fn parse(text: &str) -> Result<Self, Unreadable>;
    /// For a person to read.
    fn show(&self, lang: Lang) -> String;
}

/// The language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

/// A code of the trade: a closed list of stable names with labels.
pub trait Code: Copy + Ord + 'static {
    /// Every code, in the order of the domain's tables.
    const ALL: &'static [Self];
    /// What kind of code this is, for messages (`OutflowDestination`).
    const NAME: &'static str;
    /// The stable name (`WORK_LEARN_BBL`).
    fn code(self) -> &'static str;
    /// What people read.
    fn label(self, lang: Lang) -> &'static str;
    /// From the stable name.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|candidate| candidate.code() == code)
    }
    /// From the stable name in any case, or from a label in either language.
    fn from_text(text: &str) -> Option<Self> {
        let wanted = text.trim().to_lowercase();
        Self::ALL.iter().copied().find(|candidate| {
            candidate.code().to_lowercase() == wanted
                || candidate.label(Lang::Nl).to_lowercase() == wanted
                || candidate.label(Lang::En).to_lowercase() == wanted
        })
    }
}

/// What a person may type for this kind of code, for messages.
pub fn choices<C: Code>() -> String {
    C::ALL.iter().map(|code| code.code()).collect::<Vec<_>>().join(", ")
}

/// Declares a [`Code`] with its labels: `Variant = "CODE", "Nederlands label", "English label";`.
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal, $nl:literal, $en:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[doc = $nl] #[serde(rename = $code)] $variant,)+
        }

        impl $crate::record::Code for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            const NAME: &'static str = stringify!($name);

            fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            fn label(self, lang: $crate::record::Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$variant, $crate::record::Lang::Nl) => $nl, (Self::$variant, $crate::record::Lang::En) => $en,)+
                }
            }
        }

        impl $crate::record::Value for $name {
            fn to_scalar(&self) -> $crate::record::Scalar {
                $crate::record::Scalar::Text($crate::record::Code::code(*self).to_owned())
            }

            fn from_scalar(scalar: &$crate::record::Scalar) -> Option<Self> {
                match scalar {
                    $crate::record::Scalar::Text(text) => <Self as $crate::record::Code>::from_code(text),
                    _ => None,
                }
            }

            fn parse(text: &str) -> Result<Self, $crate::record::Unreadable> {
                <Self as $crate::record::Code>::from_text(text).ok_or_else(|| $crate::record::no_code::<Self>(text))
            }

            fn show(&self, lang: $crate::record::Lang) -> String {
                $crate::record::Code::label(*self, lang).to_owned()
            }
        }
    )+};
}

impl Value for String {
    fn to_scalar(&self) -> Scalar {
        Scalar::Text(self.clone())
    }
    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        Ok(text.trim().to_owned())
    }
    fn show(&self, _: Lang) -> String {
        self.clone()
    }
}

impl Value for bool {
    fn to_scalar(&self) -> Scalar {
        Scalar::Bool(*self)
    }
    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Bool(value) => Some(*value),
            _ => None,
        }
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        match text.trim().to_lowercase().as_str() {
            "ja" | "yes" | "true" | "1" | "j" | "y" => Ok(true),
            "nee" | "no" | "false" | "0" | "n" => Ok(false),
            other => Err(Unreadable::new(format!("'{other}' is niet ja of nee"), format!("'{other}' is not yes or no"))),
        }
    }
    fn show(&self, lang: Lang) -> String {
        match (self, lang) {
            (true, Lang::Nl) => "ja",
            (false, Lang::Nl) => "nee",
            (true, Lang::En) => "yes",
            (false, Lang::En) => "no",
        }
        .to_owned()
    }
}

impl Value for i64 {
    fn to_scalar(&self) -> Scalar {
        Scalar::Int(*self)
    }
    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Int(value) => Some(*value),
            _ => None,
        }
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = text.trim();
        text.parse()
            .map_err(|_| Unreadable::new(format!("'{text}' is geen geheel getal"), format!("'{text}' is not a whole number")))
    }
    fn show(&self, _: Lang) -> String {
        self.to_string()
    }
}

impl Value for Timestamp {
    fn to_scalar(&self) -> Scalar {
        Scalar::Time(self.as_millis())
    }
    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Time(millis) => Some(Timestamp::from_millis(*millis)),
            _ => None,
        }
    }
    fn parse(text: &str) -> Result<Self, Unreadable> {
        text.trim().parse::<jiff::Timestamp>().map(|instant| Timestamp::from_millis(instant.as_millisecond())).map_err(|_| {
            let text = text.trim();
            Unreadable::new(
                format!("'{text}' is geen tijdstip zoals 2025-03-31T14:05:00Z"),
                format!("'{text}' is not an instant like 2025-03-31T14:05:00Z"),
            )
        })
    }
    fn show(&self, _: Lang) -> String {
        self.to_string()
    }
}

macro_rules! text_value {
    ($($kind:ty),*) => {$(
        impl Value for $kind {
            fn to_scalar(&self) -> Scalar {
                Scalar::Text(self.to_string())
            }
            fn from_scalar(scalar: &Scalar) -> Option<Self> {
                match scalar {
                    Scalar::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
            fn parse(text: &str) -> Result<Self, Unreadable> {
                text.parse().map_err(Unreadable::from)
            }
            fn show(&self, _: Lang) -> String {
                self.to_string()
            }
        }
    )*};
}

macro_rules! id_value {
    ($($kind:ty),*) => {$(
        impl Value for $kind {
            fn to_scalar(&self) -> Scalar {
                Scalar::Bytes(self.as_bytes().to_vec())
            }
            fn from_scalar(scalar: &Scalar) -> Option<Self> {
                match scalar {
                    Scalar::Bytes(bytes) => Self::from_slice(bytes),
                    _ => None,
                }
            }
            fn parse(text: &str) -> Result<Self, Unreadable> {
                text.trim().parse().map_err(|error: NotAnId| {
                    Unreadable::new(format!("'{}' is geen kenmerk van 22 letters, cijfers, '-' en '_'", text.trim()), error.to_string())
                })
            }
            fn show(&self, _: Lang) -> String {
                self.to_string()
            }
        }
    )*};
}

text_value!(Day, LocalTime);
id_value!(DocumentId, DeviceId, TraineeId, TrajectoryId, EnrolmentId, PlacementId, TrainingId, VisitId, AgreementId, EntryId);

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
        text.parse().map_err(|error: crate::clock::NotADay| error.into())
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

fn show_as<V: Value>(scalar: &Scalar, lang: Lang) -> String {
    match (V::from_scalar(scalar), scalar) {
        (Some(value), _) => value.show(lang),
        (None, Scalar::Null) => "-".to_owned(),
        (None, Scalar::Text(text)) => text.clone(),
        (None, other) => format!("{other:?}"),
    }
}

/// What stands behind a field's key (`""` or `:MEMBER`), and a value.
pub type Cell = (String, Scalar);

/// What is known of a field without its record at hand.
pub struct FieldInfo {
    /// The name in code, JSON and English files.
    pub name: &'static str,
    /// The name for Dutch users.
    pub label_nl: &'static str,
    /// The short key in the document.
    pub key: &'static str,
    /// How concurrent edits meet.
    pub merge: Merge,
    /// One cell's value for a person to read.
    pub show: fn(&Scalar, Lang) -> String,
    /// The cells (suffix, value) from a person's text.
    pub parse: fn(&str) -> Result<Vec<Cell>, Unreadable>,
}

impl FieldInfo {
    /// The name for this language.
    pub fn label(&self, lang: Lang) -> String {
        match lang {
            Lang::Nl => self.label_nl.to_owned(),
            Lang::En => self.name.replace('_', " "),
        }
    }
}

/// A kind of record; see [`record!`](crate::record!).
pub trait Record: Sized + Clone + PartialEq + Default {
    /// Where its entries stand.
    const CONTAINER: Container;
    /// Its fields, in declaration order.
    fn fields() -> &'static [FieldInfo];
    /// From a document.
    fn read(entry: &Entry) -> Self;
    /// Every cell it needs, by full key.
    fn cells(&self) -> Entry;

    /// The writes that make this record as a new entry.
    fn create(&self, entry: &str) -> Vec<Write> {
        writes::<Self>(entry, self.cells())
    }

    /// The writes that turn `before` into this record: changed cells, emptied values and removed members only.
    fn edit(&self, before: &Self, entry: &str) -> Vec<Write> {
        let (old, mut new) = (before.cells(), self.cells());
        new.retain(|key, value| old.get(key) != Some(value));
        for (key, value) in &old {
            if !new.contains_key(key) && !self.cells().contains_key(key) {
                let emptied = if *value == Scalar::Bool(true) && key.contains(':') { Scalar::Bool(false) } else { Scalar::Null };
                new.insert(key.clone(), emptied);
            }
        }
        writes::<Self>(entry, new)
    }
}

fn writes<R: Record>(entry: &str, cells: Entry) -> Vec<Write> {
    cells.into_iter().map(|(key, value)| Write { container: R::CONTAINER, entry: entry.to_owned(), key, value }).collect()
}

/// Declares a record. Each field: `merge-class name: Type = "key", "Nederlandse naam";`.
#[macro_export]
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident in $container:ident {
            $($(#[$field_doc:meta])* $merge:ident $field:ident: $kind:ty = $key:literal, $label:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl $crate::record::Record for $name {
            const CONTAINER: $crate::record::Container = $crate::record::Container::$container;

            fn fields() -> &'static [$crate::record::FieldInfo] {
                &[$($crate::record::FieldInfo {
                    name: stringify!($field),
                    label_nl: $label,
                    key: $key,
                    merge: $crate::record::Merge::$merge,
                    show: <$kind as $crate::record::Field>::show_cell,
                    parse: |text| Ok($crate::record::Field::cells(&<$kind as $crate::record::Field>::parse(text)?)),
                },)*]
            }

            fn read(entry: &$crate::record::Entry) -> Self {
                Self { $($field: $crate::record::Field::read(entry, $key),)* }
            }

            fn cells(&self) -> $crate::record::Entry {
                let mut cells = $crate::record::Entry::new();
                $(for (suffix, value) in $crate::record::Field::cells(&self.$field) {
                    cells.insert(format!("{}{suffix}", $key), value);
                })*
                cells
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    codes! {
        /// Colours, for the tests.
        Colour { Red = "RED", "Rood", "Red"; Blue = "BLUE", "Blauw", "Blue"; }
    }

    record! {
        /// A record, for the tests.
        Sample in Visits {
            /// Fixed.
            Once owner: Option<String> = "o", "eigenaar";
            /// A register.
            Register day: Option<Day> = "d", "dag";
            /// A set.
            Set colours: BTreeSet<Colour> = "c", "kleuren";
            /// A map.
            Map counts: BTreeMap<Colour, i64> = "n", "aantallen";
        }
    }

    fn sample() -> Sample {
        Sample {
            owner: Some("Anna".into()),
            day: "2025-03-31".parse().ok(),
            colours: BTreeSet::from([Colour::Red, Colour::Blue]),
            counts: BTreeMap::from([(Colour::Blue, 3)]),
        }
    }

    #[test]
    fn a_record_reads_back_what_it_wrote() {
        assert_eq!(Sample::read(&sample().cells()), sample());
    }

    #[test]
    fn an_edit_writes_only_what_changed() {
        let before = sample();
        let mut after = before.clone();
        after.day = None;
        after.colours.remove(&Colour::Red);
        after.counts.insert(Colour::Blue, 4);
        let writes: Entry = after.edit(&before, "x").into_iter().map(|write| (write.key, write.value)).collect();
        let expected =
            Entry::from([("d".into(), Scalar::Null), ("c:RED".into(), Scalar::Bool(false)), ("n:BLUE".into(), Scalar::Int(4))]);
        assert_eq!(writes, expected);
        let mut cells = before.cells();
        cells.extend(writes);
        assert_eq!(Sample::read(&cells), after);
    }

    #[test]
    fn a_code_is_read_from_its_name_or_a_label() {
        for text in ["RED", "red", "rood", "Rood "] {
            assert_eq!(Colour::parse(text), Ok(Colour::Red));
        }
        assert!(
            Colour::parse("groen")
                .is_err_and(|error| error.message(Lang::Nl) == "'groen' is geen bekende waarde; kies uit: RED, BLUE")
        );
    }
}
