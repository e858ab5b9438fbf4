//! A chunk is read exactly as Automerge wrote it, and whatever else somebody sends is refused without harm.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc, ScalarValue, marks};

use super::*;

/// A small generator with a seed that is printed, so that a failure can be played again.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn actor(number: u8) -> ActorId {
    ActorId::from([number; ACTOR_LEN])
}

/// A document in which two devices wrote a bit of everything that Automerge knows.
fn everything() -> AutoCommit {
    let mut anna = AutoCommit::new().with_actor(actor(1));
    let visits = anna.put_object(ROOT, "visits", ObjType::Map).unwrap();
    anna.put(&visits, "note", "Een bezoek in de kelder, zonder bereik. ".repeat(8)).unwrap();
    anna.put(&visits, "minutes", 45_i64).unwrap();
    anna.put(&visits, "id", vec![7_u8; 16]).unwrap();
    anna.put(&visits, "done", true).unwrap();
    anna.put(&visits, "not", false).unwrap();
    anna.put(&visits, "empty", ()).unwrap();
    anna.put(&visits, "share", 0.5).unwrap();
    anna.put(&visits, "at", ScalarValue::Timestamp(1_700_000_000_000)).unwrap();
    anna.put(&visits, "count", ScalarValue::counter(3)).unwrap();
    anna.commit_with(CommitOptions::default().with_message("begin").with_time(1_700_000_000));
    let mut bram = anna.fork().with_actor(actor(2));
    bram.put(&visits, "minutes", 50_i64).unwrap();
    bram.increment(&visits, "count", 2).unwrap();
    bram.delete(&visits, "empty").unwrap();
    bram.commit_with(CommitOptions::default().with_time(-5));
    anna.put(&visits, "minutes", 55_i64).unwrap();
    let list = anna.put_object(ROOT, "list", ObjType::List).unwrap();
    for number in 0..40 {
        anna.insert(&list, number / 2, number as i64).unwrap();
    }
    anna.commit();
    anna.delete(&list, 3).unwrap();
    anna.put(&list, 4, "four").unwrap();
    let text = anna.put_object(ROOT, "text", ObjType::Text).unwrap();
    anna.splice_text(&text, 0, 0, "een twee drie vier").unwrap();
    anna.mark(&text, marks::Mark::new("bold".into(), true, 4, 8), marks::ExpandMark::Both).unwrap();
    anna.commit();
    anna.merge(&mut bram).unwrap();
    assert_eq!(anna.get_all(&visits, "minutes").unwrap().len(), 2);
    anna.put(&visits, "minutes", 60_i64).unwrap();
    anna.commit();
    anna.empty_change(CommitOptions::default());
    let mut carla = anna.fork().with_actor(actor(3));
    for number in 0..300 {
        carla.put(&visits, format!("key{number}"), number as i64).unwrap();
    }
    carla.commit();
    carla
}

fn chunks() -> Vec<Vec<u8>> {
    everything().get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect()
}

#[test]
fn what_automerge_writes_is_read_as_automerge_reads_it() {
    let changes = everything().get_changes(&[]);
    assert_eq!(changes.len(), 7);
    for change in changes {
        let header = ChangeHeader::parse(change.raw_bytes()).unwrap();
        assert_eq!(header.hash, change.hash().into());
        assert_eq!(header.actor, change.actor_id().to_bytes());
        assert_eq!(header.seq, change.seq());
        assert_eq!(header.start_op, change.start_op().get());
        assert_eq!(header.time, change.timestamp());
        assert_eq!(header.message.as_deref(), change.message());
        assert_eq!(header.deps, change.deps().iter().map(|dep| (*dep).into()).collect::<Vec<ChangeHash>>());
        assert_eq!(header.other_actors, change.other_actor_ids().iter().map(|a| a.to_bytes().to_vec()).collect::<Vec<_>>());
        assert_eq!(header.operations, change.len() as u64);
        assert_eq!(header.ops_bytes.end, change.raw_bytes().len());
    }
}

/// Puts a body into a chunk with the right length and checksum.
fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![kind];
    hashed.extend(leb(body.len() as u64));
    hashed.extend(body);
    let mut chunk = MAGIC.to_vec();
    chunk.extend(&Sha256::digest(&hashed)[..4]);
    chunk.extend(hashed);
    chunk
}

fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Signed numbers that are not negative.
fn sleb(number: u64) -> Vec<u8> {
    let mut bytes = leb(number);
    if bytes.last().is_some_and(|last| last & 0x40 != 0) {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(0);
    }
    bytes
}

/// A body without dependencies, other actors and message, and with these columns.
fn body(columns: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut body = vec![0, ACTOR_LEN as u8];
    body.extend([9; ACTOR_LEN]);
    body.extend([1, 1, 0, 0, 0]);
    body.extend(leb(columns.len() as u64));
    for (number, data) in columns {
        body.extend(leb(*number));
        body.extend(leb(data.len() as u64));
    }
    body.extend(columns.iter().flat_map(|(_, data)| data.clone()));
    body
}

/// The columns of `count` times the same operation: put null at "k" in the root.
fn repeated(count: u64) -> Vec<(u64, Vec<u8>)> {
    let run = |item: &[u8]| [sleb(count), item.to_vec()].concat();
    vec![(21, run(b"\x01k")), (52, leb(count)), (66, run(&[1])), (86, run(&[0])), (112, run(&[0]))]
}

#[test]
fn a_hundred_bytes_that_claim_eight_million_operations_are_refused_at_once() {
    assert_eq!(ChangeHeader::parse(&chunk(1, &body(&repeated(3)))).unwrap().operations, 3);
    assert_eq!(ChangeHeader::parse(&chunk(1, &body(&repeated(MAX_OPERATIONS)))).unwrap().operations, MAX_OPERATIONS);
    for claimed in [MAX_OPERATIONS + 1, 8_000_000, u64::from(u32::MAX), i64::MAX as u64] {
        let attack = chunk(1, &body(&repeated(claimed)));
        assert!(attack.len() <= 140, "{}", attack.len());
        assert_eq!(ChangeHeader::parse(&attack), Err(BadChunk::Limit("operations")));
    }
    // The same through nulls, literals and predecessors.
    let nulls = chunk(1, &body(&[(66, [vec![0], leb(8_000_000)].concat())]));
    assert_eq!(ChangeHeader::parse(&nulls), Err(BadChunk::Limit("operations")));
    let literal = chunk(1, &body(&[(66, vec![0x80, 0x80, 0x80, 0x7c])]));
    assert_eq!(ChangeHeader::parse(&literal), Err(BadChunk::Limit("operations")));
    let mut predecessors = repeated(2);
    predecessors[4].1 = [vec![2], leb(4_000_000)].concat();
    assert_eq!(ChangeHeader::parse(&chunk(1, &body(&predecessors))), Err(BadChunk::Limit("predecessors")));
}

#[test]
fn claimed_counts_beyond_a_limit_are_refused_before_they_are_believed() {
    let cases: [(&str, Vec<u8>); 4] = [
        ("dependencies", leb(u64::MAX)),
        ("an actor's length", [vec![0], leb(65), vec![1; 65]].concat()),
        ("message", [vec![0, 1, 9, 1, 1, 0], leb(u64::MAX)].concat()),
        ("actors", [vec![0, 1, 9, 1, 1, 0, 0], leb(257)].concat()),
    ];
    for (what, body) in cases {
        assert_eq!(ChangeHeader::parse(&chunk(1, &body)), Err(BadChunk::Limit(what)), "{what}");
    }
    assert_eq!(ChangeHeader::parse(&vec![0; MAX_CHUNK + 1]), Err(BadChunk::Limit("bytes")));
    let key = "k".repeat(MAX_KEY + 1);
    let mut long = repeated(1);
    long[0].1 = [sleb(1), leb(key.len() as u64), key.into_bytes()].concat();
    assert_eq!(ChangeHeader::parse(&chunk(1, &body(&long))), Err(BadChunk::Limit("a key's length")));
}

#[test]
fn only_what_automerge_writes_is_taken() {
    let malformed = |columns: Vec<(u64, Vec<u8>)>| match ChangeHeader::parse(&chunk(1, &body(&columns))) {
        Err(BadChunk::Malformed(what)) => what,
        other => panic!("{other:?}"),
    };
    let with = |index: usize, column: (u64, Vec<u8>)| {
        let mut columns = repeated(2);
        columns[index] = column;
        columns
    };
    assert_eq!(malformed(with(2, (66 | 8, vec![2, 1]))), "a column that is unknown, compressed or out of order");
    assert_eq!(malformed(with(3, (1, vec![2, 0]))), "a column that is unknown, compressed or out of order");
    assert_eq!(
        malformed([repeated(2), vec![(112, vec![2, 0])]].concat()),
        "a column that is unknown, compressed or out of order"
    );
    assert_eq!(
        malformed([repeated(2), vec![(200, vec![2, 0])]].concat()),
        "a column that is unknown, compressed or out of order"
    );
    assert_eq!(malformed(with(1, (52, vec![]))), "an empty column");
    assert_eq!(malformed(with(1, (52, vec![3]))), "columns of different lengths");
    assert_eq!(malformed(with(1, (52, vec![2, 0]))), "an empty run");
    assert_eq!(malformed(with(2, (66, vec![0, 0]))), "an empty run");
    assert_eq!(malformed(with(3, (86, vec![2, 0x16]))), "values of another length than announced");
    assert_eq!(malformed(with(4, (112, vec![2, 1]))), "predecessors without names");
    assert_eq!(malformed(with(0, (21, vec![2, 1, 0xff]))), "a key");
    let numbers = |data: Vec<u8>| ChangeHeader::parse(&chunk(1, &body(&[vec![(19, data)], repeated(2)].concat())));
    assert!(numbers(vec![0x7e, 5, 0x7b]).is_ok());
    assert_eq!(numbers(vec![2, 0x7f]), Err(BadChunk::Limit("a number")));
    assert_eq!(numbers([vec![2], sleb(MAX_COUNTER)].concat()), Err(BadChunk::Limit("a number")));
    assert_eq!(malformed([vec![(1, vec![2, 1])], repeated(2)].concat()), "an actor that it does not name");
    let mut spare = body(&repeated(2));
    spare.push(0);
    assert_eq!(ChangeHeader::parse(&chunk(1, &spare)), Err(BadChunk::Malformed("bytes to spare")));

    let good = chunk(1, &body(&repeated(2)));
    for kind in [0, 2, 3, 9] {
        assert_eq!(ChangeHeader::parse(&chunk(kind, &body(&repeated(2)))), Err(BadChunk::NotAChange));
    }
    assert_eq!(ChangeHeader::parse(b""), Err(BadChunk::NotAChange));
    assert_eq!(ChangeHeader::parse(&[b"x", good.as_slice()].concat()), Err(BadChunk::NotAChange));
    assert_eq!(ChangeHeader::parse(&[good.as_slice(), b"x"].concat()), Err(BadChunk::Malformed("its length")));
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(ChangeHeader::parse(&damaged), Err(BadChunk::Checksum));

    // Numbers that start at 1, and the end of Automerge's counting.
    let numbered = |seq: &[u8], start: &[u8]| {
        let mut body = body(&repeated(2));
        body.splice(26..28, [seq, start].concat());
        ChangeHeader::parse(&chunk(1, &body))
    };
    assert!(numbered(&[1], &[1]).is_ok());
    assert_eq!(numbered(&[0], &[1]), Err(BadChunk::Malformed("a number that starts at 1")));
    assert_eq!(numbered(&[1], &[0]), Err(BadChunk::Malformed("a number that starts at 1")));
    assert_eq!(numbered(&[1], &leb(MAX_COUNTER - 1)), Err(BadChunk::Limit("operation numbers")));
    assert_eq!(numbered(&[1], &leb(u64::MAX)), Err(BadChunk::Limit("operation numbers")));
    assert_eq!(numbered(&[0x81, 0x00], &[1]), Err(BadChunk::Malformed("a number")));
    assert_eq!(numbered(&[0xff; 11], &[1]), Err(BadChunk::Malformed("a number")));
}

#[test]
fn names_do_not_stand_twice() {
    let mut deps = vec![2];
    deps.extend([5; 64]);
    assert_eq!(ChangeHeader::parse(&chunk(1, &deps)), Err(BadChunk::Malformed("a dependency twice")));
    let actors = [0, 1, 9, 1, 1, 0, 0, 2, 1, 8, 1, 8];
    assert_eq!(ChangeHeader::parse(&chunk(1, &actors)), Err(BadChunk::Malformed("an actor twice")));
    let own = [0, 1, 9, 1, 1, 0, 0, 1, 1, 9];
    assert_eq!(ChangeHeader::parse(&chunk(1, &own)), Err(BadChunk::Malformed("an actor twice")));
}

#[test]
fn numbers_are_read_in_full_range() {
    for number in [i64::MIN, i64::MIN + 1, -65, -64, -1, 0, 63, 64, i64::MAX - 1, i64::MAX] {
        let mut document = AutoCommit::new().with_actor(actor(1));
        document.put(ROOT, "k", 1).unwrap();
        document.commit_with(CommitOptions::default().with_time(number));
        let bytes = document.get_changes(&[]).remove(0).raw_bytes().to_vec();
        assert_eq!(ChangeHeader::parse(&bytes).unwrap().time, number);
    }
}

/// Whatever bytes come: an answer, no panic, and no more operations than the limit.
#[test]
fn no_bytes_make_it_panic() {
    let seed = 20_250_331;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let originals = chunks();
    let mut accepted = 0;
    for round in 0..60_000 {
        let original = &originals[dice.below(originals.len())];
        let mut bytes = original.clone();
        match dice.below(4) {
            0 => {
                for _ in 0..=dice.below(4) {
                    let at = dice.below(bytes.len());
                    bytes[at] = dice.next() as u8;
                }
            }
            1 => bytes.truncate(dice.below(bytes.len())),
            2 => {
                let at = dice.below(bytes.len());
                bytes.insert(at, dice.next() as u8);
            }
            _ => bytes = (0..dice.below(200)).map(|_| dice.next() as u8).collect(),
        }
        // Without a fitting checksum nothing behind it would ever be tried.
        if round % 8 != 0 && bytes.len() > 12 {
            let header = if bytes[9] & 0x80 == 0 { 10 } else { 11 };
            bytes = chunk(1, &bytes[header..]);
        }
        if let Ok(header) = ChangeHeader::parse(&bytes) {
            accepted += 1;
            assert!(header.operations <= MAX_OPERATIONS);
            assert!(bytes.get(header.ops_bytes).is_some());
        }
    }
    assert!(accepted > 0, "the mutations are too wild to try anything");
}
