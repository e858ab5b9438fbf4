//! One device asks without end, another sends nonsense: both are told when to come back, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod phones;
mod town;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use getrandom::SysRng;
use phones::Phone;
use rand_core::UnwrapErr;
use tempfile::tempdir;
use town::{LIMIT, Reply, Town, ahead, http};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::{Code, Lang};
use veldboek_core::wire::{EnrolRequest, ErrorAnswer, ErrorCode, Request};
use veldboek_server::args::RoleName;
use veldboek_server::config::{Limits, Settings};
use veldboek_server::origin::Proxies;

fn told(reply: &Reply) -> (u16, ErrorCode, u32) {
    let answer = ErrorAnswer::decode(&reply.body, LIMIT).unwrap();
    let header: u32 = reply.header("retry-after").expect("a time to come back").parse().unwrap();
    assert_eq!(answer.retry_after, Some(header), "said twice, and the same");
    (reply.status, answer.code, header)
}

async fn begin(folder: &std::path::Path, minutes: &Arc<AtomicI64>, limits: Limits) -> Town {
    Town::begin_with(Settings { region: Some("gooi".into()), limits, clock: ahead(minutes), ..Settings::for_store(folder) }).await
}

#[tokio::test]
async fn a_device_that_asks_too_often_comes_back_later_and_loses_nothing() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let town = begin(folder.path(), &minutes, Limits { device_requests_per_minute: 12, ..Limits::default() }).await;
    let mut anna = Phone::of(&town, "anna", RoleName::Coach).await;
    let mut bram = Phone::of(&town, "bram", RoleName::Coach).await;
    let dossier = anna.dossier("WF-2025-0001", phones::HOME);
    let mut refused = None;
    for _ in 0..30 {
        match anna.exchange(&town, &Request::default()).await {
            Ok(_) => {}
            Err(reply) => {
                refused = Some(reply);
                break;
            }
        }
    }
    let (status, code, seconds) = told(&refused.expect("thirty in a row are too many"));
    assert_eq!((status, code), (429, ErrorCode::TooMany));
    assert!((1..=60).contains(&seconds), "{seconds}");
    for lang in [Lang::Nl, Lang::En] {
        assert!(code.label(lang).contains("; "), "what is the matter, and what to do");
    }
    // Meanwhile Anna writes, and Bram notices nothing.
    anna.visit(dossier, "Terwijl de server even niet wil");
    bram.sync(&town).await.unwrap();
    minutes.store(1, Ordering::SeqCst);
    assert_eq!(anna.sync(&town).await.unwrap().accepted, 2);
}

#[tokio::test]
async fn a_device_that_sends_nonsense_is_locked_out_for_a_while_also_across_a_restart() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let limits = Limits { wrong_requests: 5, lockout: Duration::from_secs(15 * 60), ..Limits::default() };
    let town = begin(folder.path(), &minutes, limits).await;
    let mut broken = Phone::of(&town, "anna", RoleName::Coach).await;
    let mut bram = Phone::of(&town, "bram", RoleName::Coach).await;
    for _ in 0..6 {
        let reply = broken.ask(&town, "POST", "/v1/sync", b"no CBOR at all").await;
        assert_eq!((reply.status, reply.error()), (400, Some(ErrorCode::Malformed)));
    }
    let (status, code, seconds) = told(&broken.exchange(&town, &Request::default()).await.unwrap_err());
    assert_eq!((status, code), (429, ErrorCode::LockedOut));
    assert!((800..=901).contains(&seconds), "{seconds}");
    bram.sync(&town).await.unwrap();

    let settings = town.end().await;
    minutes.store(5, Ordering::SeqCst);
    let town = Town::begin_with(settings).await;
    let (_, code, seconds) = told(&broken.exchange(&town, &Request::default()).await.unwrap_err());
    assert_eq!(code, ErrorCode::LockedOut, "a restart lifts nothing");
    assert!((500..=601).contains(&seconds), "{seconds}");
    bram.sync(&town).await.unwrap();
    minutes.store(16, Ordering::SeqCst);
    broken.sync(&town).await.unwrap();
}

#[tokio::test]
async fn a_stranger_cannot_lock_out_a_device_in_its_name() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let town = begin(folder.path(), &minutes, Limits { wrong_requests: 5, ..Limits::default() }).await;
    let mut anna = Phone::of(&town, "anna", RoleName::Coach).await;
    let body = Request::default().encode();
    let stranger = Phone::of(&town, "bram", RoleName::Coach).await;
    for attempt in 0..20 {
        // Anna's name, the stranger's hand.
        let mut headers = anna.signed(&town, "POST", "/v1/sync", &body);
        headers[2].1 = stranger.signed(&town, "POST", "/v1/sync", &body)[2].1.clone();
        let reply = town.post("/v1/sync", &headers, &body).await;
        let expected = if attempt < 6 { (401, ErrorCode::BadSignature) } else { (429, ErrorCode::TooMany) };
        assert_eq!((reply.status, reply.error()), (expected.0, Some(expected.1)), "attempt {attempt}");
    }
    anna.sync(&town).await.unwrap();
    // A replay of her own request, again and again, costs her one more round trip and no more.
    let headers = anna.signed(&town, "POST", "/v1/sync", &body);
    for _ in 0..20 {
        town.post("/v1/sync", &headers, &body).await;
    }
    let first = anna.exchange(&town, &Request::default()).await.expect_err("the first replay used her nonce");
    assert_eq!(first.error(), Some(ErrorCode::StaleNonce));
    anna.sync(&town).await.unwrap();
}

#[tokio::test]
async fn an_old_request_that_is_repeated_takes_no_nonce_from_the_device_and_is_paced_by_itself() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let town = begin(folder.path(), &minutes, Limits { device_requests_per_minute: 8, ..Limits::default() }).await;
    let mut anna = Phone::of(&town, "anna", RoleName::Coach).await;
    let body = Request::default().encode();
    let old = anna.signed(&town, "POST", "/v1/sync", &body);
    anna.sync(&town).await.unwrap();
    for attempt in 0..20 {
        let reply = town.post("/v1/sync", &old, &body).await;
        let expected = if attempt < 8 { (401, ErrorCode::StaleNonce) } else { (429, ErrorCode::TooMany) };
        assert_eq!((reply.status, reply.error()), (expected.0, Some(expected.1)), "attempt {attempt}");
        assert!(reply.nonce().is_some());
        if attempt % 5 == 0 {
            anna.exchange(&town, &Request::default()).await.expect("the nonce that Anna holds is good");
        }
    }
}

#[tokio::test]
async fn anyone_may_ask_which_server_this_is_but_not_all_day() {
    let folder = tempdir().unwrap();
    let minutes = Arc::new(AtomicI64::new(0));
    let town = begin(folder.path(), &minutes, Limits { anonymous_requests_per_minute: 3, ..Limits::default() }).await;
    for _ in 0..3 {
        assert_eq!(town.get("/v1/server").await.status, 200);
    }
    assert_eq!(told(&town.get("/v1/server").await).1, ErrorCode::TooMany);
    assert_eq!(town.get("/healthz").await.status, 200, "whoever watches the machine is not limited");
    let mut anna = Phone::of(&town, "anna", RoleName::Coach).await;
    anna.sync(&town).await.unwrap();
    minutes.store(1, Ordering::SeqCst);
    assert_eq!(town.get("/v1/server").await.status, 200);
}

#[tokio::test]
async fn one_stranger_who_floods_the_server_does_not_delay_the_others() {
    let folder = tempdir().unwrap();
    let limits = Limits { address_requests_per_minute: 5, wrong_requests: 5, ..Limits::default() };
    let proxies = Proxies { trusted: vec!["127.0.0.1".parse().unwrap()], ..Proxies::default() };
    let town =
        Town::begin_with(Settings { region: Some("gooi".into()), limits, proxies, ..Settings::for_store(folder.path()) }).await;
    // As the proxy passes them on; what stands before its own entry is the stranger's invention.
    let from = |address: &str| [("x-forwarded-for", format!("203.0.113.1, {address}"))];
    let ask = async |address: &str| http(&town.address, "GET", "/v1/server", &from(address), b"").await.status;
    for _ in 0..5 {
        assert_eq!(ask("2001:db8:bad:1::1").await, 200);
    }
    for _ in 0..20 {
        assert_eq!(ask("2001:db8:bad:1:ffff::2").await, 429, "another address in the same house");
    }
    assert_eq!(ask("192.0.2.7").await, 200);

    let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
    let guess = EnrolRequest::new("AAAAA-BBBBB-CCCCC", &keys, "phone", Some("gooi")).encode();
    let enrol = async |address: &str, body: &[u8]| {
        let reply = http(&town.address, "POST", "/v1/enrol", &from(address), body).await;
        (reply.status, reply.error())
    };
    for attempt in 0..20 {
        let expected = if attempt < 6 { (403, ErrorCode::WrongCode) } else { (429, ErrorCode::TooMany) };
        let (status, code) = enrol("2001:db8:bad:1::1", &guess).await;
        assert_eq!((status, code), (expected.0, Some(expected.1)), "attempt {attempt}");
    }
    assert_eq!(enrol("192.0.2.7", &guess).await, (403, Some(ErrorCode::WrongCode)), "Anna, who mistyped her code, hears why");
    let code = town.code_for("anna", RoleName::Coach);
    let right = EnrolRequest::new(&code, &keys, "phone", Some("gooi")).encode();
    assert_eq!(enrol("2001:db8:bad:1::1", &right).await.0, 200, "what is right passes always");
}
