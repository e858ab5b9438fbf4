//! All attacks against a server: those that lie in a push, and those that lie in how it is sent.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rand_core::CryptoRng;
use veldboek_core::admission::Step;
use veldboek_core::clock::Day;
use veldboek_core::ids::EntryId;
use veldboek_core::statement::{Grant, GrantEnd, Role, SignedStatement, Statement};
use veldboek_core::wire::{ErrorCode, Request};

use super::forge::Maker;
use super::line::{Device, answer, connect, head, http, now};
use super::pushes::{Case, cases};
use super::watch::Watch;
use super::{Row, Told};

/// More than there are turns, and fewer than there are places for bodies that nobody signed.
const STRANGERS: usize = 100;

/// How the server that is attacked was set up.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// After how long a silent sender is given up.
    pub idle: Duration,
    /// After how long a slow body is given up.
    pub body: Duration,
    /// After how long a body without a signature is given up.
    pub unsigned: Duration,
    /// The largest body.
    pub body_bytes: usize,
}

/// Everyone who is needed: all enrolled, live and granted.
pub struct Cast {
    /// Decides about access.
    pub coordinator: Device,
    /// A colleague, who works on while everything happens.
    pub colleague: Device,
    /// The hostile device.
    pub hostile: Device,
}

impl Cast {
    /// A coordinator's device brings two coaches.
    ///
    /// # Errors
    /// The server does not let it.
    pub fn around(mut coordinator: Device, rng: &mut dyn CryptoRng) -> Result<Self, String> {
        let colleague = coordinator.brings("probe-colleague", Role::Coach, rng)?;
        let hostile = coordinator.brings("probe-hostile", Role::Coach, rng)?;
        Ok(Self { coordinator, colleague, hostile })
    }

    /// All attacks, one after the other, while the watch looks at the server and at its honest client.
    pub fn attack(&mut self, setting: &Setting, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Vec<Row> {
        let mut rows = Vec::new();
        for case in cases(&self.hostile.maker, self.colleague.maker.keys.device(), rng) {
            rows.push(self.push(&case, watch));
        }
        rows.push(self.compressed_body(watch, rng));
        rows.push(self.oversize_body(setting, watch, rng));
        rows.push(self.replayed_request(watch, rng));
        rows.push(self.replayed_push(watch, rng));
        rows.push(self.silent_body(setting, watch));
        rows.push(self.slow_body(setting, watch));
        rows.push(self.slow_strangers(setting, watch, rng));
        rows.push(self.endless_pages(watch));
        rows.push(self.without_grant(watch, rng));
        rows.push(self.reassigned(watch, rng));
        rows.sort_by_key(|row| row.number);
        rows
    }

    fn push(&mut self, case: &Case, watch: &mut Watch) -> Row {
        let ready = self.hostile.push(&case.statements, &case.before);
        assert!(ready.iter().all(|told| *told == Told::Accepted), "{}: the stage is not set: {ready:?}", case.name);
        let told = self.hostile.push(&[], &case.faulty);
        let came = told[told.len().saturating_sub(case.looked_at)..].to_vec();
        // What is refused is refused each time; what was accepted beside it is known.
        let body = Request { page: Some(1), changes: case.faulty.clone(), ..Request::default() }.encode();
        let hostile = &mut self.hostile;
        if case.merges {
            watch.during(&mut || drop(hostile.exchange_encoded(&body)));
        }
        let control = self.hostile.push(&[], &case.control);
        Row { number: case.number, name: case.name, expected: case.expected.clone(), came, control }
    }

    fn visit(&mut self, rng: &mut dyn CryptoRng) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let maker = &self.hostile.maker;
        let mut story = maker.opens(rng);
        let visit = story.visit(maker, "Een gewoon bezoek");
        let signed = [&story.first, &visit].map(|chunk| maker.signed(story.document, chunk));
        (vec![story.opening], signed.to_vec())
    }

    fn compressed_body(&mut self, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let (statements, changes) = self.visit(rng);
        let plain = Request { statements: statements.clone(), changes: changes.clone(), ..Request::default() }.encode();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain).and_then(|()| encoder.write_all(&vec![0; 256 << 20])).expect("memory");
        let bomb = encoder.finish().expect("memory");
        let send = || {
            let mut headers = self.hostile.headers("POST", "/v1/sync", &bomb);
            headers.push(("content-encoding", "gzip".to_owned()));
            http(self.hostile.address, "POST", "/v1/sync", &headers, &bomb).told()
        };
        let came = vec![send()];
        watch.during(&mut || {
            send();
        });
        let control = self.hostile.push(&statements, &changes);
        Row {
            number: 9,
            name: "inflate bomb: a compressed body",
            expected: Told::Http(415, Some(ErrorCode::Malformed)),
            came,
            control,
        }
    }

    fn oversize_body(&mut self, setting: &Setting, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let (statements, changes) = self.visit(rng);
        let large = vec![0; setting.body_bytes + 1];
        let mut send = || self.hostile.ask("POST", "/v1/sync", &large).told();
        let came = vec![send()];
        watch.during(&mut || {
            send();
        });
        let control = self.hostile.push(&statements, &changes);
        Row {
            number: 13,
            name: "oversize: a body of more than the limit",
            expected: Told::Http(413, Some(ErrorCode::TooLarge)),
            came,
            control,
        }
    }

    fn replayed_request(&mut self, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let (statements, changes) = self.visit(rng);
        let body = Request { statements, changes, ..Request::default() }.encode();
        // A fresh nonce first, so that the control is signed over one that is good.
        let _ = self.hostile.exchange(&Request::default());
        let headers = self.hostile.headers("POST", "/v1/sync", &body);
        let address = self.hostile.address;
        let send = || http(address, "POST", "/v1/sync", &headers, &body);
        let first = send();
        let control = vec![if first.status == 200 { Told::Accepted } else { first.told() }];
        let came = vec![send().told()];
        watch.during(&mut || {
            send();
        });
        Row {
            number: 14,
            name: "replay: the same request again",
            expected: Told::Http(401, Some(ErrorCode::StaleNonce)),
            came,
            control,
        }
    }

    fn replayed_push(&mut self, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let (statements, changes) = self.visit(rng);
        let request = Request { page: Some(1), statements, changes, ..Request::default() };
        let body = request.encode();
        let numbers = |hostile: &mut Device| match hostile.exchange_encoded(&body) {
            Ok(answer) => answer.verdicts,
            Err(told) => panic!("{told}"),
        };
        let first = numbers(&mut self.hostile);
        let again = numbers(&mut self.hostile);
        // The same numbers: nothing was written twice.
        let came = vec![if first == again { Told::Accepted } else { Told::Nothing }];
        watch.during(&mut || drop(self.hostile.exchange_encoded(&body)));
        let control = first.iter().map(Told::from).collect();
        Row { number: 14, name: "replay: an old push counts once", expected: Told::Accepted, came, control }
    }

    /// A signed request whose body does not come: `send` sends what comes of it.
    fn stalled(&self, setting: &Setting, send: impl FnOnce(&mut TcpStream, &[u8])) -> Told {
        let body = Request { unsynced: 1, cursor: vec![1; 60], ..Request::default() }.encode();
        let headers = self.hostile.headers("POST", "/v1/sync", &body);
        let Some(mut stream) = connect(self.hostile.address) else { return Told::Nothing };
        let head = head(self.hostile.address, "POST", "/v1/sync", &headers, body.len());
        let _ = stream.write_all(head.as_bytes());
        send(&mut stream, &body);
        // Longer than the server may take, and not for ever.
        answer(stream, (setting.idle + setting.body) * 2).told()
    }

    fn control_of_slowness(&mut self) -> Vec<Told> {
        match self.hostile.exchange(&Request { unsynced: 1, page: Some(1), ..Request::default() }) {
            Ok(_) => vec![Told::Accepted],
            Err(told) => vec![told],
        }
    }

    fn silent_body(&mut self, setting: &Setting, watch: &mut Watch) -> Row {
        let _ = self.hostile.exchange(&Request::default());
        let came = std::thread::scope(|scope| {
            let stalled = scope.spawn(|| self.stalled(setting, |stream, body| drop(stream.write_all(&body[..body.len() / 2]))));
            watch.during(&mut || std::thread::sleep(Duration::from_millis(20).min(setting.idle)));
            stalled.join().unwrap_or(Told::Nothing)
        });
        let control = self.control_of_slowness();
        Row {
            number: 15,
            name: "never finishing: a body that falls silent",
            expected: Told::Http(408, Some(ErrorCode::Busy)),
            came: vec![came],
            control,
        }
    }

    fn slow_body(&mut self, setting: &Setting, watch: &mut Watch) -> Row {
        let _ = self.hostile.exchange(&Request::default());
        let came = std::thread::scope(|scope| {
            let stalled = scope.spawn(|| {
                self.stalled(setting, |stream, body| {
                    // So slow that it would take half as long again as is allowed, but never silent for as long as that.
                    let pause = (setting.body * 3 / 2 / body.len() as u32).min(setting.idle / 4);
                    for byte in body.iter().chain(&[0; 1_000]).map(std::slice::from_ref) {
                        if stream.write_all(byte).is_err() {
                            break;
                        }
                        std::thread::sleep(pause);
                    }
                })
            });
            watch.during(&mut || std::thread::sleep(Duration::from_millis(20)));
            stalled.join().unwrap_or(Told::Nothing)
        });
        let control = self.control_of_slowness();
        Row {
            number: 15,
            name: "never finishing: a body of drops",
            expected: Told::Http(408, Some(ErrorCode::Busy)),
            came: vec![came],
            control,
        }
    }

    /// Nobody in particular opens more connections than there are turns, and lets a byte fall now and then.
    fn slow_strangers(&mut self, setting: &Setting, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let address = self.hostile.address;
        let begun = Strangers::begin(address);
        let came = std::thread::scope(|scope| {
            let dripping = scope.spawn(|| begun.drip(setting));
            watch.during(&mut || std::thread::sleep(Duration::from_millis(20)));
            dripping.join().unwrap_or_default()
        });
        // While they drip, somebody enrols.
        let begun = Strangers::begin(address);
        let control = std::thread::scope(|scope| {
            let dripping = scope.spawn(|| begun.drip(setting));
            let brought = self.coordinator.brings("probe-newcomer", Role::Coach, rng);
            let dripped = dripping.join().unwrap_or_default().len() == STRANGERS;
            if brought.is_ok() && dripped { Told::Accepted } else { Told::Nothing }
        });
        let name = "never finishing: bodies of drops, by strangers";
        Row { number: 15, name, expected: Told::Http(408, Some(ErrorCode::Busy)), came, control: vec![control] }
    }

    fn endless_pages(&mut self, watch: &mut Watch) -> Row {
        // Always from the beginning, a byte at a time: each answer is bounded, and costs no more than the one before.
        let first = Request { page: Some(1), ..Request::default() };
        let bounded = |told: Result<veldboek_core::wire::Answer, Told>| match told {
            Ok(answer) if answer.items.len() <= 1 => Told::Accepted,
            Ok(_) => Told::Nothing,
            Err(told) => told,
        };
        let came = (0..20).map(|_| bounded(self.hostile.exchange(&first))).collect();
        let body = first.encode();
        watch.during(&mut || drop(self.hostile.exchange_encoded(&body)));
        // Whoever follows the cursor comes to an end.
        let mut request = Request { page: Some(64 << 10), ..Request::default() };
        let mut control = Told::Nothing;
        for _ in 0..2_000 {
            match self.hostile.exchange(&request) {
                Ok(answer) if !answer.more => {
                    control = Told::Accepted;
                    break;
                }
                Ok(answer) if answer.cursor != request.cursor && !answer.cursor.is_empty() => request.cursor = answer.cursor,
                Ok(_) => break,
                Err(told) => {
                    control = told;
                    break;
                }
            }
        }
        Row { number: 15, name: "never finishing: endless pages", expected: Told::Accepted, came, control: vec![control] }
    }

    fn without_grant(&mut self, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let colleague = &self.colleague.maker;
        let story = colleague.opens(rng);
        let first = colleague.signed(story.document, &story.first);
        let ready = self.colleague.push(std::slice::from_ref(&story.opening), &[first]);
        assert!(ready.iter().all(|told| *told == Told::Accepted), "{ready:?}");
        let maker = &self.hostile.maker;
        let mut theirs = story.clone();
        theirs.actor = maker.session(rng);
        let visit = theirs.visit(maker, "In het dossier van een ander");
        let push = [maker.signed(story.document, &visit)];
        let came = self.hostile.push(&[], &push);
        let body = Request { page: Some(1), changes: push.to_vec(), ..Request::default() }.encode();
        let hostile = &mut self.hostile;
        watch.during(&mut || drop(hostile.exchange_encoded(&body)));
        let granted = self.grant(story.document, rng);
        let given = self.coordinator.push(&[granted], &[]);
        assert!(given.is_empty(), "{given:?}");
        let control = self.hostile.push(&[], &push);
        let expected = Told::Quarantined(Some(Step::Grant));
        Row { number: 16, name: "a dossier without grant", expected, came, control }
    }

    fn grant(&self, document: veldboek_core::ids::DocumentId, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let decided = &self.coordinator.maker;
        let grant = Grant {
            id: EntryId::fresh(now(), rng),
            document,
            person: self.hostile.maker.person.clone(),
            from: day(-7),
            until: None,
            note: None,
            by: decided.person.clone(),
            at: now(),
            decision: None,
        };
        SignedStatement::sign(&Statement::Grant(grant), &decided.keys).expect("a short statement").bytes().to_vec()
    }

    fn reassigned(&mut self, watch: &mut Watch, rng: &mut dyn CryptoRng) -> Row {
        let maker = self.hostile.maker.clone();
        let mut story = maker.opens(rng);
        let before = [story.first.clone(), story.visit(&maker, "Nog van mij")].map(|chunk| maker.signed(story.document, &chunk));
        let control = self.hostile.push(std::slice::from_ref(&story.opening), &before);
        let decided = &self.coordinator.maker;
        let end = GrantEnd {
            document: story.document,
            person: maker.person.clone(),
            on: day(-3),
            by: decided.person.clone(),
            at: now(),
            reason: Some("overgedragen".into()),
            decision: None,
            successor: None,
            ends: None,
        };
        let end = SignedStatement::sign(&Statement::GrantEnd(end), &decided.keys).expect("a short statement");
        let given = self.coordinator.push(&[end.bytes().to_vec()], &[]);
        assert!(given.is_empty(), "{given:?}");
        // Written after it was decided that the dossier goes to somebody else.
        let later = Maker { at: now().plus_millis(5_000), ..maker.clone() };
        let push = [maker.signed(story.document, &story.visit(&later, "Niet meer van mij"))];
        let came = self.hostile.push(&[], &push);
        let body = Request { page: Some(1), changes: push.to_vec(), ..Request::default() }.encode();
        let hostile = &mut self.hostile;
        watch.during(&mut || drop(hostile.exchange_encoded(&body)));
        let expected = Told::Quarantined(Some(Step::Grant));
        Row { number: 16, name: "a dossier that was reassigned meanwhile", expected, came, control }
    }
}

/// Requests without a signature whose bodies do not come.
struct Strangers(Vec<TcpStream>);

impl Strangers {
    fn begin(address: std::net::SocketAddr) -> Self {
        let begun = (0..STRANGERS).map(|number| {
            let path = if number % 2 == 0 { "/v1/enrol" } else { "/v1/wiped" };
            let mut stream = connect(address)?;
            stream.write_all(head(address, "POST", path, &[], 3_000).as_bytes()).ok()?;
            Some(stream)
        });
        Self(begun.collect::<Option<_>>().expect("a connection"))
    }

    /// A byte of each after every pause, for longer than the server waits; how they were answered.
    fn drip(mut self, setting: &Setting) -> Vec<Told> {
        let pause = setting.idle / 4;
        for _ in 0..setting.unsigned.as_millis() / pause.as_millis().max(1) + 2 {
            // One that was answered takes no more.
            self.0.iter_mut().for_each(|stream| drop(stream.write_all(&[0])));
            std::thread::sleep(pause);
        }
        self.0.into_iter().map(|stream| answer(stream, (setting.idle + setting.unsigned) * 2).told()).collect()
    }
}

fn day(from_today: i64) -> Day {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * from_today);
    then.to_zoned(jiff::tz::TimeZone::UTC).date().to_string().parse().expect("a day")
}
