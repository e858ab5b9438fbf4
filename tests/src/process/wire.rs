//! A wire between devices and the server: it carries HTTP byte for byte, counts it, and can be held or cut at a named place.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::PATIENCE;

/// The headers that say who asks.
const AUTHENTICATION: [&str; 3] = ["content-digest", "signature-input", "signature"];
/// The header of an answer that the next question is signed over.
const NONCE: &str = "veldboek-nonce";

/// One question and its answer, as they went over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Method and path.
    pub what: String,
    /// Bytes of the question's body.
    pub body_up: usize,
    /// Bytes of the answer's body.
    pub body_down: usize,
    /// Bytes of the question's header lines that authenticate it, and of the answer's that prepares the next one.
    pub authentication: usize,
    /// The answer's status; 0 when none came.
    pub status: u16,
    /// The whole answer, head and body, for who wants to give it again.
    pub answer: Vec<u8>,
}

/// Where the next exchange is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The question was sent, the server has nothing of it.
    BeforeQuestion,
    /// The server has the question's head and just over half of its body.
    HalfQuestion,
    /// The server has answered, the device has nothing of it.
    BeforeAnswer,
    /// The device has the answer's head and just over half of its body.
    HalfAnswer,
}

/// An exchange that is, or will be, held. Dropped without [`Halted::go_on`], it is cut.
pub struct Halted {
    reached: Receiver<Exchange>,
    go_on: Sender<()>,
}

impl Halted {
    /// Waits until an exchange stands there; what it carries.
    pub fn wait(&self) -> Exchange {
        self.reached.recv_timeout(PATIENCE).expect("an exchange that gets as far as this")
    }

    /// Lets it go on.
    pub fn go_on(self) {
        let _ = self.go_on.send(());
    }
}

struct Order {
    halt: Halt,
    reached: Sender<Exchange>,
    go_on: Receiver<()>,
}

/// Who is at the other end.
#[derive(Clone, Default)]
enum End {
    /// Nobody.
    #[default]
    Nowhere,
    /// A server.
    At(SocketAddr),
    /// Something that answers the same to everything, and hangs up.
    Stranger(Vec<u8>),
}

#[derive(Default)]
struct Shared {
    to: Mutex<End>,
    order: Mutex<Option<Order>>,
    carried: Mutex<Vec<Exchange>>,
    ended: Mutex<bool>,
}

fn open<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wire.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Wire {
    /// A wire that leads to this server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { to: Mutex::new(End::At(server)), ..Shared::default() });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for device in listener.incoming().map_while(Result::ok) {
                if *open(&accepting.ended) {
                    return;
                }
                let shared = accepting.clone();
                std::thread::spawn(move || {
                    let _ = carry(&device, &shared);
                    let _ = device.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, shared }
    }

    /// The address that devices know.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it leads to this server.
    pub fn lead_to(&self, server: SocketAddr) {
        *open(&self.shared.to) = End::At(server);
    }

    /// From now on it leads nowhere.
    pub fn lead_nowhere(&self) {
        *open(&self.shared.to) = End::Nowhere;
    }

    /// From now on something else than the server answers: these bytes, whatever is asked.
    pub fn lead_to_stranger(&self, answer: &[u8]) {
        *open(&self.shared.to) = End::Stranger(answer.to_owned());
    }

    /// Holds the next `POST /v1/sync` at this place.
    pub fn hold(&self, halt: Halt) -> Halted {
        let (reach, reached) = channel();
        let (go_on, going) = channel();
        *open(&self.shared.order) = Some(Order { halt, reached: reach, go_on: going });
        Halted { reached, go_on }
    }

    /// What was carried since the last time this was asked.
    pub fn carried(&self) -> Vec<Exchange> {
        std::mem::take(&mut open(&self.shared.carried))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        *open(&self.shared.ended) = true;
        // The listener wakes up and sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Carries exchanges for one device until either side has had enough.
fn carry(device: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let cut = || std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let to = open(&shared.to).clone();
    let (mut to_device, mut from_device) = (device, BufReader::new(device));
    let server = match to {
        End::Nowhere => return Err(cut()),
        End::At(address) => TcpStream::connect(address)?,
        End::Stranger(answer) => {
            Message::read(&mut from_device)?;
            return to_device.write_all(&answer);
        }
    };
    let (mut to_server, mut from_server) = (&server, BufReader::new(&server));
    while let Some(question) = Message::read(&mut from_device)? {
        let mut exchange = Exchange {
            what: question.first_line.rsplit_once(' ').map(|(what, _)| what.to_owned()).unwrap_or_default(),
            body_up: question.body.len(),
            authentication: question.bytes_of(&AUTHENTICATION),
            ..Exchange::default()
        };
        let order = if exchange.what == "POST /v1/sync" { open(&shared.order).take() } else { None };
        let hold = |here: Halt, exchange: &Exchange| match &order {
            Some(order) if order.halt == here => {
                let _ = order.reached.send(exchange.clone());
                order.go_on.recv().map_err(|_| cut())
            }
            _ => Ok(()),
        };
        hold(Halt::BeforeQuestion, &exchange)?;
        to_server.write_all(&question.head)?;
        let (first, second) = question.halves();
        to_server.write_all(first)?;
        hold(Halt::HalfQuestion, &exchange)?;
        to_server.write_all(second)?;
        let Some(answer) = Message::read(&mut from_server)? else { return Err(cut()) };
        exchange.status = answer.first_line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        exchange.body_down = answer.body.len();
        exchange.answer = [answer.head.as_slice(), &answer.body].concat();
        exchange.authentication += answer.bytes_of(&[NONCE]);
        hold(Halt::BeforeAnswer, &exchange)?;
        open(&shared.carried).push(exchange.clone());
        to_device.write_all(&answer.head)?;
        let (first, second) = answer.halves();
        to_device.write_all(first)?;
        hold(Halt::HalfAnswer, &exchange)?;
        to_device.write_all(second)?;
    }
    Ok(())
}

/// A question or an answer.
struct Message {
    first_line: String,
    /// First line, headers and the empty line, as they came.
    head: Vec<u8>,
    headers: Vec<(String, usize)>,
    body: Vec<u8>,
}

impl Message {
    fn read(from: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let mut message = Self { first_line: String::new(), head: Vec::new(), headers: Vec::new(), body: Vec::new() };
        let mut length = 0;
        loop {
            let mut line = Vec::new();
            if from.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            message.head.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if text.is_empty() {
                break;
            }
            match text.split_once(':') {
                Some((name, value)) if !message.first_line.is_empty() => {
                    let name = name.to_ascii_lowercase();
                    if name == "content-length" {
                        length = value.trim().parse().unwrap_or(0);
                    }
                    assert_ne!(name, "transfer-encoding", "the wire counts bodies whose length is known");
                    message.headers.push((name, line.len()));
                }
                _ => message.first_line = text,
            }
        }
        message.body = vec![0; length];
        from.read_exact(&mut message.body)?;
        Ok(Some(message))
    }

    fn bytes_of(&self, names: &[&str]) -> usize {
        self.headers.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, bytes)| bytes).sum()
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        let middle = if self.body.len() > 1 { self.body.len() / 2 + 1 } else { 0 };
        self.body.split_at(middle)
    }
}
