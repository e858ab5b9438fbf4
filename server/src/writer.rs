//! The single writer: one thread owns the region, takes everything that waits, handles it, makes it durable at once, and only
//! then lets anyone hear.
//!
//! One thread, because the order in which changes are admitted is the order of authority, and because one `sync_data` for a
//! batch of sixteen costs what it costs for one. A thread and not a task, because it waits for the disk.
//!
//! What goes wrong in a batch is found by trying its requests one by one, each on a region that was folded anew from the
//! journal: whoever made it panic gets an internal error, and the others are served as if nothing had happened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use veldboek_core::audit::AuditNote;
use veldboek_core::clock::Timestamp;
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::{Done, ErasureOrder, Push, RegionError, Standing, Work};
use veldboek_core::wire::{EnrolRequest, InviteRequest, RevokeRequest};

use crate::engine::Engine;
use crate::error::Failure;
use crate::faults;
use crate::time::Clock;

/// The most requests in one batch: with more, the first one waits for the others longer than for the disk.
const BATCH: usize = 64;
/// Requests that wait while a batch is in hand; further ones wait in their connections.
const QUEUE: usize = 256;

/// What is asked of the region.
#[derive(Debug, Clone)]
pub enum Order {
    /// A device exchanges.
    Exchange(DeviceId, Arc<Push>),
    /// A new device enrols.
    Enrol(EnrolRequest),
    /// Somebody invites.
    Invite(DeviceId, InviteRequest),
    /// Somebody asks for the devices: all, or one with its documents.
    Devices(DeviceId, Option<DeviceId>),
    /// A coordinator asks what waits after a number.
    Quarantine(DeviceId, u64),
    /// Somebody revokes a device.
    Revoke(DeviceId, RevokeRequest),
    /// A revoked device says that it has wiped itself.
    Wiped(Vec<u8>),
    /// A device, or everyone without a signature, is not listened to until then.
    LockOut(Option<DeviceId>, Timestamp),
    /// A line for the auditor.
    Audit(AuditNote),
    /// Somebody lists or decides about erasures.
    Erasures(DeviceId, ErasureOrder),
}

impl Order {
    fn caller(&self) -> Option<DeviceId> {
        match self {
            Self::Exchange(caller, _)
            | Self::Invite(caller, _)
            | Self::Devices(caller, _)
            | Self::Quarantine(caller, _)
            | Self::Revoke(caller, _)
            | Self::Erasures(caller, _) => Some(*caller),
            Self::Enrol(_) | Self::Wiped(_) | Self::LockOut(..) | Self::Audit(_) => None,
        }
    }

    /// The work for the region. A copy: whatever goes wrong, the order can be tried again.
    fn work(&self) -> Work {
        match self.clone() {
            Self::Exchange(caller, push) => Work::Exchange(caller, push),
            Self::Enrol(request) => Work::Enrol(request),
            Self::Invite(by, request) => Work::Invite(Some(by), request),
            Self::Devices(by, one) => Work::Devices(Some(by), one),
            Self::Quarantine(by, after) => Work::Quarantine(by, after),
            Self::Revoke(by, request) => Work::Revoke(Some(by), request),
            Self::Wiped(statement) => Work::Wiped(statement),
            Self::LockOut(who, until) => Work::LockOut(who, until),
            Self::Audit(note) => Work::Audit(note),
            Self::Erasures(by, order) => Work::Erasures(Some(by), order),
        }
    }
}

/// The way to the writer, for everyone who wants something of the region.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Ticket>,
    well: Arc<AtomicBool>,
}

/// See [`Writer::downgrade`].
pub struct WeakQueue(mpsc::WeakSender<Ticket>);

enum Ticket {
    Order(Order, oneshot::Sender<Result<Done, Failure>>),
    Standing(DeviceId, oneshot::Sender<Result<Option<Standing>, Failure>>),
    NoteContacts,
}

impl Writer {
    /// Starts the thread. It ends when the last [`Writer`] is dropped and everything queued is answered.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(engine: Box<dyn Engine>, clock: Clock) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let well = Arc::new(AtomicBool::new(true));
        let desk = Desk { engine, clock, stale: false, well: well.clone() };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || desk.run(waiting))?;
        Ok((Self { queue, well }, thread))
    }

    /// Whether the region could be read and written when it was last asked.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed) && !self.queue.is_closed()
    }

    /// Has something done. The outcome arrives when it is durable, or not at all.
    ///
    /// # Errors
    /// The region's answer, or that nothing was done because it cannot write.
    pub async fn ask(&self, order: Order) -> Result<Done, Failure> {
        self.send(|reply| Ticket::Order(order, reply)).await
    }

    /// How a device stands now.
    ///
    /// # Errors
    /// The region cannot be read.
    pub async fn standing(&self, device: DeviceId) -> Result<Option<Standing>, Failure> {
        self.send(|reply| Ticket::Standing(device, reply)).await
    }

    /// Has the contacts that were only heard written down on a period, until the writer ends. It keeps the writer from
    /// nothing: it is gone with the last [`Writer`].
    pub async fn note_contacts(queue: WeakQueue, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(queue) = queue.0.upgrade() else { return };
            // A full queue means that requests come; the next time will do.
            let _ = queue.try_send(Ticket::NoteContacts);
        }
    }

    /// A way to the writer that does not keep it from ending.
    pub fn downgrade(&self) -> WeakQueue {
        WeakQueue(self.queue.downgrade())
    }

    async fn send<T>(&self, ticket: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Ticket) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(ticket(reply)).await.map_err(|_| Failure::Unavailable)?;
        answer.await.map_err(|_| Failure::Unavailable)?
    }
}

/// One order with the way back to whoever waits for it.
struct Job {
    order: Order,
    reply: oneshot::Sender<Result<Done, Failure>>,
}

impl Job {
    fn answer(self, outcome: Result<Done, Failure>) {
        // Whoever has gone away hears it at the next sync.
        let _ = self.reply.send(outcome);
    }
}

/// Why a group came to nothing.
enum Setback {
    Panic,
    Store(RegionError),
}

/// The thread's own side.
struct Desk {
    engine: Box<dyn Engine>,
    clock: Clock,
    /// What is in memory cannot be trusted: the region is to be folded anew first.
    stale: bool,
    well: Arc<AtomicBool>,
}

impl Desk {
    fn run(mut self, mut waiting: mpsc::Receiver<Ticket>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(next) = waiting.try_recv()
            {
                batch.push(next);
            }
            self.handle(batch);
        }
        self.note_contacts();
    }

    /// Nobody waits for it, and nothing depends on it: what cannot be written is tried again on the next occasion.
    fn note_contacts(&mut self) {
        let noted = self.guarded(|engine| engine.note_contacts(&mut UnwrapErr(SysRng)));
        if let Err(setback) = noted {
            self.failure(setback);
        }
    }

    fn handle(&mut self, batch: Vec<Ticket>) {
        let mut exchanges = Vec::new();
        for ticket in batch {
            match ticket {
                Ticket::Standing(device, reply) => {
                    let _ = reply.send(self.standing(&device).map_err(|setback| self.failure(setback)));
                }
                Ticket::NoteContacts => self.note_contacts(),
                // Nobody waits for it any more, so nobody would learn what came of it.
                Ticket::Order(_, reply) if reply.is_closed() => {}
                Ticket::Order(order @ Order::Exchange(..), reply) => exchanges.push(Job { order, reply }),
                // By itself: an exchange may be repeated, but an enrolment that was repeated because of a neighbour
                // would find its code used.
                Ticket::Order(order, reply) => self.group(vec![Job { order, reply }]),
            }
        }
        self.group(exchanges);
    }

    /// Handles orders together; if that fails, one by one.
    fn group(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        match self.attempt(&jobs) {
            Ok(outcomes) => {
                self.well.store(true, Ordering::Relaxed);
                if jobs.iter().any(|job| !matches!(job.order, Order::Devices(..))) {
                    faults::point(faults::DURABLE_UNACKNOWLEDGED);
                }
                for (job, outcome) in jobs.into_iter().zip(outcomes) {
                    let outcome = outcome.map_err(|error| self.refusal(&job.order, error));
                    job.answer(outcome);
                }
            }
            Err(setback) if jobs.len() == 1 => {
                let failure = self.failure(setback);
                jobs.into_iter().for_each(|job| job.answer(Err(failure.clone())));
            }
            Err(_) => jobs.into_iter().for_each(|job| self.group(vec![job])),
        }
    }

    fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Result<Done, RegionError>>, Setback> {
        let works = jobs.iter().map(|job| job.order.work()).collect();
        let now = self.clock.now();
        self.guarded(|engine| {
            let _armed = faults::arm();
            // The system's randomness fails only where nothing could be encrypted or signed either.
            engine.run(works, now, &mut UnwrapErr(SysRng))
        })
    }

    fn standing(&mut self, device: &DeviceId) -> Result<Option<Standing>, Setback> {
        self.guarded(|engine| engine.standing(device))
    }

    /// Runs on a region that is as its journal says; remembers when that no longer holds.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut dyn Engine) -> Result<T, RegionError>) -> Result<T, Setback> {
        let (engine, stale) = (&mut self.engine, self.stale);
        // The region is not looked at again before it was folded anew, so a panic leaves nothing half-done behind.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            if stale {
                engine.reopen()?;
            }
            run(engine.as_mut())
        }));
        self.stale = !matches!(outcome, Ok(Ok(_)));
        match outcome {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Setback::Store(error)),
            Err(_) => Err(Setback::Panic),
        }
    }

    fn failure(&self, setback: Setback) -> Failure {
        match setback {
            Setback::Panic => {
                // Not what it said: a panic message may quote what a coach wrote.
                tracing::error!("a request made the server panic; it is answered with an internal error");
                Failure::Internal
            }
            Setback::Store(error) => {
                tracing::error!(%error, "the store could not be read or written; nothing is acknowledged");
                self.well.store(false, Ordering::Relaxed);
                Failure::Unavailable
            }
        }
    }

    /// A device that was revoked hears so with the proof; one that nobody knows, that.
    fn not_welcome(&mut self, caller: Option<DeviceId>) -> Failure {
        let Some(device) = caller else { return Failure::UnknownDevice };
        match self.guarded(|engine| engine.revocation(&device)) {
            Ok(Some(signed)) => Failure::Revoked(signed),
            Ok(None) => Failure::UnknownDevice,
            Err(setback) => self.failure(setback),
        }
    }

    fn refusal(&mut self, order: &Order, error: RegionError) -> Failure {
        match error {
            RegionError::NotWelcome => self.not_welcome(order.caller()),
            RegionError::WrongCode => Failure::WrongCode,
            RegionError::ExpiredCode => Failure::ExpiredCode,
            RegionError::NotAllowed => Failure::NotAllowed,
            RegionError::NoSuchDevice => Failure::Missing,
            RegionError::Unfit(why) => Failure::Unfit(why),
            error @ (RegionError::Store(_) | RegionError::Missing | RegionError::Exists) => self.failure(Setback::Store(error)),
        }
    }
}
