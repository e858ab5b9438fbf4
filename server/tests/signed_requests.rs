//! A coordinator's phone and everyone who would like to be taken for it, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod town;

use std::time::Duration;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tempfile::tempdir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use town::{Device, LIMIT, Town, http, invitation, read_reply};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::request_signature::{header_bytes, sign};
use veldboek_core::statement::Role;
use veldboek_core::wire::{DeviceList, EnrolAnswer, EnrolRequest, ErrorCode, InviteAnswer, Request, ServerInfo};
use veldboek_server::args::RoleName;
use veldboek_server::config::{Limits, Settings};

#[tokio::test]
async fn a_phone_enrols_and_syncs_in_one_round_trip_also_after_a_restart() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    corine.sync(&town).await;
    corine.sync(&town).await;

    let town = Town::begin_with(town.end().await).await;
    corine.sync(&town).await;
    town.end().await;
}

#[tokio::test]
async fn a_server_that_stops_remembers_the_last_contact_to_the_moment() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    async fn shown(corine: &mut Device, town: &Town) -> Option<String> {
        let reply = corine.ask(town, "GET", "/v1/devices", b"").await;
        let devices = DeviceList::decode(&reply.body, LIMIT).unwrap().devices;
        devices.into_iter().find(|info| info.person == "corine")?.last_contact.map(|at| at.to_string())
    }
    corine.sync(&town).await;
    let first = shown(&mut corine, &town).await;
    // The clock is the real one; what is shown follows it, without a wait for the next period.
    while shown(&mut corine, &town).await == first {
        corine.sync(&town).await;
    }
    let last = shown(&mut corine, &town).await;
    let settings = town.end().await;
    let beside = veldboek_server::admin::devices(&settings, veldboek_core::record::Lang::En).unwrap();
    assert_eq!(beside.iter().find(|device| device.person == "corine").unwrap().last_contact, last);
}

#[tokio::test]
async fn nothing_new_costs_few_bytes_and_authentication_few_headers() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    let answer = corine.sync(&town).await;
    let request = Request { cursor: answer.cursor, ..Request::default() }.encode();
    let reply = corine.ask(&town, "POST", "/v1/sync", &request).await;
    assert_eq!(reply.status, 200);
    assert!(request.len() + reply.body.len() <= 200, "{} + {}", request.len(), reply.body.len());
    let signed = corine.signed("POST", "/v1/sync", &request);
    let there = signed.iter().map(|(name, value)| (*name, value.as_str()));
    let back = [("veldboek-nonce", reply.header("veldboek-nonce").unwrap())];
    assert!(header_bytes(there.chain(back)) <= 350);
}

#[tokio::test]
async fn a_request_that_is_sent_twice_counts_once() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let corine = town.enrol("corine", RoleName::Coordinator).await;
    let body = invitation("anna", Role::Coach).encode();
    let headers = corine.signed("POST", "/v1/invitations", &body);
    assert_eq!(town.post("/v1/invitations", &headers, &body).await.status, 200);
    let replayed = town.post("/v1/invitations", &headers, &body).await;
    assert_eq!((replayed.status, replayed.error()), (401, Some(ErrorCode::StaleNonce)));
}

#[tokio::test]
async fn an_unknown_nonce_costs_one_more_round_trip() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    corine.nonce = Default::default();
    let body = Request::default().encode();
    let first = corine.ask(&town, "POST", "/v1/sync", &body).await;
    assert_eq!((first.status, first.error()), (401, Some(ErrorCode::StaleNonce)));
    assert_eq!(corine.ask(&town, "POST", "/v1/sync", &body).await.status, 200);
}

#[tokio::test]
async fn whoever_is_not_the_device_gets_no_nonce_and_no_answer() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let corine = town.enrol("corine", RoleName::Coordinator).await;
    let body = Request::default().encode();
    let stranger = Device { keys: DeviceKeys::generate(&mut UnwrapErr(SysRng)), server: town.server, nonce: corine.nonce };

    // In Corine's name, with the stranger's key.
    let mut headers = corine.signed("POST", "/v1/sync", &body);
    headers[2].1 = stranger.signed("POST", "/v1/sync", &body)[2].1.clone();
    let reply = town.post("/v1/sync", &headers, &body).await;
    assert_eq!((reply.status, reply.error(), reply.nonce()), (401, Some(ErrorCode::BadSignature), None));

    // In the stranger's own name.
    let reply = town.post("/v1/sync", &stranger.signed("POST", "/v1/sync", &body), &body).await;
    assert_eq!((reply.status, reply.error(), reply.nonce()), (401, Some(ErrorCode::UnknownDevice), None));

    // Corine's signature of another address, for another server, or none at all.
    let reply = town.post("/v1/sync", &corine.signed("POST", "/v1/invitations", &body), &body).await;
    assert_eq!((reply.status, reply.error()), (401, Some(ErrorCode::BadSignature)));
    let elsewhere = sign(&corine.keys, "POST", "/v1/sync", &body, stranger.keys.server(), corine.nonce);
    let reply = town.post("/v1/sync", &elsewhere, &body).await;
    assert_eq!((reply.status, reply.error()), (421, Some(ErrorCode::WrongServer)));
    assert_eq!(town.post("/v1/sync", &[], &body).await.status, 401);

    // None of this used up her nonce. A changed body does: it comes with her own good signature.
    let reply = town.post("/v1/sync", &corine.signed("POST", "/v1/sync", b"another"), &body).await;
    assert_eq!((reply.status, reply.error()), (400, Some(ErrorCode::BadSignature)));
    let reply = town.post("/v1/sync", &corine.signed("POST", "/v1/sync", &body), &body).await;
    assert_eq!((reply.status, reply.error()), (401, Some(ErrorCode::StaleNonce)));
}

#[tokio::test]
async fn a_code_works_once_for_whoever_holds_the_keys_in_this_region() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let code = town.code_for("anna", RoleName::Coach);
    let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));

    let elsewhere = EnrolRequest::new(&code, &keys, "phone", Some("zuid-kennemerland"));
    assert_eq!(town.post("/v1/enrol", &[], &elsewhere.encode()).await.error(), Some(ErrorCode::WrongServer));
    let other = DeviceKeys::generate(&mut UnwrapErr(SysRng));
    let stolen = EnrolRequest { keys: other.public(), ..EnrolRequest::new(&code, &keys, "phone", None) };
    assert_eq!(town.post("/v1/enrol", &[], &stolen.encode()).await.error(), Some(ErrorCode::BadSignature));
    let mistyped = EnrolRequest::new("0000-0000-0000", &keys, "phone", None);
    let reply = town.post("/v1/enrol", &[], &mistyped.encode()).await;
    assert_eq!((reply.status, reply.error()), (403, Some(ErrorCode::WrongCode)));

    let good = EnrolRequest::new(&code, &keys, "phone", Some("gooi"));
    let first = town.post("/v1/enrol", &[], &good.encode()).await;
    assert_eq!(first.status, 200);
    // The answer gets lost: the same phone with the same code hears the same again, nonce apart.
    let again = town.post("/v1/enrol", &[], &good.encode()).await;
    let read = |reply: &town::Reply| EnrolAnswer { nonce: String::new(), ..EnrolAnswer::decode(&reply.body, LIMIT).unwrap() };
    assert_eq!(read(&first), read(&again));
    let second = EnrolRequest::new(&code, &other, "phone", Some("gooi"));
    assert_eq!(town.post("/v1/enrol", &[], &second.encode()).await.error(), Some(ErrorCode::WrongCode));
}

#[tokio::test]
async fn the_first_start_invites_an_administrator_who_can_invite_everyone_else() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
    let code = town.first_code.clone().expect("a code at the first start");
    let reply = town.post("/v1/enrol", &[], &EnrolRequest::new(&code, &keys, "laptop", None).encode()).await;
    assert_eq!(reply.status, 200, "{:?}", reply.error());
    let nonce = EnrolAnswer::decode(&reply.body, LIMIT).unwrap().nonce.parse().unwrap();
    let mut beheer = Device { keys, server: town.server, nonce };
    let reply = beheer.ask(&town, "POST", "/v1/invitations", &invitation("corine", Role::Coordinator).encode()).await;
    assert_eq!(InviteAnswer::decode(&reply.body, LIMIT).unwrap().code.len(), 17);

    let town = Town::begin_with(town.end().await).await;
    assert_eq!(town.first_code, None, "somebody is enrolled, so nobody else is invited by itself");
}

#[tokio::test]
async fn coordinators_see_devices_and_coaches_do_not() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    let mut anna = town.enrol("anna", RoleName::Coach).await;
    let all = corine.ask(&town, "GET", "/v1/devices", b"").await;
    assert_eq!(DeviceList::decode(&all.body, LIMIT).unwrap().devices.len(), 2);
    let path = format!("/v1/devices/{}", anna.keys.device());
    let one = corine.ask(&town, "GET", &path, b"").await;
    assert_eq!(DeviceList::decode(&one.body, LIMIT).unwrap().devices[0].person, "anna");
    let none = corine.ask(&town, "GET", "/v1/devices/nonsense", b"").await;
    assert_eq!((none.status, none.error()), (404, Some(ErrorCode::NotFound)));
    let refused = anna.ask(&town, "GET", "/v1/devices", b"").await;
    assert_eq!((refused.status, refused.error()), (403, Some(ErrorCode::NotAllowed)));
    anna.sync(&town).await;
}

#[tokio::test]
async fn nonsense_is_refused_in_words_that_a_client_reads() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    let reply = corine.ask(&town, "POST", "/v1/sync", b"not CBOR").await;
    assert_eq!((reply.status, reply.error()), (400, Some(ErrorCode::Malformed)));
    let reply = town.post("/v1/enrol", &[], b"").await;
    assert_eq!((reply.status, reply.error()), (400, Some(ErrorCode::Malformed)));
    assert_eq!(town.get("/v1/nothing").await.error(), Some(ErrorCode::NotFound));
    let reply = town.get("/v1/sync").await;
    assert_eq!((reply.status, reply.error()), (405, Some(ErrorCode::NotFound)));
    corine.sync(&town).await;
}

#[tokio::test]
async fn anyone_may_ask_which_server_this_is_and_how_it_is() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let reply = town.get("/v1/server").await;
    let info = ServerInfo::decode(&reply.body, LIMIT).unwrap();
    assert_eq!((info.server, info.keys.server(), info.region.as_str()), (town.server, town.server, "gooi"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!((town.get("/healthz").await.status, town.get("/readyz").await.status), (200, 200));
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_sender_hears_it() {
    let folder = tempdir().unwrap();
    let limits = Limits { body_bytes: 256 * 1024, ..Limits::default() };
    let town = Town::begin_with(Settings { limits, ..Settings::for_store(folder.path()) }).await;
    let reply = town.post("/v1/enrol", &[], &vec![0; 100_000]).await;
    assert_eq!((reply.status, reply.error()), (413, Some(ErrorCode::TooLarge)));

    let mut settings = town.end().await;
    settings.region = Some("proefregio".into());
    let town = Town::begin_with(settings).await;
    let code = town.code_for("corine", RoleName::Coordinator);
    let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
    town.post("/v1/enrol", &[], &EnrolRequest::new(&code, &keys, "phone", None).encode()).await;
    let mut corine = Device { keys, server: town.server, nonce: Default::default() };
    corine.ask(&town, "GET", "/v1/devices", b"").await;
    let reply = corine.ask(&town, "POST", "/v1/sync", &vec![0; 400_000]).await;
    assert_eq!((reply.status, reply.error()), (413, Some(ErrorCode::TooLarge)));
    corine.sync(&town).await;
}

#[tokio::test]
async fn a_sender_that_falls_silent_is_not_waited_for() {
    let folder = tempdir().unwrap();
    let limits = Limits { idle: Duration::from_millis(50), ..Limits::default() };
    let town = Town::begin_with(Settings { limits, region: Some("gooi".into()), ..Settings::for_store(folder.path()) }).await;
    let mut silent = TcpStream::connect(&town.address).await.unwrap();
    silent.write_all(b"POST /v1/enrol HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 50\r\n\r\nhalf").await.unwrap();
    let reply = read_reply(silent).await;
    assert_eq!((reply.status, reply.error()), (408, Some(ErrorCode::Busy)));
    let mut corine = town.enrol("corine", RoleName::Coordinator).await;
    corine.sync(&town).await;
}

#[tokio::test]
async fn many_phones_at_once_are_all_served() {
    let folder = tempdir().unwrap();
    let town = Town::begin(folder.path()).await;
    let mut phones = Vec::new();
    for number in 0..8 {
        phones.push(town.enrol(&format!("coach-{number}"), RoleName::Coach).await);
    }
    let address = town.address.clone();
    let tasks: Vec<_> = phones
        .into_iter()
        .map(|mut phone| {
            let address = address.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let body = Request::default().encode();
                    let reply = http(&address, "POST", "/v1/sync", &phone.signed("POST", "/v1/sync", &body), &body).await;
                    assert_eq!(reply.status, 200);
                    phone.nonce = reply.nonce().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    town.end().await;
}
