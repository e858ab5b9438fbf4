//! Anna's phone is gone. From the moment that it is revoked it hears nothing any more; at its next contact it hands in what it may
//! and wipes itself, and says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod phones;
mod town;

use std::sync::Arc;

use phones::{HOME, Phone, dice, holds};
use tempfile::tempdir;
use town::{LIMIT, Reply, Town};
use veldboek_core::cache::NoCache;
use veldboek_core::clock::Day;
use veldboek_core::field_book::{FieldBook, FieldBookError, Next, Revoked, SyncError};
use veldboek_core::ids::DocumentId;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::Lang;
use veldboek_core::statement::{Revocation, SignedStatement, Statement, Wiped};
use veldboek_core::wipe;
use veldboek_core::wire::{
    DeviceInfo, DeviceList, ErrorAnswer, ErrorCode, Reason, Request, RevokeAnswer, RevokeRequest, VERSION, Verdict,
};
use veldboek_server::admin;
use veldboek_server::args::RoleName;
use veldboek_server::time::now;

/// A word that stands in Anna's dossiers only.
const CANARY: &str = "kanariegeel";

fn long_ago() -> Day {
    "2025-01-01".parse().unwrap()
}

/// The administrator revokes a device at the machine, beside the running server.
fn revoke(town: &Town, phone: &Phone, accept_unsent: bool) {
    let id = phone.device().to_string();
    admin::revoke(&town.settings, &id, Some("telefoon verloren".into()), accept_unsent, Lang::En).expect("a revocation");
}

/// The signed revocation that a refusal carries.
fn word(reply: &Reply) -> Vec<u8> {
    let answer = ErrorAnswer::decode(&reply.body, LIMIT).unwrap();
    assert_eq!((reply.status, answer.code), (403, ErrorCode::Revoked));
    assert!(!answer.revocation.is_empty(), "the refusal carries the proof");
    answer.revocation
}

/// The phone makes contact and hears that it is revoked.
async fn hears(phone: &mut Phone, town: &Town) -> Revoked {
    let refused = phone.sync(town).await.expect_err("a revoked device is refused");
    phone.book.take_revocation(&word(&refused), &mut dice()).unwrap()
}

async fn shown(by: &mut Phone, town: &Town, phone: &Phone) -> DeviceInfo {
    let reply = by.ask(town, "GET", &format!("/v1/devices/{}", phone.device()), b"").await;
    assert_eq!(reply.status, 200, "{:?}", reply.error());
    DeviceList::decode(&reply.body, LIMIT).unwrap().devices.remove(0)
}

/// Carla with a dossier of three visits that Anna guides.
async fn cast(town: &Town) -> (Phone, Phone, DocumentId) {
    let mut carla = Phone::of(town, "carla", RoleName::Coordinator).await;
    let anna = Phone::of(town, "anna", RoleName::Coach).await;
    let dossier = carla.dossier("WF-2025-0001", HOME);
    carla.book.grant(dossier, ("anna".into(), long_ago(), None), now(), &mut dice()).unwrap();
    for number in 0..3 {
        carla.visit(dossier, &format!("Bezoek {number} {CANARY}"));
    }
    carla.sync(town).await.unwrap();
    (carla, anna, dossier)
}

#[tokio::test]
async fn a_revocation_in_the_middle_of_a_paged_answer_stops_it_at_the_next_page() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    // One line a page, so that there is a middle.
    let mut pages = 0;
    loop {
        let (request, sent) = anna.book.request(None).unwrap();
        let answer = anna.exchange(&town, &Request { page: Some(1), ..request }).await.expect("a welcome device");
        pages += 1;
        let content = answer.items.iter().any(|item| holds(&item.bytes, CANARY));
        assert!(answer.more, "the answer has more pages");
        anna.take(sent, answer);
        if content {
            break;
        }
    }
    assert!(pages >= 2);
    let held = anna.summaries(dossier);
    assert_eq!(held.len(), 1, "some of it is here and some is not");
    revoke(&town, &anna, false);
    // The same cursor, a cursor of nothing, a list for healing, a delivery: none brings a byte of it.
    let (request, _) = anna.book.request(None).unwrap();
    for request in [
        request.clone(),
        Request { cursor: Vec::new(), ..Request::default() },
        Request { push_only: true, ..request.clone() },
        Request { have: vec![veldboek_core::wire::Hashes { document: dossier, hashes: Vec::new() }], ..request },
    ] {
        let refused = anna.exchange(&town, &request).await.expect_err("no page after the revocation");
        word(&refused);
        assert!(!holds(&refused.body, CANARY));
    }
    for path in ["/v1/devices", "/v1/erasures"] {
        assert_eq!(anna.ask(&town, "GET", path, b"").await.error(), Some(ErrorCode::Revoked), "{path}");
    }
    // What a finder could see is known: the dossier, though the phone has only part of it.
    let info = shown(&mut carla, &town, &anna).await;
    assert_eq!((info.documents, info.reason.as_deref()), (vec![dossier], Some("telefoon verloren")));
}

#[tokio::test]
async fn a_lost_phone_delivers_under_permission_into_quarantine_and_wipes_itself() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    anna.sync(&town).await.unwrap();
    anna.visit(dossier, "In de kelder geschreven");
    let begun = anna.dossier("WF-2025-0002", HOME);
    anna.visit(begun, "Kennismaking");
    revoke(&town, &anna, true);

    let revoked = hears(&mut anna, &town).await;
    assert_eq!((revoked.may_deliver, revoked.unsent, revoked.reason.as_deref()), (true, 3, Some("telefoon verloren")));
    let refused = anna.book.perform(dossier, Vec::new(), now(), &mut dice()).unwrap_err();
    assert!(matches!(refused, FieldBookError::Revoked), "nothing is written on it any more");

    carla.visit(dossier, &format!("Later geschreven {CANARY}"));
    carla.sync(&town).await.unwrap();
    let (request, sent) = anna.book.delivery().unwrap();
    let answer = anna.exchange(&town, &request).await.expect("a delivery is heard");
    assert!(answer.items.is_empty() && answer.cursor.is_empty() && answer.contacts.is_empty() && answer.heads.is_empty());
    assert!(!holds(&answer.encode(), CANARY), "a delivery brings nothing back");
    assert!(matches!(answer.verdicts[0], Verdict::Accepted { .. }), "the dossier begins, so that the work has a place");
    assert!(matches!(answer.verdicts[1], Verdict::Accepted { .. }), "the leave itself is known");
    let waits = |verdict: &Verdict| matches!(verdict, Verdict::Quarantined(why) if why.reason == Reason::Revoked);
    assert!(answer.verdicts[2..].iter().all(waits), "{:?}", answer.verdicts);
    let delivered = anna.book.delivered(sent, answer, now(), &mut dice()).unwrap();
    assert_eq!((delivered.next, delivered.outcome.quarantined), (Next::Wipe, 3));

    let wiped = anna.book.wipe(now()).unwrap();
    assert_eq!((wiped.lost, wiped.told), (0, false));
    assert_eq!(anna.disk.list().unwrap(), ["wiped"], "one small file is left");
    let again = FieldBook::open(anna.disk.clone(), Arc::new(NoCache), &anna.key);
    assert!(matches!(again, Err(FieldBookError::Wiped)));

    let before = records(&town);
    for _ in 0..2 {
        // The answer got lost: it says so again, and is heard once.
        assert_eq!(town.post("/v1/wiped", &[], &wiped.statement).await.status, 200);
    }
    assert_eq!(records(&town), before + 1);
    let info = shown(&mut carla, &town, &anna).await;
    assert_eq!((info.wiped.is_some(), info.lost, info.accept_unsent), (true, Some(0), true));
    // It waits: nobody reads it before a coordinator decides.
    carla.sync(&town).await.unwrap();
    assert!(!carla.summaries(dossier).contains(&"In de kelder geschreven".to_owned()));
    assert!(
        carla.book.dossiers().unwrap().iter().all(|(_, dossier)| dossier.trainee.reference.as_deref() != Some("WF-2025-0002"))
    );
    // What follows it is known, and nothing but a delivery is heard.
    let before = records(&town);
    let again = anna.exchange(&town, &request).await.expect("the same once more");
    assert!(again.items.is_empty() && again.verdicts[2..].iter().all(waits), "{:?}", again.verdicts);
    assert_eq!(records(&town), before);
    let asks = anna.exchange(&town, &Request::default()).await.expect_err("it is revoked");
    assert_eq!(asks.error(), Some(ErrorCode::Revoked));
}

#[tokio::test]
async fn a_backup_of_a_phone_that_wiped_itself_delivers_what_it_has_and_wipes_itself_too() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    anna.sync(&town).await.unwrap();
    let mut backup = anna.backup();
    backup.visit(dossier, "Alleen in de reservekopie");
    revoke(&town, &anna, true);
    assert!(hears(&mut anna, &town).await.may_deliver);
    let (request, sent) = anna.book.delivery().unwrap();
    let answer = anna.exchange(&town, &request).await.expect("a delivery is heard");
    assert_eq!(anna.book.delivered(sent, answer, now(), &mut dice()).unwrap().next, Next::Wipe);
    let wiped = anna.book.wipe(now()).unwrap();
    assert_eq!(town.post("/v1/wiped", &[], &wiped.statement).await.status, 200);

    // Weeks later the phone's backup is put back. The nonce of then is gone; the answer brings another.
    let stale = backup.exchange(&town, &Request::default()).await.unwrap_err();
    assert_eq!(stale.error(), Some(ErrorCode::StaleNonce));
    let revoked = hears(&mut backup, &town).await;
    assert_eq!((revoked.may_deliver, revoked.unsent), (true, 1));
    let (request, sent) = backup.book.delivery().unwrap();
    let answer = backup.exchange(&town, &request).await.expect("what is only there is taken, also now");
    assert!(answer.items.is_empty() && !holds(&answer.encode(), CANARY));
    let delivered = backup.book.delivered(sent, answer, now(), &mut dice()).unwrap();
    assert_eq!((delivered.next, delivered.outcome.quarantined), (Next::Wipe, 1));
    let wiped = backup.book.wipe(now()).unwrap();
    assert_eq!(wiped.lost, 0);
    assert_eq!(town.post("/v1/wiped", &[], &wiped.statement).await.status, 200);
    assert!(shown(&mut carla, &town, &anna).await.wiped.is_some());
}

fn records(town: &Town) -> u64 {
    admin::verify(&town.settings, None, Lang::En).unwrap().records
}

#[tokio::test]
async fn without_permission_nothing_is_taken_and_the_server_hears_how_much_was_lost() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    anna.sync(&town).await.unwrap();
    anna.visit(dossier, "Alleen hier");
    anna.visit(dossier, "En dit ook");
    revoke(&town, &anna, false);
    let revoked = hears(&mut anna, &town).await;
    assert_eq!((revoked.may_deliver, revoked.unsent), (false, 2));
    assert_eq!(shown(&mut carla, &town, &anna).await.unsynced, Some(2), "the refused contact says what is on it");
    let (request, _) = anna.book.delivery().unwrap();
    assert_eq!(anna.exchange(&town, &request).await.expect_err("not allowed").error(), Some(ErrorCode::Revoked));

    let wiped = anna.book.wipe(now()).unwrap();
    assert_eq!(wiped.lost, 2);
    assert_eq!(town.post("/v1/wiped", &[], &wiped.statement).await.status, 200);
    let info = shown(&mut carla, &town, &anna).await;
    assert_eq!((info.wiped.is_some(), info.lost), (true, Some(2)));
    let late = admin::allow_unsent(&town.settings, &anna.device().to_string(), Lang::En).unwrap_err().to_string();
    assert!(late.contains("nothing more can come"), "{late}");
}

#[tokio::test]
async fn the_administrator_may_allow_the_delivery_later_and_a_coordinator_may_not() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    let mut beheer = Phone::in_organisation(&town, "beheer", RoleName::Administrator, "").await;
    anna.sync(&town).await.unwrap();
    anna.visit(dossier, "In de schuur geschreven");
    let order =
        |accept_unsent| RevokeRequest { version: VERSION, device: anna.device(), reason: Some("gestolen".into()), accept_unsent };
    let (plain, allowed) = (order(false).encode(), order(true).encode());
    let reply = carla.ask(&town, "POST", "/v1/revocations", &allowed).await;
    assert_eq!((reply.status, reply.error()), (403, Some(ErrorCode::NotAllowed)));
    assert_eq!(shown(&mut carla, &town, &anna).await.revoked, None, "what was not allowed did nothing");
    let revoked = carla.ask(&town, "POST", "/v1/revocations", &plain).await;
    let first = RevokeAnswer::decode(&revoked.body, LIMIT).unwrap();
    assert_eq!((first.accept_unsent, first.unsynced), (false, Some(0)));
    assert!(!hears(&mut anna, &town).await.may_deliver);

    let reply = beheer.ask(&town, "POST", "/v1/revocations", &allowed).await;
    let second = RevokeAnswer::decode(&reply.body, LIMIT).unwrap();
    assert_eq!((second.accept_unsent, second.at), (true, first.at), "revoked since the first time");
    let count = records(&town);
    beheer.ask(&town, "POST", "/v1/revocations", &plain).await;
    assert_eq!(records(&town), count, "said again it changes nothing, and takes nothing back");
    let revoked = hears(&mut anna, &town).await;
    assert_eq!((revoked.may_deliver, revoked.unsent), (true, 1));
}

#[tokio::test]
async fn nobody_but_the_server_can_have_a_device_wipe_itself_or_say_that_it_did() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    anna.sync(&town).await.unwrap();
    anna.visit(dossier, "Alleen hier");
    let about = |device| {
        Statement::Revocation(Revocation { device, at: now().at, reason: None, accept_unsent: false, by: Some("carla".into()) })
    };
    let stranger = DeviceKeys::generate(&mut dice());
    let forged = SignedStatement::sign(&about(anna.device()), &stranger).unwrap();
    let by_carla = SignedStatement::sign(&about(anna.device()), carla.book.device_keys()).unwrap();
    for word in [forged.bytes(), by_carla.bytes(), b"nonsense"] {
        assert!(matches!(anna.book.take_revocation(word, &mut dice()), Err(SyncError::Nonsense(_))));
    }
    // The real word, about somebody else.
    let mut bram = Phone::of(&town, "bram", RoleName::Coach).await;
    revoke(&town, &bram, false);
    let refused = bram.sync(&town).await.unwrap_err();
    assert!(matches!(anna.book.take_revocation(&word(&refused), &mut dice()), Err(SyncError::Nonsense(_))));
    assert!(matches!(anna.book.wipe(now()), Err(SyncError::Nonsense(_))), "a device that was not revoked does not wipe");
    assert_eq!(anna.summaries(dossier).len(), 4);

    // And only the device itself says that it is done, about a revocation that there was.
    bram.book.take_revocation(&word(&refused), &mut dice()).unwrap();
    let obeyed = veldboek_core::ledger::statement_hash(&word(&refused));
    let said = |device, keys: &DeviceKeys, revocation| {
        let wiped = Statement::Wiped(Wiped { device, revocation, at: now().at, lost: 0 });
        SignedStatement::sign(&wiped, keys).unwrap().bytes().to_vec()
    };
    let device = bram.device();
    for lie in [
        said(device, anna.book.device_keys(), obeyed),
        said(anna.device(), anna.book.device_keys(), obeyed),
        said(device, bram.book.device_keys(), veldboek_core::chunk::ChangeHash::from_bytes([9; 32])),
        forged.bytes().to_vec(),
        b"nonsense".to_vec(),
    ] {
        assert_ne!(town.post("/v1/wiped", &[], &lie).await.status, 200);
    }
    assert_eq!(shown(&mut carla, &town, &bram).await.wiped, None);
    let wiped = bram.book.wipe(now()).unwrap();
    assert_eq!(town.post("/v1/wiped", &[], &wiped.statement).await.status, 200);
}

#[tokio::test]
async fn a_delivery_that_the_server_did_not_sign_for_destroys_nothing() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (_, mut anna, dossier) = cast(&town).await;
    anna.sync(&town).await.unwrap();
    anna.visit(dossier, "Alleen hier");
    revoke(&town, &anna, true);
    hears(&mut anna, &town).await;
    let (request, sent) = anna.book.delivery().unwrap();
    let honest = anna.exchange(&town, &request).await.unwrap();
    let mut deaf = honest.clone();
    deaf.kept = None;
    let outcome = anna.book.delivered(sent, deaf, now(), &mut dice());
    assert!(matches!(outcome, Err(SyncError::Nonsense(_))), "{outcome:?}");
    // A proxy that swallowed the work and says that it was taken.
    let (_, sent) = anna.book.delivery().unwrap();
    let mut lying = anna.exchange(&town, &Request { changes: Vec::new(), ..request.clone() }).await.unwrap();
    lying.verdicts = honest.verdicts.clone();
    let outcome = anna.book.delivered(sent, lying, now(), &mut dice());
    assert!(matches!(outcome, Err(SyncError::Nonsense(_))), "{outcome:?}");
    assert_eq!(anna.book.revoked().unwrap().unsent, 1, "it is still here, and still to be delivered");
    let (request, sent) = anna.book.delivery().unwrap();
    let answer = anna.exchange(&town, &request).await.unwrap();
    assert_eq!(anna.book.delivered(sent, answer, now(), &mut dice()).unwrap().next, Next::Wipe);
}

#[tokio::test]
async fn what_a_device_could_hold_is_known_also_when_it_lies_in_a_drawer() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, first) = cast(&town).await;
    let mut beheer = Phone::in_organisation(&town, "beheer", RoleName::Administrator, "").await;
    assert_eq!(shown(&mut carla, &town, &anna).await.documents, [], "it has never been in contact");
    anna.sync(&town).await.unwrap();
    let info = shown(&mut beheer, &town, &anna).await;
    assert_eq!((info.documents, info.lock), (vec![first], Some(veldboek_core::keyring::LockState::None)));

    // Another coach takes over; Anna's phone does not hear it, so it could still hold the dossier.
    let end = veldboek_core::statement::GrantEnd {
        document: first,
        person: "anna".into(),
        on: now().today(),
        by: "carla".into(),
        at: now().at,
        reason: None,
        decision: None,
        successor: None,
        ends: None,
    };
    let end = SignedStatement::sign(&Statement::GrantEnd(end), carla.book.device_keys()).unwrap();
    let request = Request { statements: vec![end.bytes().to_vec()], ..Request::default() };
    let answer = carla.exchange(&town, &request).await.unwrap();
    assert!(matches!(answer.verdicts[..], [Verdict::Accepted { .. }]), "{:?}", answer.verdicts);
    carla.sync(&town).await.unwrap();
    assert_eq!(shown(&mut beheer, &town, &anna).await.documents, [first]);
    revoke(&town, &anna, false);
    // What opens for Anna after that never reached this phone.
    let second = carla.dossier("WF-2025-0009", HOME);
    carla.book.grant(second, ("anna".into(), long_ago(), None), now(), &mut dice()).unwrap();
    carla.sync(&town).await.unwrap();
    assert_eq!(shown(&mut carla, &town, &anna).await.documents, [first]);

    // Her new phone fetched the second only, and what it had was dropped on time.
    let mut fresh = Phone::of(&town, "anna", RoleName::Coach).await;
    fresh.sync(&town).await.unwrap();
    assert_eq!(shown(&mut carla, &town, &fresh).await.documents, [second]);
}

#[tokio::test]
async fn a_colleague_who_carries_the_work_of_a_revoked_device_brings_it_into_quarantine_only() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (mut carla, mut anna, dossier) = cast(&town).await;
    let mut corine = Phone::of(&town, "corine", RoleName::Coordinator).await;
    anna.sync(&town).await.unwrap();
    carla.sync(&town).await.unwrap();
    anna.visit(dossier, "Per bundel meegegeven");
    let (bundle, _) = anna.book.export_bundle(false, &[], now(), &mut dice()).unwrap();
    // Carla takes it in before she hears of the revocation, and brings it along.
    let merged = carla.book.merge_bundle(&bundle, now(), &mut dice()).unwrap();
    assert_eq!(merged.received, 1);
    revoke(&town, &anna, false);
    let verdicts = carla.push(&town).await;
    assert!(matches!(&verdicts[..], [Verdict::Quarantined(why)] if why.reason == Reason::Revoked), "{verdicts:?}");
    // Corine hears of it first: she only carries what nobody but this device vouches for.
    corine.sync(&town).await.unwrap();
    let (bundle, _) = anna.book.export_bundle(false, &[], now(), &mut dice()).unwrap();
    let merged = corine.book.merge_bundle(&bundle, now(), &mut dice()).expect("it is sealed to her too");
    assert_eq!((merged.received, merged.carried, merged.refused.len()), (0, 1, 0), "{merged:?}");
    let known = format!("{:?}", corine.book.dossier(dossier).unwrap().visits);
    assert!(!known.contains("Per bundel meegegeven"), "it counts nowhere: {known}");
    let verdicts = corine.push(&town).await;
    assert!(matches!(&verdicts[..], [Verdict::Quarantined(_)]), "it waits already: {verdicts:?}");
}

#[tokio::test]
async fn an_order_to_revoke_counts_once() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let (carla, anna, _) = cast(&town).await;
    let order = RevokeRequest { version: VERSION, device: anna.device(), reason: None, accept_unsent: false }.encode();
    let headers = carla.signed(&town, "POST", "/v1/revocations", &order);
    assert_eq!(town.post("/v1/revocations", &headers, &order).await.status, 200);
    let before = records(&town);
    let replayed = town.post("/v1/revocations", &headers, &order).await;
    assert_eq!((replayed.status, replayed.error()), (401, Some(ErrorCode::StaleNonce)));
    // A restart forgets no nonce that was used.
    let town = Town::begin_with(town.end().await).await;
    let replayed = town.post("/v1/revocations", &headers, &order).await;
    assert_eq!((replayed.status, replayed.error()), (401, Some(ErrorCode::StaleNonce)));
    assert!(records(&town) - before <= 1, "at most the contacts that were only heard");
    assert!(wipe::found(&*anna.disk).unwrap().is_none());
}
