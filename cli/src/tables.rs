//! Reading the files that schools, partners and spreadsheets deliver: from bytes to rows under the names of the contract.
//!
//! A file that cannot be read as a whole (encoding, columns, TOML) is an error; a single line that does not fit its header
//! is refused and the others go on.

mod csv_file;
mod encoding;
mod toml_file;

use veldboek_core::import::{Reason, Rejected, Row};
use veldboek_core::record::Lang;

pub use csv_file::read_csv;
pub use encoding::decode;
pub use toml_file::{RegisterFile, read_register};

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What can be imported.
    pub rows: Vec<Row>,
    /// Lines that do not fit the header.
    pub rejected: Vec<Rejected>,
    /// Columns that were left out because the caller asked to ignore unknown ones.
    pub ignored: Vec<String>,
    /// The encoding that was recognised.
    pub encoding: &'static str,
}

/// A file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The bytes are another kind of file.
    #[error("{}", self.reason().en)]
    NotText {
        /// What it looks like.
        looks_like: &'static str,
    },
    /// The bytes are text in an encoding that is not supported, or damaged.
    #[error("{}", self.reason().en)]
    Encoding {
        /// The line of the first byte that does not fit.
        line: u64,
        /// What the file seems to be meant as.
        looks_like: &'static str,
    },
    /// There is no first line with column names.
    #[error("{}", self.reason().en)]
    NoHeader,
    /// A column that no contract knows.
    #[error("{}", self.reason().en)]
    UnknownColumn {
        /// As the file spells it.
        column: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A column that stands in the header twice, perhaps once in Dutch and once in English.
    #[error("{}", self.reason().en)]
    DoubleColumn {
        /// The canonical name.
        column: &'static str,
    },
    /// A column without which nothing can be imported.
    #[error("{}", self.reason().en)]
    MissingColumn {
        /// The canonical name.
        column: &'static str,
        /// The Dutch name.
        dutch: &'static str,
    },
    /// The file is no TOML.
    #[error("{}", self.reason().en)]
    Toml {
        /// Where.
        line: u64,
        /// What the parser says.
        message: String,
    },
    /// A table or key that the register does not have.
    #[error("{}", self.reason().en)]
    UnknownKey {
        /// Where.
        line: u64,
        /// As the file spells it.
        key: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A table where a list of tables belongs, or the like.
    #[error("{}", self.reason().en)]
    WrongForm {
        /// Where.
        line: u64,
        /// Which key.
        key: String,
        /// How it is written.
        write: &'static str,
    },
}

impl TableError {
    /// What is wrong and what to do, in both languages.
    pub fn reason(&self) -> Reason {
        let did_you_mean = |suggestion: &Option<String>| match suggestion {
            Some(name) => (format!("; bedoelt u '{name}'?"), format!("; did you mean '{name}'?")),
            None => (String::new(), String::new()),
        };
        match self {
            Self::NotText { looks_like } => Reason::new(
                format!("dit is geen tekstbestand maar {looks_like}; bewaar het als CSV (UTF-8) en probeer het opnieuw"),
                format!("this is no text file but {looks_like}; save it as CSV (UTF-8) and try again"),
            ),
            Self::Encoding { line, looks_like } => Reason::new(
                format!(
                    "regel {line}: de tekens zijn niet te lezen ({looks_like}); bewaar het bestand als UTF-8 en probeer het opnieuw"
                ),
                format!("line {line}: the characters cannot be read ({looks_like}); save the file as UTF-8 and try again"),
            ),
            Self::NoHeader => Reason::new(
                "het bestand is leeg; de eerste regel moet de kolomnamen bevatten",
                "the file is empty; its first line must hold the column names",
            ),
            Self::UnknownColumn { column, suggestion } => match suggestion {
                Some(name) => Reason::new(
                    format!(
                        "onbekende kolom '{column}'; bedoelt u '{name}'? Of sla onbekende kolommen over met --ignore-columns"
                    ),
                    format!(
                        "unknown column '{column}'; did you mean '{name}'? Or leave unknown columns out with --ignore-columns"
                    ),
                ),
                None => Reason::new(
                    format!("onbekende kolom '{column}'; haal haar weg, of sla onbekende kolommen over met --ignore-columns"),
                    format!("unknown column '{column}'; remove it, or leave unknown columns out with --ignore-columns"),
                ),
            },
            Self::DoubleColumn { column } => Reason::new(
                format!("de kolom '{column}' staat er twee keer; laat er één staan"),
                format!("the column '{column}' is there twice; leave one of them"),
            ),
            Self::MissingColumn { column, dutch } => Reason::new(
                format!("de verplichte kolom '{dutch}' ({column}) ontbreekt; voeg die toe aan de eerste regel"),
                format!("the required column '{column}' ({dutch}) is missing; add it to the first line"),
            ),
            Self::Toml { line, message } => Reason::new(
                format!("regel {line}: geen geldige TOML: {message}"),
                format!("line {line}: not valid TOML: {message}"),
            ),
            Self::UnknownKey { line, key, suggestion } => {
                let (nl, en) = did_you_mean(suggestion);
                Reason::new(format!("regel {line}: onbekende naam '{key}'{nl}"), format!("line {line}: unknown name '{key}'{en}"))
            }
            Self::WrongForm { line, key, write } => Reason::new(
                format!("regel {line}: '{key}' heeft niet de goede vorm; schrijf {write}"),
                format!("line {line}: '{key}' has the wrong form; write {write}"),
            ),
        }
    }

    /// For people who read this language.
    pub fn message(&self, lang: Lang) -> String {
        self.reason().show(lang).to_owned()
    }
}

/// A name without case, and with spaces for whatever joins its words.
fn plain(name: &str) -> String {
    name.split(|char: char| char.is_whitespace() || matches!(char, '_' | '-'))
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The known name that is nearest to a mistyped one, if one is near.
fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = plain(wanted);
    let most = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&wanted, &plain(name)), name))
        .filter(|(distance, name)| {
            *distance <= most || (wanted.chars().count() > 3 && (plain(name).contains(&wanted) || wanted.contains(&plain(name))))
        })
        .min()
        .map(|(_, name)| name.to_owned())
}

/// How many letters must be put in, left out or replaced.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_its_neighbour() {
        let known = ["referral_date", "reference", "given_name", "voornaam", "coach"];
        assert_eq!(nearest("referal date", known).as_deref(), Some("referral_date"));
        assert_eq!(nearest("Voornamen", known).as_deref(), Some("voornaam"));
        assert_eq!(nearest("coaches", known).as_deref(), Some("coach"));
        assert_eq!(nearest("lievelingskleur", known), None);
    }
}
