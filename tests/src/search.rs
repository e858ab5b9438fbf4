//! Looking for a word in bytes as somebody would who found the disk: as it stands, in other encodings, and inside whatever was
//! compressed. A search that finds nothing proves something only when the same search found the word where it was.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

/// The first bytes of every chunk of Automerge.
const AUTOMERGE: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The first bytes of every file within a zip, such as a spreadsheet.
const ZIPPED: [u8; 4] = *b"PK\x03\x04";
/// What is inflated of one stretch at most.
const INFLATED: u64 = 4 << 20;

/// A word in every form in which it is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a word was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The file.
    pub file: PathBuf,
    /// In which form.
    pub form: String,
}

impl Search {
    /// The search for this word: of ASCII, and long enough not to come about by chance.
    pub fn of(word: &str) -> Self {
        assert!(word.is_ascii() && word.len() >= 8, "a canary is a long word in plain letters");
        let bytes = word.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            ("as it stands", bytes.to_vec()),
            ("in capitals", word.to_uppercase().into_bytes()),
            ("in small letters", word.to_lowercase().into_bytes()),
            ("UTF-16, little end first", word.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16, big end first", word.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("hexadecimal", hex.clone().into_bytes()),
            ("hexadecimal, in capitals", hex.to_uppercase().into_bytes()),
        ];
        for before in 0..3 {
            let padded = [vec![0; before], bytes.to_vec()].concat();
            // Only the characters that no neighbour of the word has a part in.
            let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            for (name, letters) in [("base64", PLAIN), ("base64 for addresses", ADDRESS)] {
                forms.push((name, base64(&padded, letters)[from..to].to_vec()));
            }
        }
        Self { forms }
    }

    /// The form in which these bytes hold the word, if they do.
    pub fn within(&self, bytes: &[u8]) -> Option<String> {
        self.plain(bytes).or_else(|| self.inflated(bytes))
    }

    /// The same without looking into what is compressed.
    pub fn plain(&self, bytes: &[u8]) -> Option<String> {
        let found = self.forms.iter().find(|(_, form)| contains(bytes, form));
        found.map(|(name, _)| (*name).to_owned())
    }

    fn inflated(&self, bytes: &[u8]) -> Option<String> {
        for at in 0..bytes.len().saturating_sub(8) {
            let rest = &bytes[at..];
            let found = if rest.starts_with(&AUTOMERGE) {
                // Which columns of a document are compressed stands in its heading; every place is tried instead.
                let chunk = &rest[..automerge_length(rest)];
                (9..chunk.len()).find_map(|from| self.deflated(&chunk[from..], "compressed by Automerge"))
            } else if rest.starts_with(&ZIPPED) && rest.len() > 30 {
                let length = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
                rest.get(30 + length(26) + length(28)..).and_then(|data| self.deflated(data, "zipped"))
            } else if rest.starts_with(&[0x1f, 0x8b, 8]) {
                let mut text = Vec::new();
                let _ = flate2::read::GzDecoder::new(rest).take(INFLATED).read_to_end(&mut text);
                self.plain(&text).map(|form| format!("gzipped, {form}"))
            } else if rest[0] == 0x78 && u16::from_be_bytes([rest[0], rest[1]]).is_multiple_of(31) {
                self.deflated(&rest[2..], "zlib")
            } else {
                None
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn deflated(&self, bytes: &[u8], how: &str) -> Option<String> {
        let mut text = Vec::new();
        // What was inflated before it turned out to be nothing counts too.
        let _ = DeflateDecoder::new(bytes).take(INFLATED).read_to_end(&mut text);
        self.plain(&text).map(|form| format!("{how}, {form}"))
    }

    /// Every file under a folder, hidden ones too, that holds the word or is named after it.
    pub fn under(&self, folder: &Path) -> Vec<Hit> {
        let mut hits = Vec::new();
        for file in files(folder) {
            let name = file.to_string_lossy().into_owned();
            let form = match fs::read(&file) {
                Ok(bytes) => stretches(&bytes).into_iter().find_map(|stretch| self.within(stretch)),
                Err(error) => panic!("cannot look into {name}: {error}"),
            };
            let named = self.plain(name.as_bytes()).map(|form| format!("in its name, {form}"));
            hits.extend(form.or(named).map(|form| Hit { file, form }));
        }
        hits
    }
}

/// Every file under a folder; the folder may be a file itself.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot look into {}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries.flat_map(|entry| files(&entry.expect("an entry").path())).collect();
    found.sort();
    found
}

/// The parts of a file between long gaps: a database takes room in advance, and no word spans what was never written.
fn stretches(bytes: &[u8]) -> Vec<&[u8]> {
    const GAP: usize = 4096;
    let (mut found, mut from) = (Vec::new(), None);
    for (index, block) in bytes.chunks(GAP).enumerate() {
        match (block == &[0; GAP][..block.len()], from) {
            (false, None) => from = Some(index * GAP),
            (true, Some(begin)) => {
                found.push(&bytes[begin..index * GAP]);
                from = None;
            }
            _ => {}
        }
    }
    found.extend(from.map(|begin| &bytes[begin..]));
    found
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// How long the chunk is that begins here, by its own heading; to the end where that says nothing sensible.
fn automerge_length(bytes: &[u8]) -> usize {
    let (mut length, mut shift) = (0_usize, 0);
    for (at, byte) in bytes.iter().enumerate().skip(9).take(5) {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return length.saturating_add(at + 1).min(bytes.len());
        }
    }
    bytes.len()
}

const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ADDRESS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(bytes: &[u8], letters: &[u8; 64]) -> Vec<u8> {
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let bits =
            (u32::from(three[0]) << 16) | (u32::from(*three.get(1).unwrap_or(&0)) << 8) | u32::from(*three.get(2).unwrap_or(&0));
        text.extend([18, 12, 6, 0].map(|shift| letters[(bits >> shift & 63) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const WORD: &str = "Zonnebloempitjes";

    fn packed<W: Write>(mut encoder: W, finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
        encoder.write_all(format!("{}{WORD}", "Vandaag ging het goed. ".repeat(50)).as_bytes()).unwrap();
        [b"before".to_vec(), finish(encoder).unwrap(), b"behind".to_vec()].concat()
    }

    #[test]
    fn a_file_is_looked_through_from_its_first_byte_to_its_last() {
        let search = Search::of(WORD);
        let folder = tempfile::tempdir().unwrap();
        for (place, before) in [0, 1, 4090, 4096, 9000, 40_000].into_iter().enumerate() {
            for filling in [0, b'x'] {
                let bytes = [vec![filling; before], WORD.into(), vec![0; 5_000]].concat();
                fs::create_dir_all(folder.path().join("deep")).unwrap();
                fs::write(folder.path().join("deep/file"), bytes).unwrap();
                let form = "as it stands".to_owned();
                assert_eq!(search.under(folder.path()), [Hit { file: folder.path().join("deep/file"), form }], "{place}");
            }
        }
        fs::rename(folder.path().join("deep"), folder.path().join(WORD)).unwrap();
        fs::write(folder.path().join(WORD).join("file"), "nothing").unwrap();
        assert_eq!(search.under(folder.path()).len(), 1, "a name tells too");
    }

    #[test]
    fn the_word_is_found_in_whatever_it_is_wrapped_and_nothing_else_is_taken_for_it() {
        let search = Search::of(WORD);
        let utf16: Vec<u8> = WORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let best = Compression::best();
        let zlib = packed(ZlibEncoder::new(Vec::new(), best), ZlibEncoder::finish);
        let gzip = packed(GzEncoder::new(Vec::new(), best), GzEncoder::finish);
        let raw = packed(DeflateEncoder::new(Vec::new(), best), DeflateEncoder::finish);
        let stretch = &raw[6..raw.len() - 6];
        let zip = [b"..PK\x03\x04".as_slice(), &[0; 22], &[3, 0, 0, 0], b"a.x", stretch].concat();
        let automerge = [&AUTOMERGE[..], &[1, 2, 3, 4, 0, 0xff, 0x7f], b"columns", stretch].concat();
        for (what, bytes) in [
            ("plain", format!("...{WORD}...").into_bytes()),
            ("utf-16", [b"x".to_vec(), utf16].concat()),
            ("zlib", zlib),
            ("gzip", gzip),
            ("zip", zip),
            ("automerge", automerge),
        ] {
            assert!(search.within(&bytes).is_some(), "{what}");
        }
        for before in 0..4 {
            let text = base64(format!("{}{WORD}!", "x".repeat(before)).as_bytes(), ADDRESS);
            assert!(search.within(&text).is_some(), "base64 after {before}");
        }
        for nothing in ["", "Zonnebloem pitjes", &"x".repeat(5_000)] {
            assert_eq!(search.within(nothing.as_bytes()), None);
        }
    }
}
