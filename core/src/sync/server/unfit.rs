//! What the server is asked and cannot do, though whoever asks may ask it.
//!
//! It has one set of words, those of the answer that a device gets, so that both ends say it in their reader's language.

use std::fmt;

use crate::record::Lang;
use crate::wire::{ErrorAnswer, ErrorCode, KnownAs};

/// Why what was asked cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The device that enrols is enrolled.
    EnrolledAlready,
    /// The person who is invited has another role, or is of another organisation.
    KnownOtherwise(KnownAs),
    /// Who coaches or coordinates does so for an organisation, and none was named.
    NoOrganisation,
    /// The dossier was erased.
    ErasedAlready,
    /// Nobody asked to erase the dossier.
    NotAsked,
    /// Nobody revokes the device in their own hands by mistake.
    OwnDevice,
    /// It is too late to take what was not sent.
    AlreadyWiped,
    /// The server was put back from a backup and waits for its administrator.
    Held,
    /// Not the word of a revoked device that it wiped itself.
    NotItsWord(&'static str),
    /// As many of their codes are open as may be at a time.
    TooManyInvitations,
    /// A statement that the server cannot sign: what it is about breaks a limit.
    Unsignable(String),
}

impl Unfit {
    /// The answer that a device gets. Its text is for whoever helps, in English.
    pub fn answer(&self) -> ErrorAnswer {
        let detailed = |why: &str| ErrorAnswer { text: Some(why.chars().take(200).collect()), ..ErrorCode::Malformed.into() };
        match self {
            Self::EnrolledAlready => ErrorCode::EnrolledAlready.into(),
            Self::KnownOtherwise(known) => ErrorAnswer { known: Some(known.clone()), ..ErrorCode::KnownOtherwise.into() },
            Self::NoOrganisation => ErrorCode::NoOrganisation.into(),
            Self::ErasedAlready => ErrorCode::ErasedAlready.into(),
            Self::NotAsked => ErrorCode::NotAsked.into(),
            Self::OwnDevice => ErrorCode::OwnDevice.into(),
            Self::AlreadyWiped => ErrorCode::AlreadyWiped.into(),
            Self::Held => ErrorCode::Held.into(),
            Self::TooManyInvitations => ErrorAnswer { retry_after: Some(600), ..ErrorCode::TooMany.into() },
            Self::NotItsWord(why) => detailed(why),
            Self::Unsignable(why) => detailed(why),
        }
    }

    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        self.answer().message(lang)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Lang::En))
    }
}

impl std::error::Error for Unfit {}

impl From<crate::cbor::FormatError> for Unfit {
    fn from(error: crate::cbor::FormatError) -> Self {
        Self::Unsignable(error.to_string())
    }
}
