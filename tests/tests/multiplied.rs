//! Mallory coaches, and passes on what others signed: the signature covers what is stated and not the envelope around it, so that
//! he could make as many different ones of a revocation as he likes, all signed rightly, that every phone keeps for ever.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::admission::Step;
use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::ids::{DocumentId, EntryId};
use veldboek_core::journal::Kind;
use veldboek_core::limits::{MAX_PUSHED_STATEMENTS, MAX_STATEMENT};
use veldboek_core::statement::{ErasureRequest, Grant, GrantEnd, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{RegionError, Work};
use veldboek_core::wire::{Reason, Request, RevokeRequest, VERSION, Verdict};
use veldboek_tests::{Device, Field};

/// The same statement, signed rightly, in other envelopes: with something added that the signature does not cover, and with
/// lengths in more bytes than they need.
fn in_other_envelopes(bytes: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!((bytes[0], bytes[1], bytes[2]), (0xa3, 0, 0x58), "a map of three, first what is stated");
    let added = |junk: u8| [&[0xa4], &bytes[1..], &[0x18, 99, junk]].concat();
    let longer = [&bytes[..2], &[0x59, 0], &bytes[3..]].concat();
    let longest = [&[0xb8, 3][..], &bytes[1..]].concat();
    let mut others: Vec<Vec<u8>> = (0..20).map(added).collect();
    others.extend([longer, longest]);
    let first = SignedStatement::decode(bytes).unwrap();
    for other in &others {
        let other = SignedStatement::decode(other).expect("it can be read");
        assert_eq!((other.statement(), other.id()), (first.statement(), first.id()), "and says the same");
    }
    others
}

/// A region in which a phone was revoked, and the revocation as everybody has it.
fn with_revocation(seed: u64) -> (Field, Device, Device, Vec<u8>) {
    let mut field = Field::new(seed);
    let lost = field.enrolled("anna", Role::Coach);
    let (mallory, bram) = (field.enrolled("mallory", Role::Coach), field.enrolled("bram", Role::Coach));
    let revoke = RevokeRequest { version: VERSION, device: lost.book.identity().device, reason: None, accept_unsent: false };
    field.server(Work::Revoke(None, revoke)).unwrap();
    let items = field.answer_to(&mallory, Request::default()).items;
    let is_it = |bytes: &Vec<u8>| {
        SignedStatement::decode(bytes).is_ok_and(|signed| matches!(signed.statement(), Statement::Revocation(_)))
    };
    let revocation = items.into_iter().map(|item| item.bytes).find(is_it).unwrap();
    (field, mallory, bram, revocation)
}

#[test]
fn a_statement_in_another_envelope_is_refused_and_nothing_of_it_is_kept() {
    let (mut field, mallory, mut bram, revocation) = with_revocation(601);
    field.sync(&mut bram);
    let before = field.records().len();
    let statements = in_other_envelopes(&revocation);
    let answer = field.answer_to(&mallory, Request { statements, ..Request::default() });
    for verdict in &answer.verdicts {
        let Verdict::Refused(why) = verdict else { panic!("{verdict:?}") };
        assert_eq!((why.step, why.reason), (Some(Step::Envelope), Reason::Malformed));
    }
    let revocations = field.records().into_iter().filter(|record| record.kind == Kind::Revocation).count();
    assert_eq!(revocations, 1);
    assert!(field.records().len() <= before + 3, "lines about the contact and about what was refused");
    let (request, _) = bram.book.request(None).unwrap();
    assert_eq!(field.answer_to(&bram, request).items, [], "nobody else hears of it");
    // As it is it is known.
    let answer = field.answer_to(&mallory, Request { statements: vec![revocation], ..Request::default() });
    assert!(matches!(answer.verdicts[..], [Verdict::Accepted { .. }]));
}

#[test]
fn a_bundle_brings_a_statement_once_in_whichever_envelope() {
    let (mut field, mallory, mut bram, revocation) = with_revocation(602);
    let size = |device: &Device| {
        let names = device.disk().list().unwrap().into_iter().filter(|name| name.starts_with("journal/"));
        names.map(|name| device.disk().len(&name).unwrap().unwrap()).sum::<u64>()
    };
    let bundle = |field: &mut Field, statements| {
        let content = Content { statements, ..Content::default() };
        let (from, to) = (mallory.book.identity().device, [bram.book.device_keys().public()]);
        Bundle::seal(&content, "kennemerland", from, &to, &mut field.dice).unwrap()
    };
    let variants = bundle(&mut field, in_other_envelopes(&revocation));
    let twice = bundle(&mut field, vec![revocation.clone(), revocation.clone()]);
    let before = size(&bram);
    bram.book.merge_bundle(&variants, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(size(&bram), before, "none of these would be taken by the server");
    bram.book.merge_bundle(&twice, field.clock.now(), &mut field.dice).unwrap();
    let once = size(&bram) - before;
    assert!(once < 2 * revocation.len() as u64 + 200, "{once}");
    bram.book.merge_bundle(&variants, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(size(&bram), before + once);
}

#[test]
fn a_leave_to_deliver_is_not_taken_back_in_another_envelope() {
    let mut field = Field::new(604);
    let phone = field.enrolled("mallory", Role::Coach).book.identity().device;
    let revoke = |field: &mut Field, accept_unsent| {
        let order = RevokeRequest { version: VERSION, device: phone, reason: None, accept_unsent };
        field.server(Work::Revoke(None, order)).unwrap();
    };
    revoke(&mut field, false);
    let old = field.backup();
    revoke(&mut field, true);
    let leave = field.region.revocation(&phone).unwrap().unwrap();
    // The server forgot the leave; whoever holds the phone says it again, with as much around it as fits.
    field.restore(&old, &old);
    let deliver = |field: &mut Field, bytes: Vec<u8>| {
        let request = Request { push_only: true, statements: vec![bytes], ..Request::default() };
        field.server(Work::Exchange(phone, request.into()))
    };
    let revocations = |field: &Field| field.records().into_iter().filter(|record| record.kind == Kind::Revocation).count();
    let large = [&[0xa4], &leave[1..], &[0x18, 99, 0x59, 0x70, 0], &[7; 0x7000]].concat();
    assert!(SignedStatement::decode(&large).is_ok(), "it can be read");
    for other in in_other_envelopes(&leave).into_iter().chain([large]) {
        let told = deliver(&mut field, other);
        assert!(matches!(told, Err(RegionError::NotWelcome)), "{told:?}");
    }
    assert_eq!(revocations(&field), 1);
    // As the server signed it, it counts.
    assert!(deliver(&mut field, leave).is_ok());
    assert_eq!(revocations(&field), 2);
}

/// Statements of a coordinator who does not stop.
struct Carla<'a> {
    device: &'a Device,
    dossier: DocumentId,
}

impl Carla<'_> {
    fn sign(&self, statement: Statement) -> Vec<u8> {
        let signed = SignedStatement::sign(&statement, self.device.book.device_keys()).unwrap();
        assert!(signed.bytes().len() <= MAX_STATEMENT);
        signed.bytes().to_vec()
    }

    fn grant(&self, field: &Field, number: u64) -> Vec<u8> {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        self.sign(Statement::Grant(Grant {
            id: EntryId::from_bytes(id),
            document: self.dossier,
            person: format!("coach-{number}"),
            from: field.clock.now().today(),
            until: None,
            note: None,
            by: "carla".into(),
            at: field.clock.0,
            decision: None,
        }))
    }

    fn end(&self, field: &Field, number: u64) -> Vec<u8> {
        self.sign(Statement::GrantEnd(GrantEnd {
            document: self.dossier,
            person: format!("coach-{number}"),
            on: field.clock.now().today(),
            by: "carla".into(),
            at: field.clock.0,
            reason: None,
            decision: None,
            successor: None,
            ends: None,
        }))
    }

    fn erasure(&self, number: i64) -> Vec<u8> {
        let at = veldboek_core::clock::Timestamp::from_millis(number);
        let withdrawn = (number % 2 == 1).then_some(true);
        self.sign(Statement::ErasureRequest(ErasureRequest { document: self.dossier, by: "carla".into(), at, withdrawn }))
    }

    /// How many of these are taken; the others are for later.
    fn taken(&self, field: &mut Field, statements: Vec<Vec<u8>>) -> usize {
        let mut taken = 0;
        for part in statements.chunks(MAX_PUSHED_STATEMENTS) {
            let answer = field.answer_to(self.device, Request { statements: part.to_vec(), page: Some(1), ..Request::default() });
            for verdict in answer.verdicts {
                match verdict {
                    Verdict::Accepted { .. } => taken += 1,
                    Verdict::Deferred(why) => {
                        assert_eq!(why.step, Some(Step::Quota));
                        // Grants and their ends have a room of their own.
                        assert!(matches!(why.reason, Reason::Quota | Reason::AccessFull), "{why:?}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        taken
    }
}

#[test]
fn what_a_coordinator_says_about_one_dossier_has_an_end() {
    let mut field = Field::new(603);
    let mut device = field.enrolled("carla", Role::Coordinator);
    let dossier = field.dossier(&mut device, "WF-2025-0001");
    let other = field.dossier(&mut device, "WF-2025-0002");
    field.sync(&mut device);
    let carla = Carla { device: &device, dossier };
    let grants: Vec<Vec<u8>> = (0..700).map(|number| carla.grant(&field, number)).collect();
    assert_eq!(carla.taken(&mut field, grants.clone()), 500);
    assert_eq!(carla.taken(&mut field, grants[..500].to_vec()), 500, "these are known");
    // Access can still be taken away, and a restart forgets nothing.
    let ends: Vec<Vec<u8>> = (0..700).map(|number| carla.end(&field, number)).collect();
    assert_eq!(carla.taken(&mut field, ends), 500);
    field.restart_server();
    assert_eq!(carla.taken(&mut field, grants[500..].to_vec()), 0);
    assert_eq!(carla.taken(&mut field, (0..100).map(|number| carla.erasure(number)).collect()), 20);
    // The dossiers beside it have room of their own, and tomorrow is another day.
    let beside = Carla { device: &device, dossier: other };
    let theirs = vec![beside.grant(&field, 0), beside.erasure(0)];
    assert_eq!(beside.taken(&mut field, theirs), 2);
    field.clock.pass_minutes(24 * 60);
    assert_eq!(carla.taken(&mut field, vec![carla.erasure(100)]), 1);
}
