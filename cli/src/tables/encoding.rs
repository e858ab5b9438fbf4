//! From bytes to text: UTF-8, or Windows-1252 as older spreadsheets write it. Everything else is an error, never a guess.

use super::TableError;

/// The text of a file and the name of its encoding.
///
/// # Errors
/// [`TableError::NotText`] and [`TableError::Encoding`] say what the file looks like instead.
pub fn decode(bytes: &[u8]) -> Result<(String, &'static str), TableError> {
    let other = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [b'P', b'K', 3, 4, ..] => return Err(TableError::NotText { looks_like: "XLSX, ODS (zip)" }),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => return Err(TableError::NotText { looks_like: "XLS" }),
        [b'%', b'P', b'D', b'F', ..] => return Err(TableError::NotText { looks_like: "PDF" }),
        _ => None,
    };
    if let Some(looks_like) = other {
        return Err(TableError::Encoding { line: 1, looks_like });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let utf_16 = bytes.iter().skip(at % 2).step_by(2).take(64).filter(|byte| **byte == 0).count() > 8;
        let looks_like = if utf_16 { "UTF-16" } else { "nultekens / zero bytes" };
        return Err(TableError::Encoding { line: line_of(bytes, at), looks_like });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok((text.to_owned(), "UTF-8")),
        Err(error) => error,
    };
    let line = line_of(bytes, error.valid_up_to());
    if has_utf_8_letters(bytes) {
        // Letters of several bytes that are right elsewhere: this is UTF-8 with damage, and reading it as Windows-1252
        // would turn every ë of the file into two other letters.
        return Err(TableError::Encoding { line, looks_like: "beschadigd UTF-8 / damaged UTF-8" });
    }
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    if let Some(at) = text.chars().position(|char| ('\u{80}'..='\u{9F}').contains(&char)) {
        let line = 1 + text.chars().take(at).filter(|char| *char == '\n').count() as u64;
        return Err(TableError::Encoding { line, looks_like: "geen UTF-8 of Windows-1252 / neither UTF-8 nor Windows-1252" });
    }
    Ok((text.into_owned(), "Windows-1252"))
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count() as u64
}

/// Whether a valid UTF-8 sequence of two or more bytes occurs anywhere.
fn has_utf_8_letters(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_with_and_without_a_mark_and_windows_1252_are_read() {
        assert_eq!(decode("Chloë".as_bytes()).unwrap(), ("Chloë".to_owned(), "UTF-8"));
        assert_eq!(decode("\u{FEFF}Chloë".as_bytes()).unwrap(), ("Chloë".to_owned(), "UTF-8"));
        assert_eq!(decode(b"Chlo\xEB \x80 5").unwrap(), ("Chloë € 5".to_owned(), "Windows-1252"));
    }

    #[test]
    fn everything_else_is_named() {
        let utf_16: Vec<u8> = "a;b\nc;d\nee;ff\n1;2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, line) in [
            ([b"\xFF\xFE".as_slice(), &utf_16].concat(), 1),
            (utf_16, 1),
            (b"a,b\nChlo\xC3\xAB,\xEB".to_vec(), 2),
            (b"a\nb\x81".to_vec(), 2),
        ] {
            assert!(matches!(decode(&bytes), Err(TableError::Encoding { line: at, .. }) if at == line), "{bytes:?}");
        }
        assert!(matches!(decode(b"PK\x03\x04rest"), Err(TableError::NotText { .. })));
    }
}
