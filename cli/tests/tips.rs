//! What the tips say is what helps: somebody who may not hears it before being asked, and nobody is sent to whom they are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use field::{Person, Town};
use veldboek::Exit;

#[test]
fn each_tip_leads_to_somebody_or_something_that_can_help() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, _] = town.people(dir.path());
    let ends = |person: &Person, line: &[&str], exit: Exit, says: &[&str], not: &[&str]| {
        let ran = person.run(line);
        assert_eq!(ran.exit, exit, "{line:?}: {}", ran.err);
        for words in says {
            assert!(ran.err.contains(words), "{line:?} lacks {words}: {}", ran.err);
        }
        for words in not {
            assert!(!ran.err.contains(words), "{line:?} says {words}: {}", ran.err);
        }
    };

    // Whoever may not hears that, and is not asked whether they are sure.
    ends(&anna, &["trainee", "erase", "WF-1"], Exit::Failed, &["alleen een coördinator"], &["--yes"]);
    let document = marit.json(&["trainee", "show", "WF-1"])["document"].as_str().unwrap().to_owned();
    ends(
        &marit,
        &["trainee", "erase", "--confirm", &document],
        Exit::Refused,
        &["beheerder"],
        &["--yes", "vraag een coördinator"],
    );
    // A coordinator is not sent to a coordinator.
    let invite = ["invite", "--person", "ad", "--role", "administrator", "--organisation", "wf"];
    ends(&marit, &invite, Exit::Refused, &["vraag de beheerder"], &["vraag een coördinator"]);
    ends(&marit, &["unlock", "--hours", "30"], Exit::Usage, &["--hours <UREN>", "1 … 24"], &["is not in", "HOURS"]);

    let visit = anna.log("2025-03-03 09:00", "kennisgemaakt");
    assert_eq!(visit.exit, Exit::Done);
    let withdraw = ["visit", "withdraw", "WF-1", "--reason", "bsn 111222333", "--yes"];
    ends(&anna, &withdraw, Exit::Failed, &["in de reden"], &["--no-bsn", "ingetrokken'"]);

    // What no exchange makes good is to be tried again.
    let device = marit.json(&["device", "list"])["rows"][0]["device"].as_str().unwrap().to_owned();
    let url = town.url();
    town.stop();
    let revoke = ["device", "revoke", &device, "--reason", "verloren", "--yes"];
    ends(&marit, &revoke, Exit::NoContact, &["er is niets ingetrokken", "bel dan nu de beheerder"], &["uw werk staat veilig"]);
    let invite = ["invite", "--person", "eva", "--role", "coach", "--organisation", "wf"];
    ends(&marit, &invite, Exit::NoContact, &["niemand uitgenodigd"], &["uw werk staat veilig"]);
    let new = Person { dir: dir.path().join("nieuw") };
    ends(&new, &["enrol", "ABCD-EFGH", "--server", &url], Exit::NoContact, &["niet aangemeld"], &["uw werk staat veilig"]);
    ends(&marit, &["sync"], Exit::NoContact, &["uw werk staat veilig"], &[]);
}
