//! The field in a box: named devices, one server, a clock that only moves when told, and disks that can forget.

#![allow(clippy::expect_used, reason = "the harness is a test: it stops at the first surprise")]

pub mod attacks;
pub mod process;
pub mod search;

use std::sync::Arc;

use rand_core::{Infallible, TryCryptoRng, TryRng};
use veldboek_core::cache::NoCache;
use veldboek_core::clock::{LocalTime, Moment, Timestamp};
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::field_book::{FieldBook, Outcome};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Journal, Record};
use veldboek_core::keyring::{Keyring, WrappingKey};
use veldboek_core::notes::Setup;
use veldboek_core::record::{Container, Record as _, Scalar, Write};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, ErasureOrder, Region, RegionError, Work};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;
use veldboek_core::wire::{Answer, ErasureInfo, InviteRequest, MAX_BODY, Request, VERSION};

/// Repeatable randomness (SplitMix64): the same seed gives the same field.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }
}

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.roll() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.roll())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.roll().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

/// A clock that moves when told.
#[derive(Debug, Clone, Copy)]
pub struct FieldClock(pub Timestamp);

impl FieldClock {
    /// Monday 3 March 2025, nine o'clock in the Netherlands.
    pub fn start() -> Self {
        Self(Timestamp::from_millis(1_740_988_800_000))
    }

    /// What it says.
    pub fn now(&self) -> Moment {
        let utc = jiff::Timestamp::from_millisecond(self.0.as_millis()).expect("a year near ours");
        let local = utc.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(1))).datetime();
        Moment { at: self.0, local: LocalTime::new(local) }
    }

    /// Lets time pass.
    pub fn pass_minutes(&mut self, minutes: i64) {
        self.0 = self.0.plus_millis(minutes * 60_000);
    }
}

/// A device with its disk.
pub struct Device {
    /// Its field book.
    pub book: FieldBook,
    disk: Arc<dyn Disk>,
    key: WrappingKey,
}

/// What went over the line in one exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Exchanges.
    pub round_trips: usize,
    /// Bytes of request bodies.
    pub up: usize,
    /// Bytes of answer bodies.
    pub down: usize,
}

/// A copy of a server's store.
pub struct Backup {
    journal: Vec<(String, Vec<u8>)>,
    keyring: Vec<(String, Vec<u8>)>,
}

/// A region with its server.
pub struct Field {
    /// The server.
    pub region: Region,
    /// The clock of everyone.
    pub clock: FieldClock,
    /// Everyone's randomness.
    pub dice: Dice,
    disk: Arc<dyn Disk>,
    key: WrappingKey,
}

impl Field {
    /// A region on a memory disk.
    pub fn new(seed: u64) -> Self {
        Self::on(Arc::new(MemoryDisk::default()), seed)
    }

    /// A region on a disk of one's own.
    pub fn on(disk: Arc<dyn Disk>, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let clock = FieldClock::start();
        let key = WrappingKey::generate(&mut dice);
        let region = Region::create(disk.clone(), Arc::new(NoCache), &key, "kennemerland", clock.now(), &mut dice)
            .expect("an empty disk takes a region");
        Self { region, clock, dice, disk, key }
    }

    /// The server process ends and starts again.
    pub fn restart_server(&mut self) {
        self.region = Region::open(self.disk.clone(), Arc::new(NoCache), &self.key).expect("the region opens again");
    }

    /// The server's disk.
    pub fn server_disk(&self) -> Arc<dyn Disk> {
        self.disk.clone()
    }

    /// The server goes on from another disk, as after a night with somebody who had the machine to himself.
    ///
    /// # Errors
    /// What it says when it cannot.
    pub fn server_goes_on_from(&mut self, disk: Arc<dyn Disk>) -> Result<(), RegionError> {
        self.region = Region::open(disk.clone(), Arc::new(NoCache), &self.key)?;
        self.disk = disk;
        Ok(())
    }

    /// The server's keys, which whoever has its disk and its wrapping key has too.
    pub fn server_keyring(&self) -> Keyring {
        Keyring::open(&*self.disk, &self.key).expect("the server's keyring")
    }

    /// Every record of the server's journal.
    pub fn records(&self) -> Vec<Record> {
        let keyring = self.server_keyring();
        let mut records = Vec::new();
        let mut journal = Journal::open(self.disk.clone()).expect("the server's journal");
        journal.read_new(&keyring, &mut |record| records.push(record)).expect("a whole journal");
        records
    }

    /// A device that is not enrolled.
    pub fn device(&mut self, person: Option<&str>, disk: Arc<dyn Disk>) -> Device {
        let key = WrappingKey::generate(&mut self.dice);
        self.device_under(key, person, disk)
    }

    /// A device that was set up for a region of its own.
    pub fn device_in(&mut self, region: &str, person: Option<&str>) -> Device {
        let key = WrappingKey::generate(&mut self.dice);
        self.device_of(key, region, person, Arc::new(MemoryDisk::default()))
    }

    /// A device under a wrapping key of one's own.
    pub fn device_under(&mut self, key: WrappingKey, person: Option<&str>, disk: Arc<dyn Disk>) -> Device {
        self.device_of(key, "kennemerland", person, disk)
    }

    fn device_of(&mut self, key: WrappingKey, region: &str, person: Option<&str>, disk: Arc<dyn Disk>) -> Device {
        let setup = Setup {
            region: region.into(),
            organisation: Some("school-1".into()),
            person: person.map(str::to_owned),
            display_name: None,
            server_url: None,
            server: None,
            server_keys: None,
        };
        let book =
            FieldBook::create(disk.clone(), Arc::new(NoCache), &key, setup, &mut self.dice).expect("an empty disk takes a book");
        Device { book, disk, key }
    }

    /// A device of this person, enrolled with a code.
    pub fn enrolled(&mut self, person: &str, role: Role) -> Device {
        let mut device = self.device(None, Arc::new(MemoryDisk::default()));
        self.enrol(&mut device, person, role);
        device
    }

    /// Enrols a device with a fresh code.
    pub fn enrol(&mut self, device: &mut Device, person: &str, role: Role) {
        let invite = InviteRequest {
            version: VERSION,
            person: person.into(),
            display_name: person.to_uppercase(),
            role,
            organisation: "school-1".into(),
        };
        let Done::Invited(invited) = self.server(Work::Invite(None, invite)).expect("an invitation") else { unreachable!() };
        let request = device.book.enrol_request(&invited.code, "test");
        let Done::Enrolled(answer) = self.server(Work::Enrol(request)).expect("an enrolment") else { unreachable!() };
        device
            .book
            .enrolled(&answer, "http://127.0.0.1:1", self.clock.now(), &mut self.dice)
            .expect("the server's answer is good");
    }

    /// One piece of work at the server, as a batch of its own.
    pub fn server(&mut self, work: Work) -> Result<Done, RegionError> {
        self.region.run(vec![work], self.clock.now(), &mut self.dice).expect("the server's store works").remove(0)
    }

    /// Lists erasures or decides about one, at the server itself.
    pub fn erasures(&mut self, order: ErasureOrder) -> Vec<ErasureInfo> {
        let Done::Erasures(list) = self.server(Work::Erasures(None, order)).expect("an order that can be done") else {
            unreachable!()
        };
        list
    }

    /// A copy of the server's store as it is now: the journal, and apart from it the keyring.
    pub fn backup(&self) -> Backup {
        let read = |name: &String| (name.clone(), self.disk.read(name, 0, usize::MAX).expect("a readable file"));
        let names = self.disk.list().expect("a readable disk");
        let (journal, keyring) = names.iter().partition::<Vec<_>, _>(|name| name.starts_with("journal/"));
        let keyring = keyring.into_iter().filter(|name| name.starts_with("keyring."));
        Backup { journal: journal.into_iter().map(read).collect(), keyring: keyring.map(read).collect() }
    }

    /// The machine is lost; the server is put back, and its administrator lets it give again at once.
    pub fn restore(&mut self, journal: &Backup, keyring: &Backup) {
        self.put_back(journal, keyring);
        self.reopen();
    }

    /// The administrator says that a server that was put back may give again.
    pub fn reopen(&mut self) {
        self.server(Work::Reopen).expect("a server that can be reopened");
    }

    /// The machine is lost; the server is put back from the journal of one backup and the keyring of another.
    pub fn put_back(&mut self, journal: &Backup, keyring: &Backup) {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        for (name, bytes) in journal.journal.iter().chain(&keyring.keyring) {
            disk.append(name, bytes).and_then(|()| disk.sync(name)).expect("room for a copy");
        }
        self.disk = disk;
        self.restart_server();
        self.region.begin_life(self.clock.now(), &mut self.dice).expect("a new life");
    }

    /// The server's disk.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The keys of the server, as they are on its disk now.
    pub fn keyring(&self) -> Keyring {
        Keyring::open(&*self.disk, &self.key).expect("the server's keyring opens")
    }

    /// The server's answer to a request of this device.
    pub fn answer_to(&mut self, device: &Device, request: Request) -> Answer {
        let who = device.book.identity().device;
        let Done::Exchanged(answer) = self.server(Work::Exchange(who, request.into())).expect("a welcome device") else {
            unreachable!()
        };
        *answer
    }

    /// One exchange, its bodies encoded and decoded as on the line.
    pub fn exchange(&mut self, device: &mut Device, line: &mut Line) -> Outcome {
        let (request, sent) = device.book.request(None).expect("an enrolled device");
        let up = request.encode();
        let request = Request::decode(&up, MAX_BODY).expect("what we encode we decode");
        let who = device.book.identity().device;
        let Done::Exchanged(answer) = self.server(Work::Exchange(who, request.into())).expect("a welcome device") else {
            unreachable!()
        };
        let down = answer.encode();
        let answer = Answer::decode(&down, MAX_BODY).expect("what we encode we decode");
        line.round_trips += 1;
        line.up += up.len();
        line.down += down.len();
        device.book.answer(sent, answer, self.clock.now(), &mut self.dice).expect("a good answer")
    }

    /// Exchanges until nothing is left to say.
    pub fn sync(&mut self, device: &mut Device) -> (Outcome, Line) {
        let mut line = Line::default();
        let mut last = self.exchange(device, &mut line);
        while last.again && line.round_trips < 50 {
            let next = self.exchange(device, &mut line);
            last = Outcome {
                sent: last.sent + next.sent,
                accepted: last.accepted + next.accepted,
                received: last.received + next.received,
                quarantined: last.quarantined + next.quarantined,
                unusable: last.unusable + next.unusable,
                closed: last.closed + next.closed,
                wiped: [last.wiped, next.wiped.clone()].concat(),
                kept: [last.kept, next.kept.clone()].concat(),
                refused: [last.refused, next.refused.clone()].concat(),
                record_book: last.record_book.and(next.record_book),
                new_to_decide: last.new_to_decide || next.new_to_decide,
                ..next
            };
        }
        (last, line)
    }

    /// How many changes wait for this coordinator.
    pub fn server_waiting(&mut self, coordinator: &Device) -> usize {
        let who = coordinator.book.identity().device;
        let Done::Quarantine(list) = self.server(Work::Quarantine(who, 0)).expect("a coordinator") else { unreachable!() };
        list.changes.iter().filter(|change| change.unfounded.is_none()).count()
    }

    /// A dossier made on a device.
    pub fn dossier(&mut self, device: &mut Device, reference: &str) -> DocumentId {
        let trainee = Trainee {
            reference: Some(reference.into()),
            given_name: Some("Sanne".into()),
            organisation: Some("school-1".into()),
            ..Trainee::default()
        };
        device.book.found(trainee.create(""), self.clock.now(), &mut self.dice).expect("a dossier")
    }

    /// A visit written on a device; returns its key.
    pub fn visit(&mut self, device: &mut Device, dossier: DocumentId, summary: &str) -> String {
        let id = veldboek_core::ids::VisitId::fresh(self.clock.0, &mut self.dice).to_string();
        let visit = Visit { summary: Some(summary.into()), duration_min: Some(45), ..Visit::default() };
        device.book.perform(dossier, visit.create(&id), self.clock.now(), &mut self.dice).expect("a visit is saved");
        id
    }

    /// One cell of the trainee's own record, edited on a device.
    pub fn edit(&mut self, device: &mut Device, dossier: DocumentId, key: &str, value: &str) {
        let write =
            Write { container: Container::Trainee, entry: String::new(), key: key.into(), value: Scalar::Text(value.into()) };
        device.book.perform(dossier, vec![write], self.clock.now(), &mut self.dice).expect("an edit is saved");
    }
}

impl Device {
    /// A copy of the whole device as it is now, as a backup would hold it.
    pub fn copy(&self) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        for name in self.disk.list().expect("a readable disk") {
            let bytes = self.disk.read(&name, 0, usize::MAX).expect("a readable file");
            disk.append(&name, &bytes).and_then(|()| disk.sync(&name)).expect("room for a copy");
        }
        let book = FieldBook::open(disk.clone(), Arc::new(NoCache), &self.key).expect("the copy opens");
        Self { book, disk, key: self.key.clone() }
    }

    /// What the system's own backup of a phone holds: everything but the session, which lies where backups do not reach.
    pub fn backup(&self) -> Self {
        let copy = self.copy();
        copy.disk.remove("session").expect("a session can be removed");
        copy
    }

    /// The device's disk.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The same store in another process.
    pub fn second_process(&self) -> Self {
        let book = FieldBook::open(self.disk.clone(), Arc::new(NoCache), &self.key).expect("the book opens twice");
        Self { book, disk: self.disk.clone(), key: self.key.clone() }
    }

    /// The app is closed and opened again.
    pub fn restart(&mut self) {
        self.book = FieldBook::open(self.disk.clone(), Arc::new(NoCache), &self.key).expect("the book opens again");
    }

    /// The texts of all visits in a dossier, sorted.
    pub fn summaries(&mut self, dossier: DocumentId) -> Vec<String> {
        let dossier = self.book.dossier(dossier).expect("a known dossier");
        let mut summaries: Vec<String> = dossier.visits.values().filter_map(|visit| visit.summary.clone()).collect();
        summaries.sort();
        summaries
    }
}
