//! The threat model in `docs/threats.md` promises a test with each claim: every test that it names is in the sources, and it stays
//! short enough to be read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The names of all tests: functions below `#[test]` or `#[tokio::test]`, and those that a macro makes of a list.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["core/src", "core/tests", "server/src", "server/tests", "cli/src", "cli/tests", "tests/src", "tests/tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (mut marked, mut listed) = (false, false);
        for line in text.lines().map(str::trim) {
            listed = (listed || line == "attacks! {") && line != "}";
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let name: String = match line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) {
                Some(rest) if marked => rest.split('(').next().unwrap().to_owned(),
                None if listed => line.split(" = ").next().unwrap().to_owned(),
                _ => continue,
            };
            marked = false;
            names.insert(name);
        }
    }
    names
}

/// What stands between backticks and looks like the name of a test.
fn named(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3 && !name.contains('/')).collect()
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let tests = tests();
    assert!(tests.contains("every_test_that_the_threat_model_names_is_there") && tests.contains("attack_01_forged_actor"));
    assert!(!tests.contains("a_test_that_nobody_ever_wrote") && !tests.contains("every_route"));
    let text = fs::read_to_string(root().join("docs/threats.md")).unwrap();
    let missing: Vec<&str> = named(&text).into_iter().filter(|name| !tests.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    // Each line of the table about a danger ends with the tests that show what stands in its way.
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() >= 12);
    for row in rows {
        let shown = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        assert!(!named(shown).is_empty(), "{row}");
    }
}

#[test]
fn the_threat_model_is_two_pages() {
    let text = fs::read_to_string(root().join("docs/threats.md")).unwrap();
    let words = text.split_whitespace().filter(|word| !word.contains('`') && *word != "|").count();
    assert!(words <= 1_100, "{words} words");
}
