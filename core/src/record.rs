//! The shape of every record: a table of named fields, each with the way in which concurrent edits of it meet.
//!
//! A record is declared once, with [`record!`](crate::record!), as a struct whose fields say their short key in the
//! document and their merge class. From that table come reading, writing, comparing, importing a cell from text,
//! showing it, and naming it in a conflict. Nothing in here knows how documents are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod code;
mod container;
mod field;
mod value;

pub(crate) use code::no_code;
pub use code::{Code, choices};
pub use container::Container;
pub use field::{Field, Member, Merge};
pub use value::{Lang, Scalar, Unreadable, Value};

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
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::Day;
    use crate::codes;

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
}
