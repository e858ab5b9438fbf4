//! A passphrase: never shown, wiped when dropped, and long enough to be worth guessing against.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::record::Lang;

/// The fewest characters. Four words from a list of 7,776 have at least as many, and take longer to guess than anyone has
/// with the cost of one try ([`super::Cost::DEVICE`]).
pub const LEAST_CHARACTERS: usize = 12;
/// The fewest different characters: `aaaaaaaaaaaa` and `121212121212` are long, and the first that are tried.
const LEAST_DIFFERENT: usize = 6;
/// More is pasted by mistake.
const MOST_BYTES: usize = 1024;

/// What a person types to unlock the keys.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// As a person types it to unlock. The line's end is not part of it.
    pub fn typed(mut text: String) -> Self {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        Self(text)
    }

    /// A new one, if it is strong enough.
    ///
    /// # Errors
    /// [`WeakPassphrase`] says what it lacks.
    pub fn new(text: String) -> Result<Self, WeakPassphrase> {
        let this = Self::typed(text);
        this.judge().map(|()| this)
    }

    fn judge(&self) -> Result<(), WeakPassphrase> {
        if self.0.len() > MOST_BYTES {
            return Err(WeakPassphrase::TooLong);
        }
        if self.0.trim().chars().count() < LEAST_CHARACTERS {
            return Err(WeakPassphrase::TooShort);
        }
        let different: std::collections::BTreeSet<char> = self.0.chars().flat_map(char::to_lowercase).collect();
        if different.len() < LEAST_DIFFERENT || is_row(&self.0) {
            return Err(WeakPassphrase::TooPlain);
        }
        Ok(())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(secret)")
    }
}

/// Whether each character follows from the one before by the same step, as in `abcdefghijkl` and `987654321098`.
fn is_row(text: &str) -> bool {
    let bytes = text.as_bytes();
    let step = |pair: &[u8]| (i16::from(pair[1]) - i16::from(pair[0])).rem_euclid(10);
    let mut steps = bytes.windows(2).map(step);
    let first = steps.next();
    steps.all(|other| Some(other) == first)
}

/// A passphrase that would be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassphrase {
    /// Too few characters.
    #[error(
        "the passphrase is too short; take at least {LEAST_CHARACTERS} characters, best four words that have nothing to do with each other"
    )]
    TooShort,
    /// The same few characters, or a row.
    #[error("the passphrase is too plain; take four words that have nothing to do with each other")]
    TooPlain,
    /// More than anyone types.
    #[error("the passphrase is too long; {MOST_BYTES} bytes is the most")]
    TooLong,
}

impl WeakPassphrase {
    /// What is the matter and what to do, in the reader's language.
    pub fn message(self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, _) => self.to_string(),
            (Lang::Nl, Self::TooShort) => format!(
                "de wachtzin is te kort; neem minstens {LEAST_CHARACTERS} tekens, het liefst vier woorden die niets met elkaar te maken hebben"
            ),
            (Lang::Nl, Self::TooPlain) => {
                "de wachtzin is te eenvoudig; neem vier woorden die niets met elkaar te maken hebben".to_owned()
            }
            (Lang::Nl, Self::TooLong) => format!("de wachtzin is te lang; hoogstens {MOST_BYTES} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_with_what_to_take_instead() {
        for (text, weak) in [
            ("welkom01", WeakPassphrase::TooShort),
            ("           a", WeakPassphrase::TooShort),
            ("aaaaaaaaaaaaaaaa", WeakPassphrase::TooPlain),
            ("1212121212121212", WeakPassphrase::TooPlain),
            ("123456789012", WeakPassphrase::TooPlain),
            ("abcdefghijklmnop", WeakPassphrase::TooPlain),
        ] {
            assert_eq!(Passphrase::new(text.to_owned()).unwrap_err(), weak, "{text}");
            for lang in [Lang::Nl, Lang::En] {
                assert!(weak.message(lang).contains("; "));
            }
        }
        assert!(Passphrase::new("x".repeat(2000)).is_err());
        Passphrase::new("kas fiets dinsdag touw".to_owned()).unwrap();
    }

    #[test]
    fn the_end_of_the_line_is_not_part_of_it_and_nothing_is_shown() {
        let typed = Passphrase::typed("kas fiets dinsdag touw\r\n".to_owned());
        assert_eq!(typed, Passphrase::new("kas fiets dinsdag touw".to_owned()).unwrap());
        assert_eq!(format!("{typed:?}"), "Passphrase(secret)");
    }
}
