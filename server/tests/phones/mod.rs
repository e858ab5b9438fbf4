//! Devices with a whole field book, that talk to the server of `town` over real connections.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::sync::Arc;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::cache::NoCache;
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::field_book::{FieldBook, Outcome, Sent};
use veldboek_core::ids::{DeviceId, DocumentId, VisitId};
use veldboek_core::keyring::WrappingKey;
use veldboek_core::notes::Setup;
use veldboek_core::record::{Lang, Record};
use veldboek_core::request_signature::{Nonce, sign};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;
use veldboek_core::wire::{Answer, EnrolAnswer, Request, Verdict};
use veldboek_server::args::{Format, Invite, Output, RoleName};
use veldboek_server::time::now;

use crate::town::{LIMIT, Reply, Town, http};

/// The organisation of most.
pub const HOME: &str = "werkpartners";

/// The system's randomness.
pub fn dice() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A device with its field book.
pub struct Phone {
    pub book: FieldBook,
    pub disk: Arc<dyn Disk>,
    pub key: WrappingKey,
    nonce: Nonce,
}

impl Phone {
    /// A device of a person of [`HOME`].
    pub async fn of(town: &Town, person: &str, role: RoleName) -> Self {
        Self::in_organisation(town, person, role, HOME).await
    }

    /// A device of a person, enrolled with a code from the machine.
    pub async fn in_organisation(town: &Town, person: &str, role: RoleName, organisation: &str) -> Self {
        let invite = Invite {
            person: person.into(),
            name: person.into(),
            role,
            organisation: Some(organisation.into()),
            output: Output { format: Format::Table },
        };
        let code = veldboek_server::admin::invite(&town.settings, &invite, Lang::En).expect("an invitation").code;
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        let (key, mut rng) = (WrappingKey::generate(&mut dice()), dice());
        let setup = Setup {
            region: String::new(),
            organisation: None,
            person: None,
            display_name: None,
            server_url: None,
            server: None,
            server_keys: None,
        };
        let mut book = FieldBook::create(disk.clone(), Arc::new(NoCache), &key, setup, &mut rng).expect("an empty disk");
        let request = book.enrol_request(&code, "phone").encode();
        let reply = town.post("/v1/enrol", &[], &request).await;
        assert_eq!(reply.status, 200, "{person}: {:?}", reply.error());
        let answer = EnrolAnswer::decode(&reply.body, LIMIT).unwrap();
        book.enrolled(&answer, &format!("http://{}", town.address), now(), &mut rng).expect("a good answer");
        Self { book, disk, key, nonce: answer.nonce.parse().unwrap() }
    }

    /// The system's own backup of this phone, put back: it has everything but the session, and a nonce of then.
    pub fn backup(&self) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        for name in self.disk.list().unwrap().into_iter().filter(|name| name != "session") {
            let bytes = self.disk.read(&name, 0, usize::MAX).unwrap();
            disk.append(&name, &bytes).and_then(|()| disk.sync(&name)).unwrap();
        }
        let book = FieldBook::open(disk.clone(), Arc::new(NoCache), &self.key).expect("the backup opens");
        Self { book, disk, key: self.key.clone(), nonce: self.nonce }
    }

    pub fn device(&self) -> DeviceId {
        self.book.identity().device
    }

    /// The headers of a request, signed with the nonce that is at hand.
    pub fn signed(&self, town: &Town, method: &str, path: &str, body: &[u8]) -> [(&'static str, String); 3] {
        sign(self.book.device_keys(), method, path, body, town.server, self.nonce)
    }

    /// One signed request.
    pub async fn ask(&mut self, town: &Town, method: &str, path: &str, body: &[u8]) -> Reply {
        let headers = self.signed(town, method, path, body);
        let reply = http(&town.address, method, path, &headers, body).await;
        if let Some(nonce) = reply.nonce() {
            self.nonce = nonce;
        }
        reply
    }

    /// One question to the server, whatever the answer.
    pub async fn exchange(&mut self, town: &Town, request: &Request) -> Result<Answer, Reply> {
        let reply = self.ask(town, "POST", "/v1/sync", &request.encode()).await;
        if reply.status == 200 { Ok(Answer::decode(&reply.body, LIMIT).unwrap()) } else { Err(reply) }
    }

    /// Takes in an answer.
    pub fn take(&mut self, sent: Sent, answer: Answer) -> Outcome {
        self.book.answer(sent, answer, now(), &mut dice()).expect("a good answer")
    }

    /// Exchanges until nothing is left to say.
    pub async fn sync(&mut self, town: &Town) -> Result<Outcome, Reply> {
        for _ in 0..100 {
            let (request, sent) = self.book.request(None).unwrap();
            let answer = self.exchange(town, &request).await?;
            let outcome = self.take(sent, answer);
            if !outcome.again {
                return Ok(outcome);
            }
        }
        panic!("an exchange that never ends");
    }

    /// Sends what is here, once, and gives the verdicts: of statements first, then of changes.
    pub async fn push(&mut self, town: &Town) -> Vec<Verdict> {
        let (request, sent) = self.book.request(None).unwrap();
        let answer = self.exchange(town, &request).await.expect("a welcome device");
        let verdicts = answer.verdicts.clone();
        self.take(sent, answer);
        verdicts
    }

    /// Begins a dossier.
    pub fn dossier(&mut self, reference: &str, organisation: &str) -> DocumentId {
        let trainee = Trainee {
            reference: Some(reference.into()),
            given_name: Some("Sanne".into()),
            organisation: Some(organisation.into()),
            ..Trainee::default()
        };
        self.book.found(trainee.create(""), now(), &mut dice()).expect("a dossier")
    }

    /// Writes a visit, in any document, whether it is here or not.
    pub fn visit(&mut self, dossier: DocumentId, summary: &str) {
        let id = VisitId::fresh(now().at, &mut dice()).to_string();
        let visit = Visit { summary: Some(summary.into()), duration_min: Some(45), ..Visit::default() };
        self.book.perform(dossier, visit.create(&id), now(), &mut dice()).expect("a visit is saved");
    }

    /// The texts of all visits in a dossier, sorted.
    pub fn summaries(&mut self, dossier: DocumentId) -> Vec<String> {
        let dossier = self.book.dossier(dossier).expect("a known dossier");
        let mut summaries: Vec<String> = dossier.visits.values().filter_map(|visit| visit.summary.clone()).collect();
        summaries.sort();
        summaries
    }
}

/// Whether bytes hold a word.
pub fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}
