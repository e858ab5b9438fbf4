//! What every format here shares: whole-input decoding within limits, so that no peer decides how much memory is used.
//!
//! Maps have integer keys, ascending, definite lengths, at every depth ([`strict`]); an unknown key is skipped, so that a newer
//! version may add one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use minicbor::data::Type;
use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{self, Encode, Encoder, Write};

use crate::clock::Day;
use crate::record::Code;

pub use crate::limits::{MAX_NAME, MAX_NOTE};

/// The bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// More bytes than are read at once: send less.
    #[error("{len} bytes is more than the {limit} that are read at once; send fewer at a time")]
    TooLarge {
        /// How many there were.
        len: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Written by a newer version: update.
    #[error("this was written by a newer version of Veldboek (format {0}); update this one and try again")]
    Newer(u32),
    /// Damaged, or not of this format: fetch or make it again.
    #[error("these bytes are damaged or of another format ({0}); fetch or make them again")]
    Malformed(String),
}

impl FormatError {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}

impl From<Error> for FormatError {
    fn from(error: Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Encodes into memory, which cannot fail: no encoder of ours raises an error of its own.
pub(crate) fn to_vec<T: Encode<()>>(value: T) -> Vec<u8> {
    let result: Result<Vec<u8>, encode::Error<Infallible>> = minicbor::to_vec(value);
    result.unwrap_or_else(|error| unreachable!("encoding into memory failed: {error}"))
}

/// Decodes exactly one value from all of the bytes.
pub(crate) fn from_slice<'b, T: Decode<'b, ()>>(bytes: &'b [u8], limit: usize) -> Result<T, FormatError> {
    if bytes.len() > limit {
        return Err(FormatError::TooLarge { len: bytes.len(), limit });
    }
    strict(bytes)?;
    Ok(minicbor::decode(bytes)?)
}

/// Nothing of ours is nested nearly so deep.
const MAX_DEPTH: usize = 32;

/// What is being walked through: how many items are left in it, and of a map its last key.
struct Level {
    left: u64,
    map: bool,
    last: Option<u64>,
}

/// One item and nothing after it, in which every map, however deep and also under a key that nobody knows yet, has each
/// integer key once, ascending, and everything a definite length: a key that stands twice would be two messages, depending
/// on who reads it.
pub(crate) fn strict(bytes: &[u8]) -> Result<(), FormatError> {
    let definite = |length: Option<u64>| length.ok_or_else(|| FormatError::malformed("a definite length was expected"));
    let mut d = Decoder::new(bytes);
    let mut open = vec![Level { left: 1, map: false, last: None }];
    while let Some(level) = open.last_mut() {
        if level.left == 0 {
            open.pop();
            continue;
        }
        level.left -= 1;
        if level.map {
            match d.datatype()? {
                Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                    let key = d.u64()?;
                    if level.last.replace(key).is_some_and(|before| before >= key) {
                        return Err(FormatError::malformed("keys out of order"));
                    }
                }
                // None of our readers takes a map with such a key; one may stand under a key that is skipped.
                _ => d.skip()?,
            }
        }
        let (left, map) = match d.datatype()? {
            Type::Map | Type::MapIndef => (definite(d.map()?)?, true),
            Type::Array | Type::ArrayIndef => (definite(d.array()?)?, false),
            Type::BytesIndef | Type::StringIndef => (definite(None)?, false),
            Type::Tag => {
                d.tag()?;
                (1, false)
            }
            _ => {
                d.skip()?;
                continue;
            }
        };
        if open.len() > MAX_DEPTH {
            return Err(FormatError::malformed("nested too deep"));
        }
        open.push(Level { left, map, last: None });
    }
    if d.position() != bytes.len() {
        return Err(FormatError::malformed("bytes after the end"));
    }
    Ok(())
}

/// Where the values of a map stand: definite length, integer keys strictly ascending (so that no two readers can take another
/// of two values), nothing after it.
pub(crate) fn fields(bytes: &[u8], limit: usize) -> Result<BTreeMap<u64, Range<usize>>, FormatError> {
    if bytes.len() > limit {
        return Err(FormatError::TooLarge { len: bytes.len(), limit });
    }
    let mut d = Decoder::new(bytes);
    let mut found: BTreeMap<u64, Range<usize>> = BTreeMap::new();
    for _ in 0..d.map()?.ok_or_else(|| FormatError::malformed("a map of definite length was expected"))? {
        let key = d.u64()?;
        if found.last_key_value().is_some_and(|(before, _)| *before >= key) {
            return Err(FormatError::malformed("keys out of order"));
        }
        let start = d.position();
        d.skip()?;
        found.insert(key, start..d.position());
    }
    if d.position() != bytes.len() {
        return Err(FormatError::malformed("bytes after the end"));
    }
    Ok(found)
}

/// Where the content of a byte string stands, given where the byte string stands.
pub(crate) fn content(bytes: &[u8], field: Option<&Range<usize>>) -> Result<Range<usize>, FormatError> {
    let field = field.ok_or_else(|| FormatError::malformed("a part is missing"))?;
    let length = Decoder::new(bytes.get(field.clone()).unwrap_or_default()).bytes()?.len();
    Ok(field.end - length..field.end)
}

/// A list of at most `N`.
pub(crate) fn list<'b, Ctx, T: Decode<'b, Ctx>, const N: usize>(d: &mut Decoder<'b>, ctx: &mut Ctx) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for item in d.array_iter_with(ctx)? {
        if found.len() == N {
            return Err(Error::message("a list is longer than allowed"));
        }
        found.push(item?);
    }
    Ok(found)
}

/// A set of at most `N`, ascending, that may be absent.
pub(crate) fn some_set<'b, Ctx, T: Decode<'b, Ctx> + Ord, const N: usize>(
    d: &mut Decoder<'b>,
    ctx: &mut Ctx,
) -> Result<Option<Vec<T>>, Error> {
    if d.datatype()? == Type::Null {
        d.null()?;
        return Ok(None);
    }
    let found = list::<Ctx, T, N>(d, ctx)?;
    if !found.is_sorted_by(|one, next| one < next) {
        return Err(Error::message("a set is out of order, or has something twice"));
    }
    Ok(Some(found))
}

/// A list of at most `N` byte strings.
pub(crate) fn byte_lists<Ctx, const N: usize>(d: &mut Decoder<'_>, ctx: &mut Ctx) -> Result<Vec<Vec<u8>>, Error> {
    Ok(list::<Ctx, minicbor::bytes::ByteVec, N>(d, ctx)?.into_iter().map(Vec::from).collect())
}

pub(crate) fn encode_byte_lists<Ctx, W: Write>(
    lists: &[Vec<u8>],
    e: &mut Encoder<W>,
    _: &mut Ctx,
) -> Result<(), encode::Error<W::Error>> {
    e.array(lists.len() as u64)?;
    for bytes in lists {
        e.bytes(bytes)?;
    }
    Ok(())
}

/// At most `N` bytes.
pub(crate) fn bytes<Ctx, const N: usize>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Vec<u8>, Error> {
    let bytes = d.bytes()?;
    if bytes.len() > N {
        return Err(Error::message("a byte string is longer than allowed"));
    }
    Ok(bytes.to_vec())
}

/// Text of at most `N` characters, without control characters other than line ends and tabs.
pub(crate) fn text<Ctx, const N: usize>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<String, Error> {
    let text = d.str()?;
    if !is_text(text, N) {
        return Err(Error::message("a text is longer than allowed or holds control characters"));
    }
    Ok(text.to_owned())
}

pub(crate) fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Like [`text`], and absent when absent or null.
pub(crate) fn some_text<Ctx, const N: usize>(d: &mut Decoder<'_>, ctx: &mut Ctx) -> Result<Option<String>, Error> {
    if d.datatype()? == Type::Null {
        d.null()?;
        return Ok(None);
    }
    text::<Ctx, N>(d, ctx).map(Some)
}

/// The part at this place.
pub(crate) fn at<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

/// For a count that is left out when there is none.
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// For a flag that is left out when it does not hold.
pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}

/// For a field that may be absent and has a decoder of its own.
pub(crate) fn absent<T>() -> Option<Option<T>> {
    Some(None)
}

/// A person's code in the register: 2 to 32 of `a-z`, `0-9` and `-`.
pub(crate) fn person<Ctx>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<String, Error> {
    let text = d.str()?;
    if !crate::statement::is_person_code(text) {
        return Err(Error::message("a person's code has 2 to 32 of a-z, 0-9 and '-'"));
    }
    Ok(text.to_owned())
}

/// A day as its ISO text.
pub(crate) mod day {
    use super::*;

    pub(crate) fn decode<Ctx>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Day, Error> {
        let text = d.str()?;
        // One text per day: the reader for people takes other notations too.
        text.parse::<Day>()
            .ok()
            .filter(|day| day.to_string() == text)
            .ok_or_else(|| Error::message("a day is written 2025-03-31"))
    }

    pub(crate) fn encode<Ctx, W: Write>(day: &Day, e: &mut Encoder<W>, _: &mut Ctx) -> Result<(), encode::Error<W::Error>> {
        e.str(&day.to_string())?.ok()
    }
}

/// A day that may be absent.
pub(crate) mod some_day {
    use super::*;

    pub(crate) fn decode<Ctx>(d: &mut Decoder<'_>, ctx: &mut Ctx) -> Result<Option<Day>, Error> {
        if d.datatype()? == Type::Null {
            d.null()?;
            return Ok(None);
        }
        day::decode(d, ctx).map(Some)
    }

    pub(crate) fn encode<Ctx, W: Write>(
        day: &Option<Day>,
        e: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), encode::Error<W::Error>> {
        match day {
            Some(day) => day::encode(day, e, ctx),
            None => e.null()?.ok(),
        }
    }

    pub(crate) fn nil() -> Option<Option<Day>> {
        Some(None)
    }

    pub(crate) fn is_nil(day: &Option<Day>) -> bool {
        day.is_none()
    }
}

/// A code that may be absent. One that a newer version added reads as absent: what it says besides still holds.
pub(crate) mod some_code {
    use super::*;

    pub(crate) fn decode<Ctx, C: Code>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Option<C>, Error> {
        if d.datatype()? == Type::Null {
            d.null()?;
            return Ok(None);
        }
        Ok(C::from_code(d.str()?))
    }

    pub(crate) fn encode<Ctx, C: Code, W: Write>(
        code: &Option<C>,
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), encode::Error<W::Error>> {
        match code {
            Some(code) => e.str(code.code())?.ok(),
            None => e.null()?.ok(),
        }
    }

    pub(crate) fn nil<C>() -> Option<Option<C>> {
        Some(None)
    }

    pub(crate) fn is_nil<C>(code: &Option<C>) -> bool {
        code.is_none()
    }
}

/// A code of the trade as its stable name.
pub(crate) mod code {
    use super::*;

    pub(crate) fn decode<Ctx, C: Code>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<C, Error> {
        C::from_code(d.str()?).ok_or_else(|| Error::message("an unknown code"))
    }

    pub(crate) fn encode<Ctx, C: Code, W: Write>(
        code: &C,
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(code.code())?.ok()
    }
}

#[cfg(test)]
mod tests;
