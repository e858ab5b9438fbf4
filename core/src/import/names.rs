//! Names and what they stand for: codes in the register, municipalities, and the masking of what must not be shown.

use crate::register::Register;

use super::columns::Listed;

/// The municipalities of the regions that use the field book, by CBS code.
const MUNICIPALITIES: &[(&str, &str)] = &[
    ("GM0375", "Beverwijk"),
    ("GM0377", "Bloemendaal"),
    ("GM0392", "Haarlem"),
    ("GM0396", "Heemskerk"),
    ("GM0397", "Heemstede"),
    ("GM0453", "Velsen"),
    ("GM0473", "Zandvoort"),
    ("GM0388", "Enkhuizen"),
    ("GM0405", "Hoorn"),
    ("GM0420", "Medemblik"),
    ("GM0432", "Opmeer"),
    ("GM0498", "Drechterland"),
    ("GM0532", "Stede Broec"),
    ("GM1598", "Koggenland"),
    ("GM0376", "Blaricum"),
    ("GM0402", "Hilversum"),
    ("GM0406", "Huizen"),
    ("GM0417", "Laren"),
    ("GM1696", "Wijdemeren"),
    ("GM1942", "Gooise Meren"),
];

/// The CBS code of a municipality, from the code (any well-formed one) or from a name that is known here.
pub(super) fn municipality(text: &str) -> Option<String> {
    let text = text.trim();
    let code = text.to_ascii_uppercase();
    if code.len() == 6 && code.starts_with("GM") && code.bytes().skip(2).all(|b| b.is_ascii_digit()) {
        return Some(code);
    }
    MUNICIPALITIES.iter().find(|(_, name)| same(name, text)).map(|(code, _)| (*code).to_owned())
}

/// Whether two names are the same but for case and spacing.
pub(super) fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    plain(one) == plain(other)
}

/// The code that the register has for a code or name.
pub(super) fn code_of(listed: Listed, text: &str, register: &Register) -> Option<String> {
    fn find<'a>(entries: impl Iterator<Item = (&'a String, Option<&'a String>)> + Clone, text: &str) -> Option<String> {
        let by_code = entries.clone().find(|(code, _)| same(code, text));
        by_code
            .or_else(|| entries.clone().find(|(_, name)| name.is_some_and(|name| same(name, text))))
            .map(|(code, _)| code.clone())
    }
    match listed {
        Listed::Programme => find(register.programmes.iter().map(|(code, entry)| (code, entry.name.as_ref())), text),
        Listed::School => find(register.schools.iter().map(|(code, entry)| (code, entry.name.as_ref())), text).or_else(|| {
            register
                .schools
                .iter()
                .find(|(_, entry)| entry.brin.as_ref().is_some_and(|brin| same(brin, text)))
                .map(|(code, _)| code.clone())
        }),
        Listed::Employer => {
            find(register.employers.iter().map(|(code, entry)| (code, entry.name.as_ref())), text).or_else(|| {
                register
                    .employers
                    .iter()
                    .find(|(_, entry)| entry.kvk.as_ref().is_some_and(|kvk| same(kvk, text)))
                    .map(|(code, _)| code.clone())
            })
        }
        Listed::Funding => find(register.funding.iter().map(|(code, entry)| (code, entry.name.as_ref())), text),
    }
}

/// The code of a coach, from the code or the display name.
pub(super) fn coach(text: &str, register: &Register) -> Option<String> {
    let by_code = register.coaches.keys().find(|code| same(code, text));
    by_code
        .or_else(|| {
            register
                .coaches
                .iter()
                .find(|(_, coach)| coach.display_name.as_ref().is_some_and(|name| same(name, text)))
                .map(|(code, _)| code)
        })
        .cloned()
}

/// The code of an organisation: a municipality, a school of the register, or the text itself.
pub(super) fn organisation(text: &str, register: &Register) -> String {
    let text = text.trim();
    municipality(text).or_else(|| code_of(Listed::School, text, register)).unwrap_or_else(|| text.to_owned())
}

/// A code for something that has only a name: lower case, digits and hyphens.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        let plain = match character {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            other => other,
        };
        if plain.is_alphanumeric() {
            slug.push(plain);
        } else if plain != '\'' && !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A person's name, hidden but for its first letter.
pub(super) fn mask_name(text: &str) -> String {
    text.trim().chars().next().map_or_else(String::new, |first| format!("{first}…"))
}
