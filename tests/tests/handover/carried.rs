//! What only a file of a lost phone holds is on the laptop that took it in until the server has it, or a person has read it: also
//! when the dossier that it is about goes on in another document meanwhile.

use super::*;
use veldboek_core::ids::EntryId;
use veldboek_core::record::Lang;
use veldboek_core::sync::server::ErasureOrder;

const WRONG: &str = "Anna: dit gaat over een ander kind";

/// A visit that says whose it is.
fn visit(team: &mut Team, summary: &str) -> VisitId {
    let moment = team.field.clock.now();
    let id = VisitId::fresh(moment.at, &mut team.field.dice);
    let visit = Visit { coach: Some("anna".into()), summary: Some(summary.into()), ..Visit::default() };
    team.anna.book.perform(team.dossier, visit.create(&id.to_string()), moment, &mut team.field.dice).unwrap();
    id
}

/// A note that everybody has; then three changes on Anna's phone that were never sent, one of them to that note. They are in a file
/// that Carla's laptop took in after the phone was lost.
fn carried(seed: u64) -> (Team, VisitId) {
    let mut team = Team::new(seed);
    let wrong = visit(&mut team, WRONG);
    team.field.sync(&mut team.anna);
    visit(&mut team, "Anna: alleen op de stick");
    visit(&mut team, "Anna: en dit ook");
    let text = Write {
        container: Container::Visits,
        entry: wrong.to_string(),
        key: "n".into(),
        value: Scalar::Text("Anna: nog iets over dat andere kind".into()),
    };
    let moment = team.field.clock.now();
    team.anna.book.perform(team.dossier, vec![text], moment, &mut team.field.dice).unwrap();
    let (file, _) = team.anna.book.export_bundle(false, &[], moment, &mut team.field.dice).unwrap();
    revoked(&mut team);
    let merged = team.carla.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!(merged.carried, 3, "{merged:?}");
    (team, wrong)
}

#[test]
fn work_of_a_lost_phone_is_not_gone_when_a_note_is_withdrawn_before_the_laptop_that_carries_it_had_a_connection() {
    let (mut team, wrong) = carried(51);
    // Anna has a new phone, and withdraws that note.
    let mut phone = team.field.enrolled("anna", Role::Coach);
    team.field.sync(&mut phone);
    let moment = team.field.clock.now();
    let new = phone.book.withdraw(team.dossier, &[EntryId::from_bytes(*wrong.as_bytes())], None, moment, &mut team.field.dice);
    let new = new.unwrap();
    team.field.sync(&mut phone);

    let outcome = team.field.sync(&mut team.carla).0;
    assert_eq!(outcome.wiped.iter().map(|one| (one.document, one.replaced_by)).collect::<Vec<_>>(), [(team.dossier, Some(new))]);
    assert_eq!(outcome.wiped[0].unsent, 0, "nothing is gone");
    for _ in 0..2 {
        let status = team.carla.book.status().unwrap();
        assert_eq!((status.refused, status.unsynced, status.quarantined), (2, 0, 0));
        let mut told: Vec<String> = Vec::new();
        for (item, writes) in team.carla.book.refused().unwrap() {
            assert_eq!((item.document, team.carla.book.called_of(item.document).as_deref()), (new, Some("WF-2025-0001")));
            told.extend(writes.into_iter().filter(|write| write.key == "n").map(|write| format!("{:?}", write.value)));
        }
        told.sort();
        assert_eq!(told, ["Text(\"Anna: alleen op de stick\")", "Text(\"Anna: en dit ook\")"]);
        // What was about the note that was withdrawn is gone like the note.
        assert!(!holds(&team.carla, "andere kind") && !holds(&team.carla, WRONG));
        team.carla.restart();
        assert_eq!(team.field.sync(&mut team.carla).0.sent, 0);
    }
    assert_eq!((outcome.wiped[0].performed, outcome.wiped[0].to_record), (0, 2));
    for (lang, carried, sent) in [
        (Lang::Nl, "; 2 wijzigingen van een ander", "in het nieuwe dossier"),
        (Lang::En, "; 2 changes of somebody else", "in the new dossier"),
    ] {
        let message = outcome.wiped[0].message(lang);
        assert!(message.contains(carried) && !message.contains(sent), "{message}");
    }

    // She records the one in the dossier as it is now, and is done with both.
    let moment = team.field.clock.now();
    let listed = team.carla.book.refused().unwrap();
    let (first, writes) = &listed[0];
    team.carla.book.perform(new, writes.clone(), moment, &mut team.field.dice).unwrap();
    assert!(team.carla.book.dismiss(&first.hash, moment, &mut team.field.dice).unwrap());
    assert!(team.carla.book.dismiss(&listed[1].0.hash, moment, &mut team.field.dice).unwrap());
    assert_eq!(team.carla.book.status().unwrap().refused, 0);
    assert_eq!(team.field.sync(&mut team.carla).0.accepted, 1);
    assert_eq!(team.carla.summaries(new).len(), 2);
    assert_ne!(holds(&team.carla, "alleen op de stick"), holds(&team.carla, "en dit ook"), "what was dismissed unread is gone");
}

#[test]
fn what_a_laptop_carried_of_a_dossier_that_is_erased_is_counted_with_what_went() {
    let (mut team, _) = carried(52);
    let mut marit = team.field.enrolled("marit", Role::Coordinator);
    team.field.sync(&mut marit);
    marit.book.ask_erasure(team.dossier, false, team.field.clock.now(), &mut team.field.dice).unwrap();
    team.field.sync(&mut marit);
    team.field.erasures(ErasureOrder::Confirm(team.dossier));
    let outcome = team.field.sync(&mut team.carla).0;
    assert_eq!(outcome.wiped.iter().map(|one| one.unsent).collect::<Vec<_>>(), [3]);
    let receipts = team.carla.book.wiped();
    assert_eq!(receipts.iter().map(|one| one.unsent).collect::<Vec<_>>(), [3]);
    assert!(!holds(&team.carla, "alleen op de stick"));
    assert_eq!(team.carla.book.status().unwrap().refused, 0);
}
