//! Who may do what: every route and every way of a sync, for every role, one cell at a time.
//!
//! Two organisations share the region. Anna (coach), Carla (coordinator) are of werkpartners; Dirk (coach) and Corine (coordinator) of
//! zuiderlicht; the administrator is of neither. Each cell is tried by a device of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod phones;
mod town;

use std::collections::BTreeSet;

use phones::{HOME, Phone, dice};
use tempfile::tempdir;
use town::{LIMIT, Town};
use veldboek_core::clock::Day;
use veldboek_core::ids::DocumentId;
use veldboek_core::record::{Container, Scalar, Write};
use veldboek_core::statement::{Certificate, Erasure, GrantEnd, Revocation, Role, SignedStatement, Statement, Wiped};
use veldboek_core::wire::{DeviceList, ErasureDecision, InviteRequest, ItemKind, Request, RevokeRequest, VERSION, Verdict};
use veldboek_server::args::RoleName::{self, Administrator, Coach, Coordinator};
use veldboek_server::time::now;

const AWAY: &str = "zuiderlicht";

fn long_ago() -> Day {
    "2025-01-01".parse().unwrap()
}

/// Who tries, and what the three columns of a table are.
const ROLES: [(&str, RoleName); 3] = [("anna", Coach), ("carla", Coordinator), ("beheer", Administrator)];

/// The region with what the cells need.
struct Scene {
    town: Town,
    /// A dossier of werkpartners that Anna guides; one that another coach there guides; one of zuiderlicht.
    own: DocumentId,
    near: DocumentId,
    far: DocumentId,
    register: DocumentId,
}

async fn scene(folder: &std::path::Path) -> Scene {
    let town = Town::begin(folder).await;
    let mut anna = Phone::of(&town, "anna", Coach).await;
    let mut bram = Phone::of(&town, "bram", Coach).await;
    let mut dirk = Phone::in_organisation(&town, "dirk", Coach, AWAY).await;
    let own = anna.dossier("WF-2025-0001", HOME);
    let near = bram.dossier("WF-2025-0002", HOME);
    let far = dirk.dossier("ZL-2025-0001", AWAY);
    for (phone, dossier) in [(&mut anna, own), (&mut bram, near), (&mut dirk, far)] {
        phone.visit(dossier, "Kennismaking");
        phone.sync(&town).await.unwrap();
    }
    let register = anna.book.register_document().unwrap();
    Scene { town, own, near, far, register }
}

impl Scene {
    async fn phone(&self, (person, role): (&str, RoleName)) -> Phone {
        let organisation = if role == Administrator { "" } else { HOME };
        Phone::in_organisation(&self.town, person, role, organisation).await
    }

    /// A device that a cell may do something to.
    async fn victim(&self, person: &str, role: RoleName, organisation: &str) -> Phone {
        Phone::in_organisation(&self.town, person, role, organisation).await
    }
}

fn invitation(person: &str, role: Role, organisation: &str) -> Vec<u8> {
    let (person, display_name) = (person.to_owned(), person.to_owned());
    InviteRequest { version: VERSION, person, display_name, role, organisation: organisation.into() }.encode()
}

fn revocation(of: &Phone, accept_unsent: bool) -> Vec<u8> {
    RevokeRequest { version: VERSION, device: of.device(), reason: Some("verloren".into()), accept_unsent }.encode()
}

/// What is tried: in words, the method and path, the body of each try, and the status for each role.
type Tried = (&'static str, &'static str, String, Box<dyn FnMut() -> Vec<u8>>, [u16; 3]);

#[tokio::test]
async fn every_route_lets_in_the_roles_that_it_is_for() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    let sync = Request::default().encode();
    let own = scene.own;
    let decision = Box::new(move || ErasureDecision { version: VERSION, document: own, confirm: false }.encode());
    // What is tried, with the status for coach, coordinator, administrator.
    let mut number = 0;
    let mut table: Vec<Tried> = vec![
        ("exchanges", "POST", "/v1/sync".into(), Box::new(move || sync.clone()), [200, 200, 200]),
        ("lists devices", "GET", "/v1/devices".into(), Box::new(Vec::new), [403, 200, 200]),
        ("sees what waits", "GET", "/v1/quarantine".into(), Box::new(Vec::new), [403, 200, 403]),
        ("lists erasures", "GET", "/v1/erasures".into(), Box::new(Vec::new), [403, 200, 200]),
        ("decides about an erasure that nobody asked for", "POST", "/v1/erasures".into(), decision, [403, 403, 409]),
    ];
    let mut invites = |what, role, organisation: &'static str, expected| {
        number += 1;
        let base = number;
        let mut tried = 0;
        let make = Box::new(move || {
            tried += 1;
            invitation(&format!("nieuw-{base}-{tried}"), role, organisation)
        });
        (what, "POST", "/v1/invitations".to_owned(), make as Box<dyn FnMut() -> Vec<u8>>, expected)
    };
    table.push(invites("invites a coach of werkpartners", Role::Coach, HOME, [403, 200, 200]));
    table.push(invites("invites a coordinator of werkpartners", Role::Coordinator, HOME, [403, 200, 200]));
    table.push(invites("invites a coach of zuiderlicht", Role::Coach, AWAY, [403, 403, 200]));
    table.push(invites("invites an administrator", Role::Administrator, "", [403, 403, 200]));
    let near = scene.victim("bram", Coach, HOME).await;
    let far = scene.victim("dirk", Coach, AWAY).await;
    let other_administrator = scene.victim("beheer-2", Administrator, "").await;
    for (what, device, expected) in [
        ("shows a device of werkpartners", &near, [403, 200, 200]),
        ("shows a device of zuiderlicht", &far, [403, 404, 200]),
        ("shows a device of an administrator", &other_administrator, [403, 404, 200]),
    ] {
        table.push((what, "GET", format!("/v1/devices/{}", device.device()), Box::new(Vec::new), expected));
    }
    let with_unsent = revocation(&near, true);
    table.push((
        "revokes a device of werkpartners and has its unsent work taken",
        "POST",
        "/v1/revocations".into(),
        Box::new(move || with_unsent.clone()),
        [403, 403, 200],
    ));
    for (what, make, path, method, expected) in
        table.iter_mut().map(|(what, method, path, make, expected)| (what, make, path, method, expected))
    {
        for (who, status) in ROLES.into_iter().zip(*expected) {
            let mut phone = scene.phone(who).await;
            let reply = phone.ask(&scene.town, method, path, &make()).await;
            assert_eq!(reply.status, status, "{} {what}: {:?}", who.0, reply.error());
        }
    }
    // A device is revoked once, so each of these cells has its own.
    for (what, person, role, organisation, expected) in [
        ("revokes a device of werkpartners", "bram", Coach, HOME, [403, 200, 200]),
        ("revokes a coordinator's device of werkpartners", "cas", Coordinator, HOME, [403, 200, 200]),
        ("revokes a device of zuiderlicht", "dirk", Coach, AWAY, [403, 403, 200]),
        ("revokes a device of an administrator", "beheer-2", Administrator, "", [403, 403, 200]),
    ] {
        for (who, status) in ROLES.into_iter().zip(expected) {
            let mut victim = scene.victim(person, role, organisation).await;
            let mut phone = scene.phone(who).await;
            let reply = phone.ask(&scene.town, "POST", "/v1/revocations", &revocation(&victim, false)).await;
            assert_eq!(reply.status, status, "{} {what}: {:?}", who.0, reply.error());
            let refused = victim.exchange(&scene.town, &Request::default()).await.is_err();
            assert_eq!(refused, status == 200, "{} {what}: and it holds", who.0);
        }
    }
}

#[tokio::test]
async fn nobody_revokes_the_device_in_their_own_hands_or_one_that_is_not_there() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    for who in ROLES.into_iter().skip(1) {
        let mut phone = scene.phone(who).await;
        let own = revocation(&phone, false);
        assert_eq!(phone.ask(&scene.town, "POST", "/v1/revocations", &own).await.status, 409);
        let nobody = RevokeRequest {
            version: VERSION,
            device: veldboek_core::ids::DeviceId::from_bytes([9; 16]),
            reason: None,
            accept_unsent: false,
        };
        assert_eq!(phone.ask(&scene.town, "POST", "/v1/revocations", &nobody.encode()).await.status, 404);
        assert!(phone.exchange(&scene.town, &Request::default()).await.is_ok());
    }
}

#[tokio::test]
async fn coordinators_see_the_devices_of_their_organisation_and_administrators_all() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    let mut carla = scene.phone(ROLES[1]).await;
    let mut beheer = scene.phone(ROLES[2]).await;
    let mut seen = Vec::new();
    for phone in [&mut carla, &mut beheer] {
        let reply = phone.ask(&scene.town, "GET", "/v1/devices", b"").await;
        let people: BTreeSet<String> =
            DeviceList::decode(&reply.body, LIMIT).unwrap().devices.into_iter().map(|device| device.person).collect();
        seen.push(people.into_iter().collect::<Vec<_>>().join(" "));
    }
    assert_eq!(seen, ["anna bram carla", "anna beheer bram carla dirk"]);
}

/// How a verdict begins.
fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Deferred(_) => "deferred",
        Verdict::Quarantined(_) => "quarantined",
        Verdict::Refused(_) => "refused",
    }
}

/// Pushes statements as they are and gives what became of them.
async fn states(phone: &mut Phone, town: &Town, statements: &[Statement]) -> Vec<&'static str> {
    let signed = |statement| SignedStatement::sign(statement, phone.book.device_keys()).unwrap().bytes().to_vec();
    let request = Request { statements: statements.iter().map(signed).collect(), ..Request::default() };
    phone.exchange(town, &request).await.unwrap().verdicts.iter().map(kind).collect()
}

#[tokio::test]
async fn every_way_to_write_is_for_whom_it_is() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    let town = &scene.town;
    // What is tried, with the verdict for coach, coordinator, administrator.
    for (what, dossier, expected) in [
        ("writes in a dossier that Anna guides", scene.own, ["accepted", "accepted", "refused"]),
        ("writes in another dossier of werkpartners", scene.near, ["quarantined", "accepted", "refused"]),
        ("writes in a dossier of zuiderlicht", scene.far, ["quarantined", "quarantined", "refused"]),
    ] {
        for (who, verdict) in ROLES.into_iter().zip(expected) {
            let mut phone = scene.phone(who).await;
            phone.visit(dossier, &format!("Van {}", who.0));
            let verdicts = phone.push(town).await;
            assert_eq!(verdicts.iter().map(kind).collect::<Vec<_>>(), [verdict], "{} {what}", who.0);
        }
    }
    for (who, verdict) in ROLES.into_iter().zip(["accepted", "accepted", "refused"]) {
        let mut phone = scene.phone(who).await;
        phone.dossier(&format!("WF-2025-1{}", who.0), HOME);
        assert_eq!(kind(&phone.push(town).await[0]), verdict, "{} begins a dossier", who.0);
    }
    for (who, verdict) in ROLES.into_iter().zip(["refused", "accepted", "refused"]) {
        let mut phone = scene.phone(who).await;
        let school = Write {
            container: Container::Schools,
            entry: format!("school-{}", who.0),
            key: "n".into(),
            value: Scalar::Text("School".into()),
        };
        phone.book.perform(scene.register, vec![school], now(), &mut dice()).unwrap();
        assert_eq!(kind(&phone.push(town).await[0]), verdict, "{} writes the register", who.0);
    }
    for (what, dossier, expected) in [
        ("gives access to a dossier of werkpartners", scene.near, ["refused", "accepted", "refused"]),
        ("gives access to a dossier of zuiderlicht", scene.far, ["refused", "refused", "refused"]),
    ] {
        for (who, verdict) in ROLES.into_iter().zip(expected) {
            let mut phone = scene.phone(who).await;
            phone.book.grant(dossier, ("eva".into(), long_ago(), None), now(), &mut dice()).unwrap();
            let verdicts = phone.push(town).await;
            assert_eq!(kind(&verdicts[0]), verdict, "{} {what}", who.0);
        }
    }
    for (what, dossier, expected) in [
        ("ends access to a dossier of werkpartners", scene.near, ["refused", "accepted", "refused"]),
        ("ends access to a dossier of zuiderlicht", scene.far, ["refused", "refused", "refused"]),
    ] {
        for (who, verdict) in ROLES.into_iter().zip(expected) {
            let mut phone = scene.phone(who).await;
            let end = GrantEnd {
                document: dossier,
                person: "eva".into(),
                on: now().today(),
                by: who.0.into(),
                at: now().at,
                reason: None,
                decision: None,
                successor: None,
                ends: None,
            };
            assert_eq!(states(&mut phone, town, &[Statement::GrantEnd(end)]).await, [verdict], "{} {what}", who.0);
        }
    }
}

#[tokio::test]
async fn what_only_the_server_states_it_takes_from_nobody() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    let anna = scene.victim("anna", Coach, HOME).await;
    for who in ROLES {
        let mut phone = scene.phone(who).await;
        let keys = phone.book.device_keys().public();
        let statements = [
            Statement::Certificate(Certificate {
                device: keys.device(),
                keys,
                person: who.0.into(),
                display_name: who.0.into(),
                role: Role::Administrator,
                organisation: String::new(),
                label: "phone".into(),
                from: now().at,
            }),
            Statement::Revocation(Revocation {
                device: anna.device(),
                at: now().at,
                reason: None,
                accept_unsent: false,
                by: Some(who.0.into()),
            }),
            Statement::Erasure(Erasure {
                document: scene.own,
                at: now().at,
                trainee: None,
                replaced_by: None,
                withdrawn: Vec::new(),
            }),
            Statement::Wiped(Wiped {
                device: keys.device(),
                revocation: veldboek_core::chunk::ChangeHash::from_bytes([9; 32]),
                at: now().at,
                lost: 0,
            }),
        ];
        for statement in statements {
            let verdicts = states(&mut phone, &scene.town, std::slice::from_ref(&statement)).await;
            assert_eq!(verdicts, ["refused"], "{}: {statement:?}", who.0);
        }
    }
}

#[tokio::test]
async fn everyone_reads_their_part_and_administrators_no_dossier_at_all() {
    let folder = tempdir().unwrap();
    let scene = scene(folder.path()).await;
    let named = [("own", scene.own), ("near", scene.near), ("far", scene.far), ("register", scene.register)];
    let mut carla = scene.phone(ROLES[1]).await;
    let school =
        Write { container: Container::Schools, entry: "a".into(), key: "n".into(), value: Scalar::Text("School".into()) };
    carla.book.perform(scene.register, vec![school], now(), &mut dice()).unwrap();
    // An administrator whom somebody gives access sees no more than before.
    carla.book.grant(scene.near, ("beheer".into(), long_ago(), None), now(), &mut dice()).unwrap();
    carla.sync(&scene.town).await.unwrap();
    for (who, expected) in ROLES.into_iter().zip(["own register", "near own register", ""]) {
        let mut phone = scene.phone(who).await;
        let have = named.map(|(_, document)| veldboek_core::wire::Hashes { document, hashes: Vec::new() });
        // From the beginning of the feed, and asking to heal what it never had.
        let request = Request { have: have.to_vec(), contacts_since: Some(Default::default()), ..Request::default() };
        let answer = phone.exchange(&scene.town, &request).await.unwrap();
        let read: BTreeSet<&str> = answer
            .items
            .iter()
            .filter(|item| item.kind == ItemKind::Change)
            .map(|item| veldboek_core::envelope::SignedChange::decode(&item.bytes).unwrap().document())
            .filter_map(|document| named.iter().find(|(_, known)| *known == document).map(|(name, _)| *name))
            .collect();
        assert_eq!(read.into_iter().collect::<Vec<_>>().join(" "), expected, "{} reads", who.0);
        let about = answer
            .items
            .iter()
            .filter(|item| item.kind == ItemKind::Statement)
            .filter_map(|item| SignedStatement::decode(&item.bytes).unwrap().statement().document());
        assert_eq!(about.count() > 0, who.1 != Administrator, "{} hears about dossiers", who.0);
        assert_eq!(answer.contacts.is_empty(), who.1 == Coach, "{} hears of contacts", who.0);
        assert!(answer.heads.iter().all(|heads| expected.contains(name_of(&named, heads.document))), "{}", who.0);
        assert!(answer.missing.is_empty(), "{}", who.0);
    }
}

fn name_of<'a>(named: &[(&'a str, DocumentId)], document: DocumentId) -> &'a str {
    named.iter().find(|(_, known)| *known == document).map_or("?", |(name, _)| *name)
}
