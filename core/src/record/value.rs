//! What fills one cell: a value as documents hold it, read from a person's text and shown to a person.

use serde::{Deserialize, Serialize};

use crate::clock::{Day, LocalTime, NotADay, Timestamp};
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

/// The language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
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

impl From<NotADay> for Unreadable {
    fn from(error: NotADay) -> Self {
        let text = &error.0;
        Self::new(format!("'{text}' is geen bestaande datum; schrijf hem als 2025-03-31 of 31-3-2025"), error.to_string())
    }
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

/// A value of this kind, for a person to read; as it stands when a newer version wrote it.
pub(super) fn show_as<V: Value>(scalar: &Scalar, lang: Lang) -> String {
    match (V::from_scalar(scalar), scalar) {
        (Some(value), _) => value.show(lang),
        (None, Scalar::Null) => "-".to_owned(),
        (None, Scalar::Text(text)) => text.clone(),
        (None, other) => format!("{other:?}"),
    }
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
