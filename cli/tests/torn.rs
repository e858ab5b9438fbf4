//! The power goes while a record is being written: the next command says so, and goes on saying so until `verify` has shown it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::io::Write;

use field::Person;

#[test]
fn what_a_cut_off_writer_left_is_told_by_every_command_until_verify_has_shown_it() {
    let dir = tempfile::tempdir().unwrap();
    let anna = Person { dir: dir.path().join("anna") };
    anna.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "anna"]);
    anna.ok(&["trainee", "add", "--reference", "WF-1", "--given-name", "Sam"]);
    assert!(!anna.ok(&["status"]).err.contains("onderbroken"));

    for cut in 1..=2 {
        let journal = anna.dir.join("journal/00000001.vbj");
        let whole = std::fs::read(&journal).unwrap();
        // Half a header: no whole record, and nobody heard that it was saved.
        std::fs::OpenOptions::new().append(true).open(&journal).unwrap().write_all(&whole[..40]).unwrap();

        // A command that only reads says it too, and again, what it means and what to do.
        for words in [&["status"][..], &["trainee", "list"], &["trainee", "edit", "WF-1", "--family-initial", "B"]] {
            let ran = anna.ok(words);
            assert!(ran.err.contains("onderbroken") && ran.err.contains("veldboek verify"), "{cut} {words:?}: {}", ran.err);
        }
        assert_eq!(anna.json(&["status"])["set_aside"].as_array().unwrap().len(), 1);
        assert_eq!(std::fs::read_dir(anna.dir.join("torn")).unwrap().count(), cut);

        let verified = anna.json(&["verify"]);
        assert_eq!((verified["set_aside"].as_array().unwrap().len(), verified["whole"].as_bool()), (cut, Some(true)));
        for words in [&["status"][..], &["verify"]] {
            assert!(!anna.ok(words).err.contains("onderbroken"), "{words:?}");
        }
        assert_eq!(anna.json(&["status"])["set_aside"], serde_json::json!([]));
    }
    assert!(anna.ok(&["verify"]).out.contains("torn/"), "the files stay and are listed");
}
