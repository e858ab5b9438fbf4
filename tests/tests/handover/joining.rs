//! Dossiers that were begun before anybody said for which organisation.

use super::*;
use std::sync::Arc;
use veldboek_core::cache::NoCache;
use veldboek_core::disk::MemoryDisk;
use veldboek_core::field_book::FieldBook;
use veldboek_core::keyring::WrappingKey;
use veldboek_core::notes::Setup;
use veldboek_core::trainee::Trainee;

#[test]
fn a_dossier_begun_before_joining_is_seen_by_the_coordinators_of_the_organisation_that_its_coach_joins() {
    let mut field = Field::new(51);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let key = WrappingKey::generate(&mut field.dice);
    let setup = Setup {
        region: "kennemerland".into(),
        organisation: None,
        person: Some("anna".into()),
        display_name: None,
        server_url: None,
        server: None,
        server_keys: None,
    };
    let disk: Arc<dyn veldboek_core::disk::Disk> = Arc::new(MemoryDisk::default());
    let mut anna = field.device(None, Arc::new(MemoryDisk::default()));
    anna.book = FieldBook::create(disk.clone(), Arc::new(NoCache), &key, setup, &mut field.dice).unwrap();
    let trainee = Trainee { reference: Some("WF-2025-0009".into()), ..Trainee::default() };
    let moment = field.clock.now();
    let dossier = anna.book.found(trainee.create(""), moment, &mut field.dice).unwrap();
    field.visit(&mut anna, dossier, "Anna: voor de aanmelding");
    field.enrol(&mut anna, "anna", Role::Coach);
    field.sync(&mut anna);
    field.sync(&mut carla);
    assert_eq!(carla.summaries(dossier), ["Anna: voor de aanmelding"]);
    // And she decides about it, also for a server that folds its journal anew.
    field.restart_server();
    let mut bram = field.enrolled("bram", Role::Coach);
    decide_by(&mut field, &mut carla, "carla", dossier, |dossier, by| assign(dossier, by, "bram"));
    field.sync(&mut carla);
    field.sync(&mut bram);
    assert_eq!(bram.summaries(dossier).len(), 1);
    // What a device folds anew says the same.
    anna.book = FieldBook::open(disk, Arc::new(NoCache), &key).unwrap();
    assert_eq!(anna.book.organisation_of(dossier).as_deref(), Some("school-1"));
    assert_eq!(bram.book.organisation_of(dossier).as_deref(), Some("school-1"));
}
