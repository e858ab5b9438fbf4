//! A server on a port of its own, and devices that talk to it over real connections.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veldboek_core::clock::Moment;
use veldboek_core::ids::ServerId;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::Lang;
use veldboek_core::request_signature::{Nonce, sign};
use veldboek_core::statement::Role;
use veldboek_core::wire::{Answer, EnrolAnswer, EnrolRequest, ErrorAnswer, ErrorCode, InviteRequest, Request, VERSION};
use veldboek_server::args::{Format, Invite, Output, RoleName};
use veldboek_server::config::Settings;
use veldboek_server::failure::ServerError;
use veldboek_server::run::Server;
use veldboek_server::time::{Clock, now};

/// Larger than any answer in these tests.
pub const LIMIT: usize = 1 << 20;

/// A server that runs.
pub struct Town {
    pub address: String,
    pub server: ServerId,
    pub settings: Settings,
    pub first_code: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ServerError>>,
}

impl Town {
    pub async fn begin(store: &Path) -> Self {
        Self::begin_with(Settings { region: Some("gooi".into()), ..Settings::for_store(store) }).await
    }

    pub async fn begin_with(settings: Settings) -> Self {
        let server = Server::open(settings.clone()).expect("the store opens");
        let (id, first_code) = (server.identity().server, server.first_start().map(|first| first.code.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(listener, async {
            let _ = stopped.await;
        }));
        Self { address, server: id, settings, first_code, stop: Some(stop), running }
    }

    pub async fn end(mut self) -> Settings {
        self.stop.take().unwrap().send(()).unwrap();
        self.running.await.unwrap().expect("the server ends well");
        self.settings
    }

    /// A code from the administrator at the machine, beside the running server.
    pub fn code_for(&self, person: &str, role: RoleName) -> String {
        let invite = Invite {
            person: person.into(),
            name: person.into(),
            role,
            organisation: Some("werkpartners".into()),
            output: Output { format: Format::Table },
        };
        veldboek_server::admin::invite(&self.settings, &invite, Lang::En).expect("an invitation").code
    }

    pub async fn enrol(&self, person: &str, role: RoleName) -> Device {
        let code = self.code_for(person, role);
        let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
        let answer = self.post("/v1/enrol", &[], &EnrolRequest::new(&code, &keys, "phone", Some("gooi")).encode()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.error());
        let enrolled = EnrolAnswer::decode(&answer.body, LIMIT).unwrap();
        assert_eq!((enrolled.server, enrolled.person.as_str()), (self.server, person));
        Device { keys, server: self.server, nonce: enrolled.nonce.parse().unwrap() }
    }

    pub async fn post(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Reply {
        http(&self.address, "POST", path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        http(&self.address, "GET", path, &[], b"").await
    }
}

/// A clock that is some minutes ahead of the machine's, with which codes are made beside the server.
pub fn ahead(minutes: &Arc<AtomicI64>) -> Clock {
    let minutes = minutes.clone();
    Clock::new(move || {
        let Moment { at, local } = now();
        Moment { at: at.plus_millis(minutes.load(Ordering::SeqCst) * 60_000), local }
    })
}

/// A device as its app would keep it.
pub struct Device {
    pub keys: DeviceKeys,
    pub server: ServerId,
    pub nonce: Nonce,
}

impl Device {
    pub fn signed(&self, method: &str, path: &str, body: &[u8]) -> [(&'static str, String); 3] {
        sign(&self.keys, method, path, body, self.server, self.nonce)
    }

    /// One request, and the nonce of its answer kept for the next.
    pub async fn ask(&mut self, town: &Town, method: &str, path: &str, body: &[u8]) -> Reply {
        let headers = self.signed(method, path, body);
        let reply = http(&town.address, method, path, &headers, body).await;
        if let Some(nonce) = reply.nonce() {
            self.nonce = nonce;
        }
        reply
    }

    pub async fn sync(&mut self, town: &Town) -> Answer {
        let reply = self.ask(town, "POST", "/v1/sync", &Request::default().encode()).await;
        assert_eq!(reply.status, 200, "{:?}", reply.error());
        Answer::decode(&reply.body, LIMIT).unwrap()
    }
}

pub fn invitation(person: &str, role: Role) -> InviteRequest {
    InviteRequest {
        version: VERSION,
        person: person.into(),
        display_name: person.into(),
        role,
        organisation: "werkpartners".into(),
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn nonce(&self) -> Option<Nonce> {
        self.header("veldboek-nonce").map(|nonce| nonce.parse().expect("a nonce"))
    }

    pub fn error(&self) -> Option<ErrorCode> {
        ErrorAnswer::decode(&self.body, LIMIT).ok().map(|error| error.code)
    }
}

/// One request over a connection of its own. Written out, so that a test sees and sends exactly the bytes it means.
pub async fn http(address: &str, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    stream.write_all(body).await.expect("the body is taken");
    read_reply(stream).await
}

/// Reads to the end of the connection.
pub async fn read_reply(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).expect("a status");
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Reply { status, headers, body: bytes[end + 4..].to_vec() }
}
