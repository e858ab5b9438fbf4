//! What must not be written down: citizen service numbers (V17) and medical facts (V18).
//!
//! Nothing is sent anywhere and nothing is refused here: the caller learns *where* such a text is, so that a screen can mark it.

use std::ops::Range;

/// Groupings in which people write nine-digit numbers.
const GROUPINGS: &[&[usize]] =
    &[&[9], &[3, 3, 3], &[4, 2, 3], &[2, 2, 2, 3], &[3, 2, 4], &[2, 3, 4], &[4, 3, 2], &[3, 2, 2, 2], &[2, 3, 2, 2], &[2, 4, 3]];

/// Words that speak of health. Those of up to five letters count only as whole words, longer ones also as a beginning.
const MEDICAL: &[&str] = &[
    "adhd",
    "asd",
    "ptss",
    "hiv",
    "ggz",
    "iq",
    "add",
    "ocd",
    "diagnos",
    "autis",
    "depressi",
    "psychos",
    "psychiat",
    "psycholo",
    "borderline",
    "bipolair",
    "schizofren",
    "angststoornis",
    "eetstoornis",
    "stoornis",
    "medicatie",
    "medicijn",
    "medicijnen",
    "antidepressiva",
    "ritalin",
    "methylfenidaat",
    "verslav",
    "verslaafd",
    "epilepsie",
    "diabetes",
    "suikerziekte",
    "kanker",
    "burn-out",
    "burnout",
    "overspannen",
    "trauma",
    "suïcid",
    "suicid",
    "zelfmoord",
    "zwanger",
    "handicap",
    "hersenletsel",
    "therapie",
    "behandelaar",
    "ziekenhuis",
];

/// A run of digits in a text.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// Joined to the group before by one separator.
    joined: bool,
}

impl Group {
    fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Where the text holds nine digits that pass the eleven-test, in bytes. Telephone numbers are passed over.
pub fn bsn_positions(text: &str) -> Vec<Range<usize>> {
    let groups = groups(text);
    let phones = phones(text, &groups);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let hit = GROUPINGS.iter().find_map(|grouping| {
            let members = groups.get(first..first + grouping.len())?;
            let fits = members.iter().zip(*grouping).all(|(group, length)| group.len() == *length)
                && members.iter().skip(1).all(|group| group.joined)
                && (first..first + grouping.len()).all(|index| !phones[index]);
            let range = members.first()?.start..members.last()?.end;
            (fits && passes_eleven_test(&text[range.clone()])).then_some((range, grouping.len()))
        });
        match hit {
            Some((range, length)) => {
                found.push(range);
                first += length;
            }
            None => first += 1,
        }
    }
    found
}

/// What a telephone number looks like, for messages.
pub const PHONE_EXAMPLE: &str = "06-12345678, (023) 512 34 56, +31 6 12345678";

/// Whether a text is one telephone number and nothing else: ten digits from a 0, a Dutch service number, or an
/// international one behind `+` or `00`; spaces, hyphens, dots, slashes and brackets may stand between.
pub fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let (plus, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
    if rest.chars().any(|char| !char.is_ascii_digit() && !matches!(char, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}')) {
        return false;
    }
    // The 0 in `+31 (0)6 …` is not dialled.
    let digits: String = rest.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    let international = if plus { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    match international {
        Some(number) => match number.strip_prefix("31") {
            Some(dutch) => dutch.len() == 9 && !dutch.starts_with('0'),
            None => (8..=15).contains(&number.len()) && !number.starts_with('0'),
        },
        None => {
            let service = ["0800", "0900", "0906", "0909"].iter().any(|prefix| digits.starts_with(prefix));
            let municipal = digits.strip_prefix("14").is_some_and(|area| area.starts_with('0') && matches!(area.len(), 3 | 4));
            municipal || (service && matches!(digits.len(), 8 | 11)) || (digits.starts_with('0') && digits.len() == 10)
        }
    }
}

/// The text with every digit of such a number replaced by a bullet.
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for range in bsn_positions(text) {
        masked.push_str(&text[from..range.start]);
        masked.extend(text[range.clone()].chars().map(|char| if char.is_ascii_digit() { '•' } else { char }));
        from = range.end;
    }
    masked.push_str(&text[from..]);
    masked
}

/// The medical words in a text, as written, each once.
pub fn medical_words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|char: char| !char.is_alphanumeric() && char != '-').map(|word| word.trim_matches('-')) {
        let lower = word.to_lowercase();
        let medical = MEDICAL.iter().any(|entry| if entry.len() <= 5 { lower == *entry } else { lower.starts_with(entry) });
        if medical && !found.iter().any(|known| known.to_lowercase() == lower) {
            found.push(word.to_owned());
        }
    }
    found
}

/// The eleven-test of the BSN: weights 9 down to 2, and the last digit counts against.
fn passes_eleven_test(text: &str) -> bool {
    let digits: Vec<i64> = text.bytes().filter(u8::is_ascii_digit).map(|byte| i64::from(byte - b'0')).collect();
    let weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
    let sum: i64 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    digits.len() == 9 && sum % 11 == 0 && digits.iter().any(|digit| *digit != 0)
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, char) in text.char_indices() {
        if !char.is_ascii_digit() {
            continue;
        }
        match groups.last_mut() {
            Some(group) if group.end == index => group.end = index + 1,
            last => {
                let joined = last.is_some_and(|group| matches!(&text[group.end..index], " " | "." | "-" | "\u{a0}" | "\u{202f}"));
                groups.push(Group { start: index, end: index + 1, joined });
            }
        }
    }
    groups
}

/// Which groups belong to a telephone number: `+31 6 …`, `0031 …`, `06-12345678`, `(023) 512 34 56`, `+31 (0)6 …`.
fn phones(text: &str, groups: &[Group]) -> Vec<bool> {
    let mut is_phone = vec![false; groups.len()];
    let mut first = 0;
    while first < groups.len() {
        let start = groups[first].start;
        let digits = &text[start..groups[first].end];
        let international = text[..start].ends_with('+') || digits.starts_with("00");
        let (least, most) = if international { (9, 15) } else { (10, 10) };
        let mut total = 0;
        let mut last = None;
        if international || digits.starts_with('0') {
            for (index, group) in groups.iter().enumerate().skip(first) {
                if index > first && !group.joined && !bridged(&text[groups[index - 1].end..group.start]) {
                    break;
                }
                total += group.len();
                // A country code with nine digits behind it is whole; what follows is another number.
                let whole = if international { total >= least.max(11) } else { total == most };
                let readable = group.len() >= 2 || international;
                let first_fits = international || matches!(groups[first].len(), 2..=4 | 10);
                if (least..=most).contains(&total) && readable && first_fits {
                    last = Some(index);
                }
                if whole || total > most {
                    break;
                }
            }
        }
        match last {
            Some(last) => {
                is_phone[first..=last].fill(true);
                first = last + 1;
            }
            None => first += 1,
        }
    }
    is_phone
}

/// What may stand between the parts of a telephone number beside a single separator.
fn bridged(between: &str) -> bool {
    between.chars().count() <= 3 && between.chars().all(|char| matches!(char, ' ' | '(' | ')' | '-' | '/' | '\u{a0}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str) -> Vec<&str> {
        bsn_positions(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_number_that_passes_the_eleven_test_is_found_however_it_is_written() {
        for text in ["123456782", "123.456.782", "1234.56.782", "123 456 782", "12 34 56 782", "123-456-782"] {
            assert_eq!(hits(&format!("Anna noteerde {text} in de kantine")), [text]);
            assert_eq!(hits(text), [text]);
        }
        assert_eq!(hits("om 14 123456782 en 111222333"), ["123456782", "111222333"]);
        assert_eq!(hits("bsn:100000009x"), ["100000009"]);
    }

    #[test]
    fn longer_runs_and_numbers_that_fail_the_test_are_left_alone() {
        for text in ["123456789", "1234567820", "0123456782", "12345678", "000000000", "31-3-2025", "2025-03-31T14:05", "GM0392"]
        {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn telephone_numbers_are_passed_over_whatever_their_digits() {
        // 612345677 would pass the eleven-test as a number of its own.
        let own = (612_345_600..612_345_700).map(|number: u32| number.to_string()).find(|text| passes_eleven_test(text)).unwrap();
        assert_eq!(hits(&own), [own.as_str()]);
        let (operator, rest) = own.split_at(1);
        for text in [
            format!("+31{own}"),
            format!("+31 {own}"),
            format!("+31 (0){own}"),
            format!("+31 {operator} {rest}"),
            format!("0031 {own}"),
            format!("0{own}"),
            format!("0{operator}-{rest}"),
            "06 12 34 56 78".to_owned(),
            "(023) 512 34 56".to_owned(),
            "023-5123456".to_owned(),
        ] {
            assert_eq!(hits(&text), Vec::<&str>::new(), "{text}");
        }
        // A telephone number does not hide what stands behind it.
        assert_eq!(hits("bel 06-12345678 123456782"), ["123456782"]);
        assert_eq!(hits("bel +31 6 12345678 123456782"), ["123456782"]);
    }

    #[test]
    fn one_telephone_number_is_told_from_what_is_none() {
        for text in [
            "06-12345678",
            "06 12 34 56 78",
            " (023) 512 34 56 ",
            "0235123456",
            "+31 6 12345678",
            "+31 (0)6-12345678",
            "0031 23 5123456",
            "+49 30 901820",
            "0800-1234",
            "14 023",
        ] {
            assert!(is_phone(text), "{text}");
        }
        for text in [
            "",
            "geen",
            "123456782",
            "06-1234567",
            "06-123456789",
            "+31 06 12345678",
            "+3161234567",
            "06-12345678 of 023-5123456",
            "06-1234567O",
            "sanne@example.org",
            "+",
            "31-12-2025",
        ] {
            assert!(!is_phone(text), "{text}");
        }
        for text in PHONE_EXAMPLE.split(", ") {
            assert!(is_phone(text), "{text}");
        }
    }

    #[test]
    fn masking_hides_the_digits_and_nothing_else() {
        assert_eq!(masked("Zie 123.456.782, ruim vóór 1-9."), "Zie •••.•••.•••, ruim vóór 1-9.");
        assert_eq!(masked("niets"), "niets");
    }

    #[test]
    fn medical_words_are_noticed_and_ordinary_ones_are_not() {
        assert_eq!(medical_words("Vertelt over ADHD en medicatiegebruik; adhd weer"), ["ADHD", "medicatiegebruik"]);
        assert_eq!(medical_words("Werkt goed door, komt op tijd, iqbal helpt in de kas"), Vec::<String>::new());
    }
}
