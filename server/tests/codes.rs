//! A stranger guesses codes while Anna waits for hers: guessing gains nothing, and spoils nobody's code but one whose name was known.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod town;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tempfile::tempdir;
use town::{Reply, Town, ahead};
use veldboek_core::audit::AuditView;
use veldboek_core::journal::Journal;
use veldboek_core::keyring::Keyring;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::wire::{EnrolRequest, ErrorCode};
use veldboek_server::args::RoleName;
use veldboek_server::config::{Limits, Settings};

fn keys() -> DeviceKeys {
    DeviceKeys::generate(&mut UnwrapErr(SysRng))
}

async fn enrol(town: &Town, code: &str) -> Reply {
    town.post("/v1/enrol", &[], &EnrolRequest::new(code, &keys(), "phone", Some("gooi")).encode()).await
}

/// The same name with another secret.
fn wrong_secret(code: &str) -> String {
    let last = if code.ends_with('2') { "3" } else { "2" };
    format!("{}{last}", &code[..code.len() - 1])
}

fn records(settings: &Settings) -> u64 {
    veldboek_server::admin::verify(settings, None, veldboek_core::record::Lang::En).unwrap().records
}

#[tokio::test]
async fn a_stranger_who_guesses_voids_nobodys_code_and_cannot_fill_the_disk() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (anna, bram) = (town.code_for("anna", RoleName::Coach), town.code_for("bram", RoleName::Coach));
    let before = records(&town.settings);
    for guess in ["22222-22222-22222", "2222-2222-2222", "", "Z", "Ω22222222222222", "99999-99999-99999-9"] {
        for _ in 0..3 {
            let reply = enrol(&town, guess).await;
            assert_eq!((reply.status, reply.error()), (403, Some(ErrorCode::WrongCode)), "{guess}");
        }
    }
    assert!(records(&town.settings) <= before + 1, "one line for the auditor, whatever he tries");
    assert_eq!(enrol(&town, &anna).await.status, 200);
    // As people type it.
    assert_eq!(enrol(&town, &bram.to_lowercase().replace('-', " ")).await.status, 200);

    // Nothing was forgotten either: what was only counted is written when the server stops.
    let settings = town.end().await;
    let lines = lines(&settings, "AUTHENTICATION_FAILED");
    assert_eq!((lines.len(), lines.iter().map(|(_, count)| count).sum::<u64>()), (2, 18), "{lines:?}");
    assert!(lines.iter().all(|(reason, _)| reason == "WRONG_CODE"));
}

#[tokio::test]
async fn who_did_not_prove_who_asks_is_in_the_record_book_by_reason() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    for _ in 0..4 {
        assert_eq!(town.post("/v1/sync", &[], b"").await.status, 401);
    }
    let settings = town.end().await;
    let lines = lines(&settings, "AUTHENTICATION_FAILED");
    assert_eq!(lines.iter().map(|(_, count)| count).sum::<u64>(), 4, "{lines:?}");
    assert!(lines.iter().all(|(reason, _)| reason == "BAD_SIGNATURE"), "{lines:?}");
}

/// The auditor's lines of this kind: why, and how often.
fn lines(settings: &Settings, action: &str) -> Vec<(String, u64)> {
    let (disk, wrapping) = veldboek_server::setup::existing(settings).unwrap();
    let keyring = Keyring::open(&*disk, &wrapping).unwrap();
    let (mut view, mut lines) = (AuditView::default(), Vec::new());
    let mut take = |record| lines.extend(view.line(&record).unwrap());
    Journal::open(disk).unwrap().read_new(&keyring, &mut take).unwrap();
    let lines = lines.into_iter().filter(|line| line.action == action);
    lines.map(|line| (line.reason.unwrap_or_default(), line.count.unwrap_or_default())).collect()
}

#[tokio::test]
async fn five_wrong_secrets_void_the_code_that_was_named_also_across_a_restart_and_no_other() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (anna, bram) = (town.code_for("anna", RoleName::Coach), town.code_for("bram", RoleName::Coach));
    for _ in 0..3 {
        assert_eq!(enrol(&town, &wrong_secret(&anna)).await.error(), Some(ErrorCode::WrongCode));
    }
    let town = Town::begin_with(town.end().await).await;
    for _ in 0..4 {
        assert_eq!(enrol(&town, &wrong_secret(&anna)).await.error(), Some(ErrorCode::WrongCode));
    }
    // Three and two; further ones are only counted, for the auditor.
    assert_eq!(lines(&town.settings, "WRONG_CODE").len(), 5);
    // Who has the code hears what to do; who guesses learns nothing, not even that it is void.
    assert_eq!(enrol(&town, &anna).await.error(), Some(ErrorCode::ExpiredCode));
    assert_eq!(enrol(&town, &wrong_secret(&anna)).await.error(), Some(ErrorCode::WrongCode));
    assert_eq!(enrol(&town, &bram).await.status, 200, "Bram's code is another one");
    town.enrol("anna", RoleName::Coach).await;
}

#[tokio::test]
async fn four_wrong_secrets_are_four_typing_errors() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let anna = town.code_for("anna", RoleName::Coach);
    for _ in 0..4 {
        assert_eq!(enrol(&town, &wrong_secret(&anna)).await.error(), Some(ErrorCode::WrongCode));
    }
    assert_eq!(enrol(&town, &anna).await.status, 200);
    assert_eq!(enrol(&town, &anna).await.error(), Some(ErrorCode::WrongCode), "good once");
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let settings = Settings { region: Some("gooi".into()), clock: ahead(&minutes), ..Settings::for_store(folder.path()) };
    let town = Town::begin_with(settings).await;
    let (anna, bram) = (town.code_for("anna", RoleName::Coach), town.code_for("bram", RoleName::Coach));
    minutes.store(9, Ordering::SeqCst);
    assert_eq!(enrol(&town, &anna).await.status, 200);
    minutes.store(11, Ordering::SeqCst);
    let late = enrol(&town, &bram).await;
    assert_eq!((late.status, late.error()), (403, Some(ErrorCode::ExpiredCode)));
}

#[tokio::test]
async fn whoever_floods_hears_only_later_and_a_right_code_still_enrols_also_after_a_restart() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let limits = Limits { wrong_requests: 5, lockout: Duration::from_secs(600), ..Limits::default() };
    let settings = Settings { region: Some("gooi".into()), limits, clock: ahead(&minutes), ..Settings::for_store(folder.path()) };
    let town = Town::begin_with(settings).await;
    let (anna, bram) = (town.code_for("anna", RoleName::Coach), town.code_for("bram", RoleName::Coach));
    for _ in 0..6 {
        assert_eq!(enrol(&town, "22222-22222-22222").await.error(), Some(ErrorCode::WrongCode));
    }
    // From here on a name that exists and one that does not are answered alike, and neither with a reason.
    for guess in ["22222-22222-22222".to_owned(), wrong_secret(&anna)] {
        let reply = enrol(&town, &guess).await;
        assert_eq!((reply.status, reply.error()), (429, Some(ErrorCode::TooMany)));
        let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=601).contains(&seconds), "{seconds}");
    }
    assert_eq!(enrol(&town, &anna).await.status, 200);

    let town = Town::begin_with(town.end().await).await;
    assert_eq!(enrol(&town, "22222-22222-22222").await.error(), Some(ErrorCode::TooMany), "the restart lifted nothing");
    assert_eq!(enrol(&town, &bram).await.status, 200);
    minutes.store(11, Ordering::SeqCst);
    assert_eq!(enrol(&town, "22222-22222-22222").await.error(), Some(ErrorCode::WrongCode));
}
