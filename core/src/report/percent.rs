//! Shares and percentages in whole numbers: published figures are half-up to two decimals of the count, and a
//! floating point number would now and then fall on the other side of the half.

use crate::record::Lang;

/// `numerator / denominator` half-up to so many decimals, with a point. The denominator must be above 0; a negative
/// numerator is rounded like its absolute value.
pub fn decimal(numerator: i128, denominator: i128, decimals: u32) -> String {
    let scale = 10_i128.pow(decimals);
    let sign = if numerator < 0 { "-" } else { "" };
    let rounded = (2 * numerator.abs() * scale + denominator) / (2 * denominator);
    let (whole, part) = (rounded / scale, rounded % scale);
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part:0>width$}", width = decimals as usize),
    }
}

/// What percentage `part` is of `whole`, as in `25.00`; a part of nothing is `0.00`.
pub fn percent(part: u64, whole: u64) -> String {
    rate(part, whole).unwrap_or_else(|| "0.00".to_owned())
}

/// What percentage `part` is of `whole`; of nothing there is no percentage.
pub fn rate(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| decimal(100 * i128::from(part), i128::from(whole), 2))
}

/// A decimal number for a person to read: with a comma in Dutch.
pub fn shown(number: &str, lang: Lang) -> String {
    match lang {
        Lang::Nl => number.replace('.', ","),
        Lang::En => number.to_owned(),
    }
}

/// A decimal number that may be absent, for a person to read.
pub fn shown_or_dash(number: Option<&String>, lang: Lang) -> String {
    number.map_or_else(|| "-".to_owned(), |number| shown(number, lang))
}

/// Cents as euros with two decimals, for a person to read.
pub fn euros(cents: i64, lang: Lang) -> String {
    shown(&decimal(i128::from(cents), 100, 2), lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_half_up_to_two_decimals() {
        assert_eq!(percent(33, 132), "25.00");
        assert_eq!(percent(17, 145), "11.72");
        assert_eq!(percent(1, 3), "33.33");
        assert_eq!(percent(2, 3), "66.67");
        assert_eq!(percent(1, 800), "0.13", "0.125 goes up");
        assert_eq!(percent(0, 126), "0.00");
        assert_eq!(percent(7, 7), "100.00");
        assert_eq!(percent(0, 0), "0.00");
        assert_eq!(rate(0, 0), None);
    }

    #[test]
    fn half_up_is_exact_where_floating_point_is_not() {
        // 1.005 percent is below the half as a double; here it is the half.
        assert_eq!(percent(201, 20_000), "1.01");
        for whole in 1..400_u64 {
            for part in 0..=whole {
                let text = percent(part, whole);
                let (units, cents) = text.split_once('.').unwrap();
                let hundredths: u64 = format!("{units}{cents}").parse().unwrap();
                let twice = 2 * 10_000 * part;
                assert!(twice < whole * (2 * hundredths + 1), "{part}/{whole} = {text}: too low");
                assert!(twice + whole >= 2 * whole * hundredths, "{part}/{whole} = {text}: too high");
            }
        }
    }

    #[test]
    fn money_is_read_with_a_comma_in_dutch() {
        assert_eq!(euros(5_457_500, Lang::Nl), "54575,00");
        assert_eq!(euros(-100, Lang::En), "-1.00");
        assert_eq!(decimal(5, 10, 0), "1");
    }
}
