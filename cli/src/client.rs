//! The device's side of the wire: carries the bytes of the core over HTTP, signed, and counts them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::{Method, Request};
use veldboek_core::ids::ServerId;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::Lang;
use veldboek_core::request_signature::{NONCE_HEADER, Nonce, header_bytes, sign};
use veldboek_core::wire::{ErrorAnswer, ErrorCode, MAX_BODY};

use crate::message::{Problem, Text, system, text};

/// The file with the nonce for the next request. It is no secret and may be lost: that costs one more round trip.
const NONCE_FILE: &str = "nonce";

/// What went over the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Requests.
    pub(crate) round_trips: u64,
    /// Bytes of request bodies.
    pub(crate) body_bytes_sent: u64,
    /// Bytes of answer bodies.
    pub(crate) body_bytes_received: u64,
    /// Bytes of the header lines that authenticate.
    pub(crate) header_bytes_sent: u64,
}

/// A server at an address.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    nonce: Option<PathBuf>,
    /// What went over the wire so far.
    pub(crate) traffic: Traffic,
}

struct Reply {
    status: u16,
    nonce: Option<Nonce>,
    body: Vec<u8>,
}

impl Client {
    /// A server at an address; nonces are kept in the store.
    pub(crate) fn new(url: &str, store: Option<&Path>) -> Result<Self, Problem> {
        let url = address(url)?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_send_body(Some(Duration::from_secs(120)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_recv_body(Some(Duration::from_secs(120)))
            .user_agent(concat!("veldboek/", env!("CARGO_PKG_VERSION")));
        // A municipal proxy does not reach this machine itself.
        let config = if is_loopback(&url) { config.proxy(None) } else { config };
        Ok(Self {
            agent: ureq::Agent::new_with_config(config.build()),
            url,
            nonce: store.map(|store| store.join(NONCE_FILE)),
            traffic: Traffic::default(),
        })
    }

    /// The address, as it is kept.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether what is sent can be read on the way.
    pub(crate) fn in_the_clear(&self) -> bool {
        self.url.starts_with("http://") && !is_loopback(&self.url)
    }

    /// Sends a request that needs no signature.
    pub(crate) fn unsigned(&mut self, path: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
        let reply = self.send("POST", path, body, &[])?;
        self.keep(reply.nonce);
        self.read(reply)
    }

    /// Sends a request signed by the device. An unknown nonce costs one more round trip.
    pub(crate) fn signed(
        &mut self,
        keys: &DeviceKeys,
        server: ServerId,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Vec<u8>, Problem> {
        let mut nonce = self.kept();
        for last in [false, true] {
            let full = format!("{}{path}", self.base_path());
            let headers = sign(keys, method, &full, body, server, nonce);
            let reply = self.send(method, path, body, &headers)?;
            self.keep(reply.nonce);
            let stale = reply.status != 200
                && ErrorAnswer::decode(&reply.body, MAX_BODY).is_ok_and(|error| error.code == ErrorCode::StaleNonce);
            match reply.nonce {
                Some(fresh) if stale && !last => nonce = fresh,
                _ => return self.read(reply),
            }
        }
        Err(self.nonsense(text!("het wijst elk verzoek af als verouderd", "it rejects every request as stale")))
    }

    /// The error for an answer that is not what was asked.
    pub(crate) fn nonsense(&self, why: Text) -> Problem {
        Problem::Nonsense(self.url.clone(), why)
    }

    /// What stands before the paths of the interface when the server is behind a proxy.
    fn base_path(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    fn kept(&self) -> Nonce {
        let text = self.nonce.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    fn keep(&self, nonce: Option<Nonce>) {
        if let (Some(path), Some(nonce)) = (&self.nonce, nonce) {
            let _ = std::fs::write(path, nonce.to_string());
        }
    }

    /// Keeps a nonce that came in a body.
    pub(crate) fn keep_text(&self, nonce: &str) {
        self.keep(nonce.parse().ok());
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8], headers: &[(&'static str, String)]) -> Result<Reply, Problem> {
        let authentication = header_bytes(headers.iter().map(|(name, value)| (*name, value.as_str())));
        self.traffic.round_trips += 1;
        self.traffic.body_bytes_sent += body.len() as u64;
        self.traffic.header_bytes_sent += authentication as u64;
        let method = if method == "GET" { Method::GET } else { Method::POST };
        let mut builder = Request::builder().method(method.clone()).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            builder = builder.header(*name, value);
        }
        let answered = if method == Method::GET {
            builder.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        } else {
            let builder = builder.header("content-type", "application/cbor");
            #[cfg(feature = "faults")]
            if crate::faults::wanted(crate::faults::BODY_HALF_SENT) {
                let mut half = crate::faults::HalfBody { rest: body, length: body.len() };
                let builder = builder.header("content-length", body.len().to_string());
                let request = builder.body(ureq::SendBody::from_reader(&mut half)).map_err(ureq::Error::from);
                let _ = request.and_then(|request| self.agent.run(request));
                unreachable!("the process stands still until it is killed");
            }
            builder.body(body).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        };
        let mut answer = answered.map_err(|error| self.unreachable(&error))?;
        let nonce = answer.headers().get(NONCE_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
        let status = answer.status().as_u16();
        let limit = MAX_BODY as u64 + 1;
        let body = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(|error| self.unreachable(&error))?;
        self.traffic.body_bytes_received += body.len() as u64;
        Ok(Reply { status, nonce, body })
    }

    fn unreachable(&self, error: &ureq::Error) -> Problem {
        let why = match error {
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                text!("daar luistert niemand", "nobody listens there")
            }
            ureq::Error::HostNotFound => {
                text!("die naam bestaat niet of er is geen verbinding", "no such name, or no connection")
            }
            ureq::Error::Timeout(_) => text!("het duurt te lang", "it takes too long"),
            ureq::Error::BodyExceedsLimit(_) => {
                return self.nonsense(text!("het antwoord is te groot", "the answer is too large"));
            }
            ureq::Error::Protocol(why) => {
                let why = why.to_string();
                return self.nonsense(text!("het spreekt geen HTTP ({why})", "it does not speak HTTP ({why})"));
            }
            ureq::Error::Io(error) => system(error),
            ureq::Error::ConnectionFailed => text!("de verbinding lukt niet", "the connection failed"),
            ureq::Error::Tls(why) => text!("de beveiligde verbinding lukt niet ({why})", "no secure connection ({why})"),
            other => text!("de verbinding lukt niet ({other})", "the connection failed ({other})"),
        };
        Problem::NoContact(self.url.clone(), why)
    }

    /// The body of a success; the problem behind anything else.
    fn read(&self, reply: Reply) -> Result<Vec<u8>, Problem> {
        if reply.status == 200 {
            return Ok(reply.body);
        }
        let status = reply.status;
        let Ok(error) = ErrorAnswer::decode(&reply.body, MAX_BODY) else {
            return Err(match status {
                502..=504 => Problem::NoContact(
                    self.url.clone(),
                    text!("een tussenliggende server meldt {status}", "a server in between says {status}"),
                ),
                _ => self.nonsense(text!("het meldt {status} zonder uitleg", "it says {status} without a reason")),
            });
        };
        let halves = |lang: Lang| {
            let said = error.message(lang);
            let label = said.trim_end_matches('.');
            let (what, next) = label.split_once("; ").unwrap_or((label, ""));
            (what.to_owned(), next.to_owned())
        };
        let ((nl, nl_next), (en, en_next)) = (halves(Lang::Nl), halves(Lang::En));
        let what = Text::new(nl, en);
        match error.code {
            ErrorCode::Revoked if !error.revocation.is_empty() => Err(Problem::Revoked(error.revocation)),
            ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::TooMany => Err(Problem::NoContact(self.url.clone(), what)),
            ErrorCode::NotAllowed => Err(Problem::OtherRole),
            _ => Err(Problem::Refused(what, Text::new(nl_next, en_next))),
        }
    }
}

/// The address without a slash at its end.
fn address(url: &str) -> Result<String, Problem> {
    let url = url.trim().trim_end_matches('/');
    let usable = url.split_once("://").is_some_and(|(scheme, rest)| {
        matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' '])
    });
    if usable {
        return Ok(url.to_owned());
    }
    Err(Problem::Usage(
        text!("'{url}' is geen adres van een server", "'{url}' is not the address of a server"),
        text!("schrijf het als https://veldboek.example.nl", "write it as https://veldboek.example.nl"),
    ))
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    ["localhost", "127.", "[::1]"].iter().any(|name| host.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Exit;

    #[test]
    fn an_address_has_a_scheme_and_no_query() {
        assert_eq!(address(" https://veldboek.example.nl/ ").unwrap(), "https://veldboek.example.nl");
        for wrong in ["veldboek.example.nl", "ftp://x", "http://", "http:///x", "https://x/?a"] {
            assert_eq!(address(wrong).unwrap_err().exit(), Exit::Usage, "{wrong}");
        }
    }

    #[test]
    fn a_server_that_is_down_is_no_contact() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut client = Client::new(&format!("http://127.0.0.1:{port}"), None).unwrap();
        assert_eq!(client.unsigned("/v1/enrol", b"x").unwrap_err().exit(), Exit::NoContact);
    }

    #[test]
    fn something_else_that_answers_is_not_taken_for_the_server() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let portal = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let page = "<html>Log in op de wifi</html>";
            write!(stream, "HTTP/1.1 302 Found\r\nlocation: http://portal/\r\ncontent-length: {}\r\n\r\n{page}", page.len())
                .unwrap();
        });
        let problem = Client::new(&url, None).unwrap().unsigned("/v1/enrol", b"x").unwrap_err();
        portal.join().unwrap();
        assert!(matches!(problem, Problem::Nonsense(..)), "{problem:?}");
        assert_eq!(problem.exit(), Exit::NoContact);
    }

    #[test]
    fn a_server_that_wants_fewer_questions_is_asked_again_later() {
        use std::io::{Read, Write};
        let told = |code: ErrorCode| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let answer = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let body = ErrorAnswer { retry_after: Some(30), ..code.into() }.encode();
                write!(stream, "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: {}\r\n\r\n", body.len())
                    .unwrap();
                stream.write_all(&body).unwrap();
            });
            let problem = Client::new(&url, None).unwrap().unsigned("/v1/enrol", b"x").unwrap_err();
            answer.join().unwrap();
            problem
        };
        let too_many = told(ErrorCode::TooMany);
        assert_eq!(too_many.exit(), Exit::NoContact);
        assert!(too_many.hint().say(Lang::En).contains("your work is safe"), "{too_many:?}");
        let locked = told(ErrorCode::LockedOut);
        assert_eq!(locked.exit(), Exit::Refused);
        assert!(locked.hint().say(Lang::En).contains("later"), "{locked:?}");
    }

    #[test]
    fn what_stands_before_the_paths_is_signed_too() {
        let client = |url| Client::new(url, None).unwrap();
        assert_eq!(client("https://example.nl/veldboek/").base_path(), "/veldboek");
        assert_eq!(client("https://example.nl").base_path(), "");
    }
}
