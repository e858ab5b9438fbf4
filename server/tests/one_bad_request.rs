//! One request makes the server panic, or its disk fail; everyone else is served as if nothing had happened, and nobody is told
//! that something is kept which is not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod town;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use getrandom::SysRng;
use rand_core::{CryptoRng, UnwrapErr};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use town::{LIMIT, http, invitation};
use veldboek_core::cache::NoCache;
use veldboek_core::clock::{Moment, Timestamp};
use veldboek_core::disk::{Disk, DiskError, MemoryDisk};
use veldboek_core::ids::{DeviceId, ServerId};
use veldboek_core::keyring::WrappingKey;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::request_signature::{Nonce, sign};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Region, RegionError, Standing, Work};
use veldboek_core::wire::{EnrolAnswer, EnrolRequest, ErrorCode, Request};
use veldboek_server::app::Identity;
use veldboek_server::config::Settings;
use veldboek_server::engine::{Engine, Outcomes};
use veldboek_server::run::serve;
use veldboek_server::time;

/// A request with this many unsynced changes makes the region panic.
const POISON: u32 = 666;

/// A region that panics at poison and, when told, cannot write.
struct Fragile {
    region: Region,
    failing: Arc<AtomicBool>,
    reopened: Arc<AtomicUsize>,
}

impl Engine for Fragile {
    fn run(&mut self, works: Vec<Work>, moment: Moment, rng: &mut dyn CryptoRng) -> Outcomes {
        for work in &works {
            if let Work::Exchange(_, push) = work {
                assert_ne!(push.request().unsynced, POISON, "poison");
            }
        }
        if self.failing.load(Ordering::SeqCst) {
            return Err(DiskError::Locked.into());
        }
        self.region.run(works, moment, rng)
    }

    fn standing(&mut self, device: &DeviceId) -> Result<Option<Standing>, RegionError> {
        Engine::standing(&mut self.region, device)
    }

    fn revocation(&mut self, device: &DeviceId) -> Result<Option<Vec<u8>>, RegionError> {
        Engine::revocation(&mut self.region, device)
    }

    fn locked_out(&self) -> Vec<(Option<DeviceId>, Timestamp)> {
        Engine::locked_out(&self.region)
    }

    fn reopen(&mut self) -> Result<(), RegionError> {
        self.reopened.fetch_add(1, Ordering::SeqCst);
        self.region.reopen()
    }

    fn note_contacts(&mut self, rng: &mut dyn CryptoRng) -> Result<(), RegionError> {
        self.region.note_contacts(rng)
    }
}

struct Frail {
    address: String,
    server: ServerId,
    codes: Vec<String>,
    failing: Arc<AtomicBool>,
    reopened: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

async fn frail(people: usize) -> Frail {
    let mut rng = UnwrapErr(SysRng);
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let mut region =
        Region::create(disk, Arc::new(NoCache), &WrappingKey::generate(&mut rng), "gooi", time::now(), &mut rng).unwrap();
    let codes = (0..people)
        .map(|number| {
            let work = Work::Invite(None, invitation(&format!("coach-{number}"), Role::Coach));
            match region.run(vec![work], time::now(), &mut rng).unwrap().remove(0).unwrap() {
                Done::Invited(answer) => answer.code,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    let (server, keys, name, epoch) = region.identity();
    let (failing, reopened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let engine = Fragile { region, failing: failing.clone(), reopened: reopened.clone() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let identity = Identity { server, keys, region: name, epoch };
    tokio::spawn(serve(Box::new(engine), identity, None, Settings::for_store("nowhere"), listener, async {
        let _ = stopped.await;
    }));
    Frail { address, server, codes, failing, reopened, _stop: stop }
}

impl Frail {
    async fn enrol(&self, number: usize) -> Phone {
        let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
        let request = EnrolRequest::new(&self.codes[number], &keys, "phone", None);
        let reply = http(&self.address, "POST", "/v1/enrol", &[], &request.encode()).await;
        let nonce = EnrolAnswer::decode(&reply.body, LIMIT).unwrap().nonce.parse().unwrap();
        Phone { keys, server: self.server, nonce, address: self.address.clone() }
    }
}

struct Phone {
    keys: DeviceKeys,
    server: ServerId,
    nonce: Nonce,
    address: String,
}

impl Phone {
    async fn sync(&mut self, unsynced: u32) -> (u16, Option<ErrorCode>) {
        let body = Request { unsynced, ..Request::default() }.encode();
        let headers = sign(&self.keys, "POST", "/v1/sync", &body, self.server, self.nonce);
        let reply = http(&self.address, "POST", "/v1/sync", &headers, &body).await;
        self.nonce = reply.nonce().expect("every signed request gets a nonce");
        (reply.status, reply.error())
    }
}

#[tokio::test]
async fn a_panic_in_one_request_leaves_the_next_served() {
    let server = frail(1).await;
    let mut phone = server.enrol(0).await;
    assert_eq!(phone.sync(POISON).await, (500, Some(ErrorCode::Unavailable)));
    assert_eq!(phone.sync(1).await.0, 200);
    assert_eq!(http(&server.address, "GET", "/readyz", &[], b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_batch_hits_only_its_own_request() {
    let server = frail(6).await;
    let mut phones = Vec::new();
    for number in 0..6 {
        phones.push(server.enrol(number).await);
    }
    for round in 0..5 {
        let poisoner = round % phones.len();
        let tasks: Vec<_> = phones
            .drain(..)
            .enumerate()
            .map(|(number, mut phone)| {
                tokio::spawn(async move {
                    let outcome = phone.sync(if number == poisoner { POISON } else { round as u32 }).await;
                    (phone, number, outcome)
                })
            })
            .collect();
        for task in tasks {
            let (phone, number, (status, _)) = task.await.unwrap();
            assert_eq!(status, if number == poisoner { 500 } else { 200 }, "round {round}, phone {number}");
            phones.push(phone);
        }
    }
    assert!(server.reopened.load(Ordering::SeqCst) >= 5);
}

#[tokio::test]
async fn a_disk_that_fails_acknowledges_nothing_and_recovers_by_itself() {
    let server = frail(1).await;
    let mut phone = server.enrol(0).await;
    server.failing.store(true, Ordering::SeqCst);
    assert_eq!(phone.sync(1).await, (503, Some(ErrorCode::Unavailable)));
    assert_eq!(http(&server.address, "GET", "/readyz", &[], b"").await.status, 503);
    server.failing.store(false, Ordering::SeqCst);
    assert_eq!(phone.sync(1).await.0, 200);
    assert_eq!(http(&server.address, "GET", "/readyz", &[], b"").await.status, 200);
}
