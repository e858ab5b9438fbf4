//! A backup beside a running server, and the day on which it is put back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};
use veldboek_core::record::Lang;
use veldboek_core::statement::Role;
use veldboek_core::wire::{InviteRequest, VERSION};
use veldboek_server::args::{Backup, Format, Output, Restore};
use veldboek_server::backup::{self, BackedUp, Restored};
use veldboek_server::config::Settings;
use veldboek_server::failure::ServerError;
use veldboek_server::render::Render;
use veldboek_server::{admin, setup};

/// A machine: a store that is being served, and a key around its keyring that lies elsewhere.
struct Machine {
    folder: TempDir,
    settings: Settings,
}

impl Machine {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let settings = Settings { region: Some("gooi".into()), ..Settings::for_store(folder.path().join("store")) };
        Self { folder, settings }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn backup(&self, name: &str, keyring: Option<&str>) -> Result<BackedUp, ServerError> {
        let options = Backup { folder: self.at(name), keyring: keyring.map(|name| self.at(name)), output: TABLE };
        backup::backup(&self.settings, &options, &mut |_| {})
    }

    fn restore(&self, name: &str, keyring: Option<&str>) -> Result<Restored, ServerError> {
        let options = Restore { folder: self.at(name), keyring: keyring.map(|name| self.at(name)), output: TABLE };
        backup::restore(&self.settings, &options, &mut |_| {})
    }

    /// The machine burns; a new one has the key around the keyring from the safe, and nothing else.
    fn burn(&self) {
        let key = fs::read(self.settings.store.join("wrapping.key")).unwrap();
        fs::remove_dir_all(&self.settings.store).unwrap();
        fs::create_dir(&self.settings.store).unwrap();
        fs::write(self.settings.store.join("wrapping.key"), key).unwrap();
    }
}

const TABLE: Output = Output { format: Format::Table };

fn invite(settings: &Settings, person: &str) {
    let mut region = setup::open_beside(settings).unwrap();
    let request = InviteRequest {
        version: VERSION,
        person: person.into(),
        display_name: person.into(),
        role: Role::Coach,
        organisation: "werkpartners".into(),
    };
    setup::invite(&mut region, request).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_beside_a_running_server_is_whole_and_begins_a_new_life_when_it_is_put_back() {
    let machine = Machine::new();
    let store = setup::open(&machine.settings).unwrap();
    let (server, _, _, epoch) = store.region.identity();
    invite(&machine.settings, "anna");
    let made = machine.backup("backup-1", Some("keys")).unwrap();
    assert_eq!(made.manifest.server, server.to_string());
    assert_eq!(names(&machine.at("backup-1")), ["backup.json", "journal"]);
    assert_eq!(names(&machine.at("keys")), [format!("keyring.{}", made.manifest.keyring_generation)]);
    // Nobody else reads it, and the key around the keyring is in neither part.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(machine.at("backup-1")), 0o700);
        assert_eq!(mode(machine.at("backup-1").join("journal/00000001.vbj")), 0o600);
    }
    // Nothing is overwritten; a later one has more in it, and of the keyring only the newest stays.
    assert!(matches!(machine.backup("backup-1", Some("keys")), Err(ServerError::NotEmpty { .. })));
    invite(&machine.settings, "bram");
    let later = machine.backup("backup-2", Some("keys")).unwrap();
    assert!(later.manifest.records > made.manifest.records);
    assert_eq!(names(&machine.at("keys")).len(), 1);

    // A store that is there is not replaced.
    assert!(matches!(machine.restore("backup-1", Some("keys")), Err(ServerError::StoreThere { .. })));
    drop(store);
    machine.burn();
    let restored = machine.restore("backup-1", Some("keys")).unwrap();
    assert_ne!(restored.epoch, epoch.to_string());
    let store = setup::open(&machine.settings).unwrap();
    let (again, _, region, new) = store.region.identity();
    assert_eq!((again, region.as_str(), new.to_string()), (server, "gooi", restored.epoch));
    let verified = admin::verify(&machine.settings, None, Lang::En).unwrap();
    assert!(verified.whole && verified.records > made.manifest.records, "the new life is in the chain");
    // It is held, beside a running server too, until the administrator says so.
    let mut store = store;
    assert!(restored.held && store.region.is_held());
    assert!(admin::reopen(&machine.settings).unwrap().was_held);
    store.region.catch_up().unwrap();
    assert!(!store.region.is_held());
    assert!(!admin::reopen(&machine.settings).unwrap().was_held);
    assert_eq!(store.region.identity().3, new, "it is the same life");
}

#[test]
fn what_is_no_whole_backup_is_not_put_back_and_leaves_the_place_as_it_was() {
    let machine = Machine::new();
    drop(setup::open(&machine.settings).unwrap());
    machine.backup("good", None).unwrap();
    machine.burn();
    let untouched = || assert_eq!(names(&machine.settings.store), ["wrapping.key"]);

    // One that was cut short has no manifest.
    fs::create_dir(machine.at("cut")).unwrap();
    assert!(matches!(machine.restore("cut", None), Err(ServerError::NoBackup { .. })));
    untouched();
    // A journal that was shortened does not reach the head that was noted.
    let manifest = fs::read(machine.at("good/backup.json")).unwrap();
    let journal = machine.at("good/journal/00000001.vbj");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(machine.restore("good", None), Err(ServerError::Damaged)));
    untouched();
    // A changed one is found out.
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    fs::write(&journal, &changed).unwrap();
    assert!(matches!(machine.restore("good", None), Err(ServerError::Damaged)));
    untouched();
    fs::write(&journal, &bytes).unwrap();
    fs::write(machine.at("good/backup.json"), &manifest).unwrap();
    machine.restore("good", None).unwrap();
    assert!(admin::verify(&machine.settings, None, Lang::En).unwrap().whole);
}

#[test]
fn a_keyring_that_was_torn_on_its_way_is_told_and_the_whole_one_before_it_is_put_back() {
    let machine = Machine::new();
    drop(setup::open(&machine.settings).unwrap());
    let made = machine.backup("backup", Some("keys")).unwrap();
    machine.burn();
    let generation = made.manifest.keyring_generation;
    let bytes = fs::read(machine.at("keys").join(format!("keyring.{generation}"))).unwrap();
    let torn = format!("keyring.{}", generation + 1);
    fs::write(machine.at("keys").join(&torn), &bytes[..bytes.len() / 2]).unwrap();
    let restored = machine.restore("backup", Some("keys")).unwrap();
    assert_eq!(restored.torn_keyrings, std::slice::from_ref(&torn));
    for lang in [Lang::Nl, Lang::En] {
        assert!(restored.table(lang).contains(&torn), "{}", restored.table(lang));
    }
    assert!(admin::verify(&machine.settings, None, Lang::En).unwrap().whole);
    assert!(names(&machine.at("keys")).contains(&torn), "nothing was thrown away");
    // With nothing else there, it is not a backup.
    machine.burn();
    fs::remove_file(machine.at("keys").join(format!("keyring.{generation}"))).unwrap();
    assert!(matches!(machine.restore("backup", Some("keys")), Err(ServerError::Damaged)));
}
