//! A record that is decoded, changed and encoded again keeps the keys that a newer version put in it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{self, Encode, Encoder, Write};

/// A value whose CBOR is a map with integer keys, of which it knows some.
pub trait KnownKeys {
    /// The keys that the type reads and writes itself, ascending.
    const KEYS: &'static [u64];
}

/// A value together with the entries of its map that this version does not know.
///
/// Encoding gives one map, keys ascending, known and unknown merged. Signed bytes need none of this: they are kept verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preserved<T> {
    value: T,
    unknown: BTreeMap<u64, Vec<u8>>,
}

impl<T> Preserved<T> {
    /// A value that this version made.
    pub const fn new(value: T) -> Self {
        Self { value, unknown: BTreeMap::new() }
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// What a newer version wrote beside it: key and encoded value.
    pub const fn unknown(&self) -> &BTreeMap<u64, Vec<u8>> {
        &self.unknown
    }
}

impl<T> Deref for Preserved<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Preserved<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// The entries of a map of definite length, with where each value stands.
fn entries<'b>(d: &mut Decoder<'b>) -> Result<BTreeMap<u64, &'b [u8]>, Error> {
    let length = d.map()?.ok_or_else(|| Error::message("a map of definite length was expected"))?;
    let mut found = BTreeMap::new();
    for _ in 0..length {
        let key = d.u64()?;
        let start = d.position();
        d.skip()?;
        let value = d.input().get(start..d.position()).ok_or_else(Error::end_of_input)?;
        if found.insert(key, value).is_some() {
            return Err(Error::message("a key stands twice in a map"));
        }
    }
    Ok(found)
}

impl<'b, C, T: Decode<'b, C> + KnownKeys> Decode<'b, C> for Preserved<T> {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let start = d.position();
        let value = T::decode(d, ctx)?;
        let end = d.position();
        d.set_position(start);
        let unknown =
            entries(d)?.into_iter().filter(|(key, _)| !T::KEYS.contains(key)).map(|(key, value)| (key, value.to_vec())).collect();
        d.set_position(end);
        Ok(Self { value, unknown })
    }
}

impl<T: Encode<()> + KnownKeys, C> Encode<C> for Preserved<T> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let known = crate::cbor::to_vec(&self.value);
        let mut all: BTreeMap<u64, &[u8]> = self.unknown.iter().map(|(key, value)| (*key, value.as_slice())).collect();
        all.extend(entries(&mut Decoder::new(&known)).map_err(encode::Error::message)?);
        e.map(all.len() as u64)?;
        for (key, value) in all {
            e.u64(key)?;
            e.writer_mut().write_all(value).map_err(encode::Error::write)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::{from_slice, to_vec};

    #[derive(Debug, PartialEq, Default, minicbor::Encode, minicbor::Decode)]
    #[cbor(map)]
    struct Card {
        #[n(0)]
        version: u32,
        #[n(4)]
        name: Option<String>,
    }

    impl KnownKeys for Card {
        const KEYS: &'static [u64] = &[0, 4];
    }

    #[test]
    fn an_older_version_changes_what_it_knows_and_keeps_the_rest() {
        // {0: 1, 2: [1, 2], 99: "later"}
        let newer = data_encoding::HEXLOWER
            .decode(b"a3000102820102186365 6c61746572".iter().copied().filter(|b| *b != b' ').collect::<Vec<_>>().as_slice())
            .unwrap();
        let mut card: Preserved<Card> = from_slice(&newer, 100).unwrap();
        assert_eq!(to_vec(&card), newer);
        card.name = Some("Anna".into());
        let written = to_vec(&card);
        assert_eq!(written, data_encoding::HEXLOWER.decode(b"a40001028201020464416e6e611863656c61746572").unwrap());
        assert_eq!(from_slice::<Preserved<Card>>(&written, 100).unwrap(), card);
    }

    #[test]
    fn a_key_twice_or_a_cut_map_is_refused() {
        for wrong in ["a2000100 02", "a20001", "bf0001ff", "a1000118"] {
            let hex: String = wrong.split(' ').collect();
            assert!(
                from_slice::<Preserved<Card>>(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap(), 100).is_err(),
                "{wrong}"
            );
        }
    }
}
