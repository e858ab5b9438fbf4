//! The decoders against everything that was kept in `core/fuzz/corpus`, and against mutations of it: what the fuzz targets
//! do on a nightly compiler for hours, done for seconds on every change.
//!
//! `VELDBOEK_SEED` plays a run again, `VELDBOEK_MUTATIONS` says how many mutations each decoder gets.

#![allow(clippy::unwrap_used, reason = "a file that cannot be read fails its test where it stands")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod decoders;

use decoders::{DECODERS, run};
use veldboek_core::clock::Timestamp;
use veldboek_core::document::Document;
use veldboek_core::envelope::SignedChange;
use veldboek_core::record::{Container, Record, Scalar, Write};
use veldboek_core::statement::DocumentKind;
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;

fn fuzz(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(part)
}

/// What is kept for a decoder.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(fuzz("corpus").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The vectors of the documentation, by name.
fn vectors() -> Vec<(String, Vec<u8>)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md")).unwrap();
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```hex ") {
            let digits: String = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((name.to_owned(), data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()));
        } else if line == "```http request-signature" {
            let headers: Vec<&str> = lines.by_ref().skip(1).take_while(|line| *line != "```").collect();
            found.push(("headers".to_owned(), headers.join("\n").into_bytes()));
        }
    }
    found
}

/// The decoder that a vector is for.
fn decoder_of(vector: &str) -> Option<&'static str> {
    let fits = |name: &&str| vector == *name || vector.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
    DECODERS.iter().map(|(name, _)| *name).filter(fits).max_by_key(|name| name.len())
}

/// A small generator (SplitMix64) with a seed that is printed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn mutated(&mut self, original: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(7) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.roll() as u8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => {
                    let from = self.below(other.len());
                    let end = (from + self.below(40)).min(other.len());
                    bytes.splice(at..at, other[from..end].iter().copied());
                }
                // Lengths and counts that claim much.
                4 => bytes.splice(at..at, [0x9b, 0xff, 0xff, 0xff, 0xff]).for_each(drop),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        bytes
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn every_decoder_keeps_its_promises_on_the_corpus_and_on_mutations_of_it() {
    let (seed, mutations) = (setting("VELDBOEK_SEED", 20_250_305), setting("VELDBOEK_MUTATIONS", 1_500));
    println!("seed {seed}");
    let mut dice = Dice(seed);
    for (name, decode) in DECODERS {
        let kept = corpus(name);
        assert!(!kept.is_empty(), "{name} has no corpus");
        kept.iter().for_each(|bytes| decode(bytes));
        for _ in 0..mutations {
            let (one, other) = (&kept[dice.below(kept.len())], &kept[dice.below(kept.len())]);
            let bytes = dice.mutated(one, other);
            let outcome = std::panic::catch_unwind(|| run(name, &bytes));
            assert!(outcome.is_ok(), "{name}, seed {seed}: {}", data_encoding::HEXLOWER.encode(&bytes));
        }
    }
}

#[test]
fn every_decoder_has_its_target_and_every_vector_its_decoder() {
    let targets: BTreeSet<String> = fs::read_dir(fuzz("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = DECODERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, listed);
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    for name in listed {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
    for (vector, _) in vectors() {
        assert!(decoder_of(&vector).is_some(), "no decoder in core/fuzz reads the vector {vector}");
    }
}

/// The first corpus: every vector of the documentation, and the body of the change in the envelope.
#[test]
#[ignore = "writes files; for a corpus that lacks a new vector"]
fn write_seeds() {
    let seed = |name: &str, file: &str, bytes: &[u8]| {
        let folder = fuzz("corpus").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), bytes).unwrap();
    };
    for (vector, bytes) in vectors() {
        seed(decoder_of(&vector).unwrap(), &format!("vector-{vector}"), &bytes);
        if vector == "envelope" {
            let change = SignedChange::decode(&bytes).unwrap();
            seed("chunk", "vector-envelope", body(change.chunk()));
            let content = veldboek_core::bundle::Content { changes: vec![bytes], ..Default::default() };
            seed("content", "vector-envelope", &minicbor::to_vec(content).unwrap());
        }
    }
    let document = Document::found(DocumentKind::Dossier).unwrap();
    let visit = Visit { summary: Some("In de kelder".into()), duration_min: Some(45), ..Visit::default() }.create("v1");
    let trainee = Trainee { reference: Some("WF-1".into()), ..Trainee::default() }.create("");
    let program =
        Write { container: Container::Imports, entry: "rij".into(), key: "naam".into(), value: Scalar::Text("Sanne".into()) };
    for (name, writes) in [("visit", visit), ("trainee", trainee), ("import", vec![program])] {
        let mut copy = document.clone();
        let chunk = copy.write(&writes, &[9; 24], Timestamp::from_millis(0)).unwrap().unwrap();
        seed("gate", name, body(&chunk));
        seed("chunk", name, body(&chunk));
    }
}

/// A chunk without magic, checksum, type and length.
fn body(chunk: &[u8]) -> &[u8] {
    let length = chunk[9..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    &chunk[9 + length..]
}
