//! Fixed words in both languages, for what goes wrong deep down and is told to a person high up.

use std::fmt;

use crate::record::Lang;

/// A few words in Dutch and in English; shown as it stands they are English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    nl: &'static str,
    en: &'static str,
}

impl Words {
    /// Both versions.
    pub const fn new(nl: &'static str, en: &'static str) -> Self {
        Self { nl, en }
    }

    /// The version in this language.
    pub const fn say(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Nl => self.nl,
            Lang::En => self.en,
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.en)
    }
}
