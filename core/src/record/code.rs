//! The codes of the trade: closed lists of stable names with labels in both languages.

use super::{Lang, Unreadable};

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

/// What is not one of the codes of a list.
pub(crate) fn no_code<C: Code>(text: &str) -> Unreadable {
    let (text, codes) = (text.trim(), choices::<C>());
    Unreadable::new(
        format!("'{text}' is geen bekende waarde; kies uit: {codes}"),
        format!("'{text}' is not a known value; choose from: {codes}"),
    )
}

#[cfg(test)]
mod tests {
    use crate::record::{Lang, Value as _};

    crate::codes! {
        /// Colours, for the tests.
        Colour { Red = "RED", "Rood", "Red"; Blue = "BLUE", "Blauw", "Blue"; }
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
