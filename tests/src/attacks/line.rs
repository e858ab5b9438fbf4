//! A device that writes its own HTTP, so that it sends exactly the bytes it means.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_core::CryptoRng;
use veldboek_core::cache::NoCache;
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::RealDisk;
use veldboek_core::field_book::FieldBook;
use veldboek_core::ids::ServerId;
use veldboek_core::keyring::WrappingKey;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::request_signature::{Nonce, sign};
use veldboek_core::statement::Role;
use veldboek_core::wire::{
    Answer, EnrolAnswer, EnrolRequest, ErrorAnswer, InviteAnswer, InviteRequest, Request, ServerInfo, VERSION,
};

use super::Told;
use super::forge::Maker;

/// Larger than any answer.
const ANSWER: usize = 64 << 20;
/// How long a connection may take, and a server to take a piece of what is sent.
const CONNECTING: Duration = Duration::from_secs(20);
/// How long an answer may take, all of it.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long it is waited at most when the server says "later", each time: longer than a minute is no pace but a lock-out.
const LATER: Duration = Duration::from_secs(61);

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status; 0 when there was no answer.
    pub status: u16,
    /// The nonce for the next request.
    pub nonce: Option<Nonce>,
    /// For how many seconds to wait.
    pub retry_after: u64,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// What it says of the request.
    pub fn told(&self) -> Told {
        match self.status {
            0 => Told::Nothing,
            status => Told::Http(status, ErrorAnswer::decode(&self.body, ANSWER).ok().map(|answer| answer.code)),
        }
    }
}

/// A device that is enrolled.
pub struct Device {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Its name.
    pub server: ServerId,
    /// The region.
    pub region: String,
    /// Who it is, and what it signs with.
    pub maker: Maker,
    /// What the next request is signed over.
    pub nonce: Nonce,
    /// How long it was told to wait, because it asked too often.
    pub waited: Duration,
    /// How many of its requests were put off: it came too often, or the server was busy.
    pub put_off: usize,
}

/// The present, as everything is dated.
pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

impl Device {
    /// Which server answers there.
    ///
    /// # Errors
    /// Nothing does, or something else.
    pub fn server_at(address: SocketAddr) -> Result<ServerId, String> {
        let reply = http(address, "GET", "/v1/server", &[], b"");
        match (reply.status, ServerInfo::decode(&reply.body, ANSWER)) {
            (0, _) => Err(format!("nothing answers at {address}; is the server running, and does it listen there?")),
            (200, Ok(info)) => Ok(info.server),
            (429, _) => Err(format!("the server asks for {} seconds of patience; try again then", reply.retry_after)),
            (status, _) => Err(format!("what answers at {address} is no Veldboek server over plain HTTP (HTTP {status})")),
        }
    }

    /// Enrols a fresh device with a code.
    ///
    /// # Errors
    /// The code is not taken.
    pub fn enrol(address: SocketAddr, code: &str, rng: &mut dyn CryptoRng) -> Result<Self, String> {
        let keys = DeviceKeys::generate(rng);
        let body = EnrolRequest::new(code, &keys, "probe", None).encode();
        let reply = http(address, "POST", "/v1/enrol", &[], &body);
        if reply.status != 200 {
            return Err(format!("the server does not take the code ({}); it is good once and for ten minutes", reply.told()));
        }
        let answer = EnrolAnswer::decode(&reply.body, ANSWER).map_err(|error| error.to_string())?;
        let nonce = answer.nonce.parse().map_err(|_| "the server gave no nonce".to_owned())?;
        let maker = Maker { keys, person: answer.person, organisation: answer.organisation, at: now() };
        Ok(Self { address, server: answer.server, region: answer.region, maker, nonce, waited: Duration::ZERO, put_off: 0 })
    }

    /// A device whose store lies on this machine, enrolled and not locked.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub fn of_store(address: SocketAddr, store: &Path, rng: &mut dyn CryptoRng) -> Result<Self, String> {
        let disk = Arc::new(RealDisk::open(store).map_err(|error| error.to_string())?);
        let key = std::fs::read(store.join("wrapping.key")).map_err(|error| format!("wrapping.key: {error}"))?;
        let key = key.try_into().map_err(|_| "wrapping.key is not 32 bytes long".to_owned())?;
        let book = FieldBook::open(disk, Arc::new(NoCache), &WrappingKey::from_bytes(key)).map_err(|error| error.to_string())?;
        let identity = book.identity();
        let (Some(server), Some(person), Some(organisation)) = (identity.server, identity.person, identity.organisation) else {
            return Err("the device of this store is not enrolled".into());
        };
        let there = Self::server_at(address)?;
        if there != server.id {
            return Err(format!(
                "the device of this store is enrolled at another server ({}) than this one ({there})",
                server.id
            ));
        }
        let maker = Maker { keys: book.device_keys().clone(), person, organisation, at: now() };
        Ok(Self {
            address,
            server: server.id,
            region: identity.region,
            maker,
            nonce: Nonce::fresh(rng),
            waited: Duration::ZERO,
            put_off: 0,
        })
    }

    /// Invites somebody into its own organisation, and enrols a device for them.
    pub fn brings(&mut self, person: &str, role: Role, rng: &mut dyn CryptoRng) -> Result<Self, String> {
        let request = InviteRequest {
            version: VERSION,
            person: person.into(),
            display_name: person.into(),
            role,
            organisation: self.maker.organisation.clone(),
        };
        let reply = self.ask("POST", "/v1/invitations", &request.encode());
        if reply.status != 200 {
            return Err(format!("this device may not invite '{person}' ({}); it must be a coordinator's", reply.told()));
        }
        let code = InviteAnswer::decode(&reply.body, ANSWER).map_err(|error| error.to_string())?.code;
        Self::enrol(self.address, &code, rng)
    }

    /// One signed request; signed again when only the nonce was stale, and sent again when it came too early.
    pub fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Reply {
        for _ in 0..10 {
            let reply = http(self.address, method, path, &self.headers(method, path, body), body);
            let stale = reply.status == 401 && reply.nonce.is_some();
            self.nonce = reply.nonce.unwrap_or(self.nonce);
            self.put_off += usize::from(matches!(reply.status, 429 | 503));
            if reply.status == 429 {
                let wait = Duration::from_secs(reply.retry_after.max(1));
                if wait > LATER {
                    return reply;
                }
                self.waited += wait;
                std::thread::sleep(wait);
            } else if !stale {
                return reply;
            }
        }
        Reply::default()
    }

    /// The headers that sign a request.
    pub fn headers(&self, method: &str, path: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        sign(&self.maker.keys, method, path, body, self.server, self.nonce).to_vec()
    }

    /// One exchange.
    ///
    /// # Errors
    /// How it was answered otherwise.
    pub fn exchange(&mut self, request: &Request) -> Result<Answer, Told> {
        self.exchange_encoded(&request.encode())
    }

    /// One exchange whose request was encoded before.
    ///
    /// # Errors
    /// How it was answered otherwise.
    pub fn exchange_encoded(&mut self, body: &[u8]) -> Result<Answer, Told> {
        let reply = self.ask("POST", "/v1/sync", body);
        match reply.status {
            200 => Answer::decode(&reply.body, ANSWER).map_err(|_| Told::Nothing),
            0 => Err(Told::Nothing),
            _ => Err(reply.told()),
        }
    }

    /// Pushes statements and changes; what was told of the changes.
    pub fn push(&mut self, statements: &[Vec<u8>], changes: &[Vec<u8>]) -> Vec<Told> {
        let request = Request { page: Some(1), statements: statements.to_vec(), changes: changes.to_vec(), ..Request::default() };
        match self.exchange(&request) {
            Ok(answer) => {
                let refused = answer.verdicts.iter().take(statements.len()).map(Told::from).find(|told| *told != Told::Accepted);
                let of_changes = answer.verdicts.iter().skip(statements.len()).map(Told::from);
                refused.into_iter().chain(of_changes).collect()
            }
            Err(told) => vec![told],
        }
    }
}

/// The head of a request.
pub fn head(address: SocketAddr, method: &str, path: &str, headers: &[(&'static str, String)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// One request over a connection of its own.
pub fn http(address: SocketAddr, method: &str, path: &str, headers: &[(&'static str, String)], body: &[u8]) -> Reply {
    let Some(mut stream) = connect(address) else { return Reply::default() };
    let head = head(address, method, path, headers, body.len());
    // A server that has heard enough may hang up on the rest; its answer is what counts.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    answer(stream, PATIENCE)
}

/// A connection on which nothing is waited for without end.
pub fn connect(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, CONNECTING).ok()?;
    stream.set_write_timeout(Some(CONNECTING)).ok()?;
    Some(stream)
}

/// What is answered on a connection, to its end or that of the patience.
#[allow(clippy::disallowed_methods, reason = "how long it takes is the machine's time")]
pub fn answer(mut stream: TcpStream, patience: Duration) -> Reply {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let mut part = [0; 16 << 10];
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() || bytes.len() > ANSWER || stream.set_read_timeout(Some(left)).is_err() {
            break;
        }
        match stream.read(&mut part) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
            _ => break,
        }
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Reply::default() };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).unwrap_or(0);
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    let nonce = header("veldboek-nonce").and_then(|nonce| nonce.parse().ok());
    let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    Reply { status, nonce, retry_after, body: bytes[end + 4..].to_vec() }
}
