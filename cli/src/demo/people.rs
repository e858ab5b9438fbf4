//! Invented people and invented dates, the same every time: a seed gives one sequence.

use veldboek_core::clock::Day;

/// A small generator of numbers (SplitMix64): the demo must give the same files on every machine and with every version
/// of every library.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = u64::try_from(most - least + 1).unwrap_or(1).max(1);
        least + i64::try_from(self.next() % width).unwrap_or_default()
    }

    /// One of these.
    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.next()).unwrap_or(usize::MAX) % from.len().max(1);
        from.get(index).copied().unwrap_or_default()
    }

    /// Whether something of this many percent happens.
    pub(super) fn happens(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// A day from one to another, both included.
    pub(super) fn day(&mut self, from: Day, to: Day) -> Day {
        from.plus_days(self.between(0, to.days_since(from).max(0)))
    }

    /// Another order.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = usize::try_from(self.between(0, i64::try_from(last).unwrap_or_default())).unwrap_or_default();
            list.swap(last, other);
        }
    }
}

pub(super) const GIVEN_NAMES: &[&str] = &[
    "Sem", "Noor", "Daan", "Emma", "Levi", "Julia", "Finn", "Mila", "Lucas", "Sara", "Milan", "Zoë", "Jesse", "Anouk", "Mees",
    "Lotte", "Bram", "Eva", "Thijs", "Fleur", "Ruben", "Isa", "Luuk", "Femke", "Stijn", "Nina", "Jayden", "Roos", "Gijs",
    "Sofie", "Tygo", "Elif", "Mohamed", "Fatima", "Yusuf", "Aya", "Adam", "Samira", "Bilal", "Naomi", "Dylan", "Chloë", "Kevin",
    "Maud", "Niels", "Iris", "Joost", "Merel", "Koen", "Linde", "Sander", "Tess", "Wout", "Yara", "Oscar", "Puck", "Rik",
    "Quinty", "Teun", "Jasmijn", "Hugo", "Vera", "Casper", "Robin", "Amir", "Senna", "Joep", "Lieke", "Pim", "Britt",
];

pub(super) const INITIALS: &[&str] =
    &["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W", "Z"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence() {
        let (mut one, mut other) = (Dice::new(7), Dice::new(7));
        assert!((0..100).all(|_| one.between(-5, 5) == other.between(-5, 5)));
        assert!((0..1000).map(|_| one.between(1, 3)).all(|number| (1..=3).contains(&number)));
        assert!(INITIALS.iter().all(|initial| (1..=3).contains(&initial.chars().count())));
    }
}
