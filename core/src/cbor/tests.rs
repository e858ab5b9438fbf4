//! One meaning for each row of bytes, at every depth.

use super::*;
use crate::audit::AuditNote;
use crate::clock::Timestamp;
use crate::ids::DocumentId;
use crate::limits::MAX_BODY;
use crate::notes::Access;
use crate::wire::{Answer, ErrorAnswer, Request, Verdict};

#[test]
fn a_key_that_stands_twice_is_refused_however_deep() {
    for (bytes, fine) in [
        (&b"\xa2\x00\x01\x01\x02"[..], true),
        (b"\xa2\x00\x01\x00\x02", false),
        (b"\xa2\x01\x01\x00\x02", false),
        (b"\xa1\x00\x81\xa2\x00\x01\x01\x02", true),
        (b"\xa1\x00\x81\xa2\x00\x01\x00\x02", false),
        (b"\xa1\x00\x81\xa1\x07\xa2\x05\x01\x05\x02", false),
        // Under a tag too.
        (b"\xa1\x00\xc1\xa2\x05\x01\x05\x02", false),
        // The same number written in two ways.
        (b"\xa2\x05\x01\x18\x05\x02", false),
        // Without a length: a map, a list, bytes.
        (b"\xbf\x00\x01\xff", false),
        (b"\xa1\x00\x9f\x01\xff", false),
        (b"\xa1\x00\x5f\x41\x01\xff", false),
        // In bytes there is nothing to look at.
        (b"\xa1\x00\x45\xa2\x00\x01\x00\x02", true),
        (b"\xa1\x00\x01\x00", false),
        (b"\xa1\x00", false),
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00", false),
        (b"", false),
    ] {
        assert_eq!(strict(bytes).is_ok(), fine, "{bytes:02x?}: {:?}", strict(bytes));
    }
    let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
    assert_eq!(strict(&nested(MAX_DEPTH)), Ok(()));
    assert!(strict(&nested(MAX_DEPTH + 1)).is_err());
    assert!(strict(&nested(1_000_000)).is_err());
}

/// These bytes with a second value for the last key of the map that begins here.
fn twice(bytes: &[u8], map: usize, key: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    assert!((0xa1..0xb7).contains(&bytes[map]), "a small map begins here");
    bytes[map] += 1;
    let mut end = Decoder::new(&bytes);
    end.set_position(map);
    for _ in 0..end.map().unwrap().unwrap() - 1 {
        end.skip().unwrap();
        end.skip().unwrap();
    }
    let at = end.position();
    bytes.splice(at..at, [key, 0xf6]);
    bytes
}

#[test]
fn no_decoder_of_ours_takes_a_map_with_a_key_twice() {
    // {0: 1, 5: [{0: 3, 1: "BUSY"}]} and its map of a verdict with the word 2 twice.
    let verdict = b"\xa4\x00\x03\x01\x64BUSY\x02\x61a\x02\x61b";
    assert!(from_slice::<Verdict>(verdict, 100).is_err());
    let once = b"\xa3\x00\x03\x01\x64BUSY\x02\x61a";
    assert!(from_slice::<Verdict>(once, 100).is_ok());

    let why = crate::wire::Why { text: Some("a".into()), ..crate::wire::Reason::Busy.into() };
    let answer = Answer { verdicts: vec![Verdict::Refused(why)], ..Answer::default() }.encode();
    assert!(Answer::decode(&answer, MAX_BODY).is_ok());
    let inner = (1..answer.len()).find(|at| answer[*at] == 0xa3 && answer[*at + 1] == 0).unwrap();
    let again = twice(&answer, inner, 2);
    assert!(matches!(Answer::decode(&again, MAX_BODY), Err(FormatError::Malformed(why)) if why.contains("order")));

    for message in [Request::default().encode(), ErrorAnswer::from(crate::wire::ErrorCode::Busy).encode()] {
        let key = message[0] & 0x1f;
        assert!(key > 0);
        assert!(Request::decode(&twice(&message, 0, 0), MAX_BODY).is_err());
        assert!(ErrorAnswer::decode(&twice(&message, 0, 0), MAX_BODY).is_err());
    }

    let note = Access { document: DocumentId::from_bytes([1; 16]), person: Some("anna".into()) }.encode();
    assert!(Access::decode(&note).is_ok());
    assert!(Access::decode(&twice(&note, 0, 1)).is_err());
    let line = AuditNote { at: Timestamp::from_millis(1), ..AuditNote::new(crate::audit::AuditAction::Refused, None) }.encode();
    assert!(AuditNote::decode(&line).is_ok());
    assert!(AuditNote::decode(&twice(&line, 0, 0)).is_err());
}
