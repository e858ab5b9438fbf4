//! The object that an app holds: one field book in one directory.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::cache::{NoCache, SledCache};
use veldboek_core::caseload::caseload;
use veldboek_core::clock::{Moment, Timestamp};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::dossier::Dossier;
use veldboek_core::field_book::{FieldBook as Book, FieldBookError as StoreError, Job, Reading, Sent, Target};
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::{KeyringError, WrappingKey};
use veldboek_core::notes::Setup;
use veldboek_core::record::Code as _;
use veldboek_core::request_signature::Nonce;
use veldboek_core::rules::{By, Declaration, Plan, RuleBroken, Warning};
use veldboek_core::statement::Handover;
use veldboek_core::trainee::Trainee;
use veldboek_core::wipe::Wipe;
use veldboek_core::wire::{Answer, EnrolAnswer, ErrorCode};
use zeroize::Zeroizing;

use crate::codes::{Lang, Role};
use crate::exchange::{ENROL_PATH, Enrolled, HttpAnswer, HttpRequest, SYNC_PATH, SyncOutcome};
use crate::given::{NewAssignment, NewDossier, NewPlacement, NewVisit, Planned, PlannedFor, declared, edited};
use crate::platform;
use crate::revoked::{self, DeviceState, WIPED_PATH};
use crate::shown::*;
use crate::trouble::{Answered, FieldBookError};

/// How often in a row the server may ask for another nonce before we stop asking it.
const MOST_STALE: u32 = 3;

/// One field book. Calls wait for each other and never for a network; make them off the screen's thread. What a call saved
/// is durable when it returns, and stays so when the app is killed.
#[derive(uniffi::Object)]
pub struct FieldBook {
    directory: PathBuf,
    lang: Lang,
    held: Mutex<Held>,
}

/// What is in memory.
struct Held {
    /// What opens it.
    opener: Opener,
    /// The key around its keys; absent while it is locked.
    key: Option<WrappingKey>,
    /// When the person last showed who they are.
    shown: Option<Timestamp>,
    /// The open book; absent after trouble, until the next call opens it again from the disk.
    book: Option<Book>,
    /// For the next exchange.
    nonce: Option<Nonce>,
    /// The exchange that waits for its answer.
    pending: Option<Pending>,
    exchanges: u64,
    stale: u32,
}

struct Pending {
    exchange: u64,
    what: What,
}

/// What an exchange that waits for its answer was about.
enum What {
    /// As always.
    Exchange(Sent),
    /// The last work of a revoked phone.
    Delivery(Sent),
    /// That everything was destroyed.
    Wiped,
}

/// An open book, with the moment and the randomness of one call.
pub(crate) struct Turn<'a> {
    pub(crate) book: &'a mut Book,
    directory: &'a Path,
    /// Wiped in this call: the open book is not one any more.
    gone: &'a mut bool,
    nonce: &'a mut Option<Nonce>,
    pending: &'a mut Option<Pending>,
    exchanges: &'a mut u64,
    stale: &'a mut u32,
    pub(crate) moment: Moment,
    rng: UnwrapErr<SysRng>,
    pub(crate) lang: Lang,
}

#[uniffi::export]
impl FieldBook {
    /// Opens the field book in a directory, which belongs to it alone; makes one when there is none. The key is 32 random
    /// bytes that the app guards itself: make it once, and hand in the same one every time. Better: `open_with_keystore`.
    #[uniffi::constructor]
    pub fn open(directory: String, key: Vec<u8>, language: Lang) -> Answered<Arc<Self>> {
        let key = Zeroizing::new(key);
        let bytes =
            <[u8; 32]>::try_from(key.as_slice()).map_err(|_| FieldBookError::bad("key", "the key must be 32 bytes long"))?;
        let bytes = Zeroizing::new(bytes);
        let held = Held::new(Opener::Key, Some(WrappingKey::from_bytes(*bytes)));
        let book = Self { directory: PathBuf::from(directory), lang: language, held: Mutex::new(held) };
        book.begun(|book| book.contact(|_| Ok(())))
    }

    /// Whose field book it is.
    pub fn identity(&self) -> Answered<Identity> {
        self.turn(|turn| Ok(turn.book.identity().into()))
    }

    /// The request that enrols this device with the code from the coordinator. The label is what the person calls the
    /// phone.
    pub fn enrol_begin(&self, code: String, label: String) -> Answered<HttpRequest> {
        self.turn(|turn| {
            let body = turn.book.enrol_request(code.trim(), label.trim()).encode();
            Ok(HttpRequest::plain(turn.next_exchange(), ENROL_PATH, body))
        })
    }

    /// Takes in the answer to it. The address of the server is remembered with the identity.
    pub fn enrol_finish(&self, server_url: String, answer: HttpAnswer) -> Answered<Enrolled> {
        self.turn(|turn| {
            let message = answer.read(turn.lang, EnrolAnswer::decode)?;
            turn.book.enrolled(&message, &server_url, turn.moment, &mut turn.rng)?;
            *turn.nonce = message.nonce.parse().ok();
            let nonce = turn.nonce.map(|nonce| nonce.to_string());
            Ok(Enrolled { identity: turn.book.identity().into(), nonce })
        })
    }

    /// What to send to the server now. The nonce is that of the last outcome; left out, the one in memory is used.
    pub fn sync_begin(&self, nonce: Option<String>) -> Answered<HttpRequest> {
        if let Some(wipe) = revoked::wiped(&self.directory)? {
            return self.report(&wipe);
        }
        self.contact(|turn| {
            let identity = turn.book.identity();
            let server = identity.server.ok_or_else(|| FieldBookError::not_enrolled(turn.lang))?;
            let delivers = turn.book.revoked().is_some_and(|revoked| revoked.may_deliver && revoked.unsent > 0);
            let (request, what) = if delivers {
                let (request, sent) = turn.book.delivery()?;
                (request, What::Delivery(sent))
            } else {
                let (request, sent) = turn.book.request(None)?;
                (request, What::Exchange(sent))
            };
            let nonce = nonce.and_then(|nonce| nonce.parse().ok()).or(turn.nonce.take()).unwrap_or_default();
            let exchange = turn.next_exchange();
            *turn.pending = Some(Pending { exchange, what });
            Ok(HttpRequest::signed(exchange, SYNC_PATH, request.encode(), turn.book, server.id, nonce))
        })
    }

    /// Takes in the answer: durable when this returns. An answer that never came needs nothing: begin again later.
    pub fn sync_finish(&self, exchange: u64, answer: HttpAnswer) -> Answered<SyncOutcome> {
        if let Some(wipe) = revoked::wiped(&self.directory)? {
            return self.reported(exchange, &answer, wipe);
        }
        self.contact(|turn| {
            let pending = turn.pending.take_if(|pending| pending.exchange == exchange);
            let Some(Pending { what, .. }) = pending else {
                return Err(FieldBookError::bad(
                    "exchange",
                    "this exchange was finished, or another one begun since; begin anew",
                ));
            };
            let nonce = answer.nonce();
            *turn.nonce = nonce.or(*turn.nonce);
            if answer.is_stale() {
                *turn.stale += 1;
                if *turn.stale < MOST_STALE {
                    let nonce = nonce.map(|nonce| nonce.to_string());
                    return Ok(SyncOutcome { again: true, nonce, ..SyncOutcome::default() });
                }
                let reason = ErrorCode::BadSignature.label(turn.lang).to_owned();
                *turn.stale = 0;
                return Err(FieldBookError::Server { code: ErrorCode::StaleNonce.code().to_owned(), reason });
            }
            *turn.stale = 0;
            let (moment, nonce_text) = (turn.moment, nonce.map(|nonce| nonce.to_string()));
            let ended = match (answer.revocation(), what) {
                // What it delivers is not taken any more, or not now.
                (Some(_), What::Delivery(_)) => SyncOutcome { state: DeviceState::Revoked, ..SyncOutcome::default() },
                (Some(word), _) => {
                    let revoked = turn.book.take_revocation(&word, &mut turn.rng)?;
                    revoked::obey(turn.book, turn.directory, &revoked, moment)?
                }
                (None, What::Delivery(sent)) => {
                    let message = answer.read(turn.lang, Answer::decode)?;
                    let delivered = turn.book.delivered(sent, message, moment, &mut turn.rng)?;
                    revoked::after_delivery(turn.book, turn.directory, &delivered, moment, turn.lang)?
                }
                (None, What::Exchange(sent)) => {
                    let message = answer.read(turn.lang, Answer::decode)?;
                    let outcome = turn.book.answer(sent, message, moment, &mut turn.rng)?;
                    return Ok(SyncOutcome::new(&outcome, nonce, turn.lang));
                }
                (None, What::Wiped) => return Err(FieldBookError::wiped(0, turn.lang)),
            };
            *turn.gone = ended.state == DeviceState::Wiped;
            Ok(SyncOutcome { nonce: nonce_text, ..ended })
        })
    }

    /// Whether this field book can be used: ask when the app starts, and after each exchange.
    pub fn device_state(&self) -> Answered<DeviceState> {
        if revoked::wiped(&self.directory)?.is_some() {
            return Ok(DeviceState::Wiped);
        }
        self.contact(|turn| Ok(turn.book.revoked().map_or(DeviceState::Usable, |_| DeviceState::Revoked)))
    }

    /// The first screen: planned, due and overdue visits of this coach, and open agreements.
    pub fn today(&self) -> Answered<TodayList> {
        self.turn(|turn| {
            let person = turn.person()?;
            let (dossiers, register) = (turn.book.dossiers()?, turn.book.register()?);
            let list = caseload(&person, turn.moment.today(), dossiers, &register);
            TodayList::new(list, &|document| turn.read_at(document))
        })
    }

    /// Every dossier on this device, by reference.
    pub fn dossiers(&self) -> Answered<Vec<DossierLine>> {
        self.turn(|turn| {
            let mut lines = Vec::new();
            for (document, dossier) in turn.book.dossiers()? {
                lines.push(turn.line(document, &dossier)?);
            }
            lines.sort_by(|a, b| (&a.reference, &a.id).cmp(&(&b.reference, &b.id)));
            Ok(lines)
        })
    }

    /// One dossier.
    pub fn dossier(&self, dossier: String) -> Answered<DossierDetail> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&dossier)?;
            let register = turn.book.register()?;
            let line = turn.line(document, &dossier)?;
            Ok(DossierDetail::new(line, &dossier, &register, turn.moment.today()))
        })
    }

    /// The visits of a dossier, the last first; each says whether it is safe on the server.
    pub fn visits(&self, dossier: String) -> Answered<Vec<VisitDetail>> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&dossier)?;
            let unsaved = turn.book.unsaved(document)?;
            let mut visits = dossier.effective_visits();
            visits.sort_by_key(|(id, visit)| std::cmp::Reverse((visit.day(), visit.started_at, *id)));
            let read_at = turn.read_at(document)?;
            Ok(visits.into_iter().map(|(id, visit)| VisitDetail::new(id, visit, &dossier, &unsaved, &read_at)).collect())
        })
    }

    /// Records a visit; durable on this device when this returns. One that was planned is recorded as it was read: what a
    /// colleague changed in the plan meanwhile stands beside it, in `conflicts`.
    pub fn log_visit(&self, visit: NewVisit) -> Answered<LoggedVisit> {
        self.turn(|turn| {
            // A visit that was made is kept, also when the last day of access has passed.
            let late = turn.book.find_ended(visit.dossier.trim())?.map(|ended| ended.document);
            let (document, dossier) = match late {
                Some(document) => (document, turn.book.dossier(document)?),
                None => turn.find(&visit.dossier)?,
            };
            let declaration = declared(visit.not_a_bsn);
            let planned = visit.planned.as_ref().map(Planned::read).transpose()?;
            let (draft, agreements) = visit.draft()?;
            let (id, remarks) = match planned {
                None => {
                    let plan = turn.plan(declaration, |by| dossier.log_visit(by, None, draft, agreements))?;
                    match late {
                        Some(_) => {
                            let remarks = remarks(&plan.warnings, turn.lang);
                            let job = Job::new(Target::Existing(document), plan.writes).late();
                            turn.book.perform_all(vec![job], turn.moment, &mut turn.rng)?;
                            (plan.id, remarks)
                        }
                        None => turn.perform(document, plan)?,
                    }
                }
                Some((visit, read_at)) => {
                    let reading = turn.reading(document, &read_at)?;
                    let plan = turn.plan_as_read(&reading, &dossier, declaration, |dossier, by| {
                        dossier.log_visit(by, Some(visit), draft.clone(), agreements.clone())
                    })?;
                    let job = Job::new(Target::Existing(document), plan.writes);
                    let job = if late.is_some() { job.late() } else { job };
                    turn.book.perform_as_read(&reading, job, turn.moment, &mut turn.rng)?;
                    (plan.id, remarks(&plan.warnings, turn.lang))
                }
            };
            let saved = turn.book.saved(document, &id)?.into();
            let (visit, dossier) = (id.to_string(), document.to_string());
            Ok(LoggedVisit { visit, dossier, saved, waits: late.is_some(), remarks })
        })
    }

    /// Plans a visit.
    pub fn plan_visit(&self, visit: PlannedFor) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&visit.dossier)?;
            let draft = visit.draft()?;
            let plan = turn.plan(Declaration::Nothing, |by| dossier.plan_visit(by, draft))?;
            turn.change(document, plan)
        })
    }

    /// Begins a dossier, with its first trajectory when a programme is named. Works offline: whoever begins it has access.
    pub fn add_dossier(&self, dossier: NewDossier) -> Answered<SavedChange> {
        self.turn(|turn| {
            let declaration = declared(dossier.not_a_bsn);
            let (trainee, trajectory) = dossier.draft(turn.book.identity().organisation)?;
            turn.free(&trainee)?;
            let empty = Dossier::default();
            let plan = turn.plan(declaration, |by| {
                let mut plan = empty.add_trainee(by, trainee)?;
                if let Some(trajectory) = trajectory {
                    let more = empty.open_trajectory(by, trajectory)?;
                    plan.writes.extend(more.writes);
                    plan.warnings.extend(more.warnings);
                }
                Ok(plan)
            })?;
            let document = turn.book.found(plan.writes, turn.moment, &mut turn.rng)?;
            let (id, read_at) = (document.to_string(), Some(turn.read_at(document)?));
            Ok(SavedChange { dossier: id.clone(), id, remarks: remarks(&plan.warnings, turn.lang), read_at })
        })
    }

    /// Adds a placement.
    pub fn add_placement(&self, placement: NewPlacement) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&placement.dossier)?;
            let declaration = declared(placement.not_a_bsn);
            let draft = placement.draft()?;
            let plan = turn.plan(declaration, |by| dossier.add_placement(by, draft))?;
            turn.change(document, plan)
        })
    }

    /// Says who coaches, and gives that person access for the same days. The one before ends, as far as it was known when the
    /// dossier was read; whom a colleague assigned meanwhile stands beside it, in `conflicts`.
    pub fn assign(&self, assignment: NewAssignment) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&assignment.dossier)?;
            let draft = assignment.draft(turn.moment.today())?;
            let grant = draft.coach.clone().map(|coach| (coach, draft.from.unwrap_or(turn.moment.today()), draft.to));
            let reading = turn.reading(document, &assignment.read_at)?;
            let plan = turn
                .plan_as_read(&reading, &dossier, Declaration::Nothing, |dossier, by| dossier.assign_coach(by, draft.clone()))?;
            let job = Job::new(Target::Existing(document), plan.writes).granting(grant.into_iter().collect());
            let job = job.deciding(Handover::Assignment, plan.id);
            turn.change_as_read(&reading, plan.id, job, &plan.warnings)
        })
    }

    /// Changes what is known of the trainee: fields by their names (`municipality`, `contact_phone` …), each with its new
    /// value as a person writes it; an empty text empties the field. `read_at` came with the dossier that the form was filled
    /// from: a field that reads as it did then is not changed, and what a colleague wrote in one that is stands beside it, in
    /// `conflicts`.
    pub fn edit_trainee(
        &self,
        dossier: String,
        fields: HashMap<String, String>,
        read_at: Vec<u8>,
        not_a_bsn: bool,
    ) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, _) = turn.find(&dossier)?;
            let reading = turn.reading(document, &read_at)?;
            let read = turn.book.dossier_as_read(&reading)?;
            let draft = edited(&read.trainee, &fields)?;
            let plan = turn.plan(declared(not_a_bsn), |by| read.edit_trainee(by, draft))?;
            let job = Job::new(Target::Existing(document), plan.writes);
            turn.change_as_read(&reading, document, job, &plan.warnings)
        })
    }

    /// What is only here, and what waits for a person.
    pub fn status(&self) -> Answered<BookStatus> {
        self.turn(|turn| Ok(turn.book.status()?.into()))
    }

    /// The person has heard of what `status().set_aside` lists; it is listed no longer. The files stay.
    pub fn told_set_aside(&self, files: Vec<String>) -> Answered<()> {
        self.turn(|turn| Ok(turn.book.told(&files)?))
    }

    /// What a person should settle.
    pub fn conflicts(&self) -> Answered<Vec<ConflictDetail>> {
        self.turn(|turn| {
            let lang = turn.lang;
            Ok(turn.book.conflicts()?.iter().map(|conflict| ConflictDetail::new(conflict, lang)).collect())
        })
    }

    /// Settles a conflict with one of its choices.
    pub fn settle(&self, conflict: String, index: u32) -> Answered<()> {
        self.turn(|turn| {
            let conflicts = turn.book.conflicts()?;
            let conflict = conflicts
                .iter()
                .find(|one| one.id == conflict)
                .ok_or(FieldBookError::NotFound { reason: format!("no conflict '{conflict}'; it may be settled already") })?;
            let chosen = usize::try_from(index).ok().and_then(|index| conflict.versions.get(index));
            let chosen =
                chosen.ok_or_else(|| FieldBookError::bad("index", "there is no such choice; list the conflicts again"))?;
            if let veldboek_core::field_book::ConflictKind::DuplicateReference(_) = conflict.kind {
                return Err(FieldBookError::bad("conflict", "give one of the two dossiers another reference"));
            }
            let writes = turn.book.settle(conflict, chosen.value.clone(), turn.moment, &mut turn.rng)?;
            turn.book.perform(conflict.document, writes, turn.moment, &mut turn.rng)?;
            Ok(())
        })
    }

    /// Who changed what when in a dossier, oldest first.
    pub fn history(&self, dossier: String) -> Answered<Vec<HistoryLine>> {
        self.turn(|turn| {
            let (document, _) = turn.find(&dossier)?;
            let lang = turn.lang;
            Ok(turn.book.history(document)?.into_iter().map(|item| HistoryLine::new(item, lang)).collect())
        })
    }

    /// Changes of this device that the server did not take in: those that wait for a coordinator, then those it refused.
    pub fn not_accepted(&self) -> Answered<Vec<NotAccepted>> {
        self.turn(|turn| {
            let lang = turn.lang;
            let line = |document: DocumentId, waits, why: veldboek_core::wire::Why, reference, fields| NotAccepted {
                dossier: document.to_string(),
                waits,
                code: why.reason.code().to_owned(),
                reason: why.reason.label(lang).to_owned(),
                details: why.text,
                reference,
                fields,
            };
            let waiting = turn.book.waiting()?.into_iter();
            let mut all: Vec<NotAccepted> =
                waiting.map(|one| line(one.document, true, one.reason.into(), one.called, written(&one.writes, lang))).collect();
            for (one, writes) in turn.book.refused()? {
                let reference = turn.book.called_of(one.document);
                let why = veldboek_core::wire::Why { text: one.text, ..one.reason.into() };
                all.push(line(one.document, false, why, reference, written(&writes, lang)));
            }
            Ok(all)
        })
    }
}

impl FieldBook {
    /// Opens it, unless it was wiped: then it is only there for the server to hear of that.
    fn begun(self, open: impl FnOnce(&Self) -> Answered<()>) -> Answered<Arc<Self>> {
        match revoked::wiped(&self.directory)? {
            // The server has not heard yet: exchanges still work.
            Some(wipe) if !wipe.told => {}
            Some(wipe) => return Err(FieldBookError::wiped(wipe.lost, self.lang)),
            None => open(&self)?,
        }
        Ok(Arc::new(self))
    }

    /// One call: the book as the disk has it now. The book is out of the lock meanwhile, so that after a panic, or trouble
    /// that may have left memory and disk apart, the next call opens it again.
    pub(crate) fn turn<T>(&self, work: impl FnOnce(&mut Turn<'_>) -> Answered<T>) -> Answered<T> {
        self.contact(|turn| match turn.book.revoked() {
            Some(_) => Err(FieldBookError::only_exchanges(turn.lang)),
            None => work(turn),
        })
    }

    /// The same for what a revoked phone may still do.
    fn contact<T>(&self, work: impl FnOnce(&mut Turn<'_>) -> Answered<T>) -> Answered<T> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = held.book.take();
        let mut gone = false;
        let Held { opener, key, shown, nonce, pending, exchanges, stale, .. } = &mut *held;
        let key = key.as_ref().ok_or_else(|| FieldBookError::needs_unlock(self.lang))?;
        let done = catch_unwind(AssertUnwindSafe(|| {
            let book = match &mut slot {
                Some(book) => book,
                None => slot.insert(open_book(&self.directory, key)?),
            };
            book.catch_up()?;
            let (moment, rng) = (platform::now(), platform::randomness());
            if Held::must_show(opener, *shown, book, moment.at) {
                return Err(FieldBookError::needs_unlock(self.lang));
            }
            book.look_at_the_day(moment);
            let gone = &mut gone;
            work(&mut Turn {
                book,
                directory: &self.directory,
                gone,
                nonce,
                pending,
                exchanges,
                stale,
                moment,
                rng,
                lang: self.lang,
            })
        }));
        let done = done.unwrap_or_else(|panic| Err(FieldBookError::Unknown { reason: told(&*panic) }));
        if matches!(done, Err(FieldBookError::Wiped { .. })) {
            let lost = revoked::wiped(&self.directory)?.map_or(0, |wipe| wipe.lost);
            return Err(FieldBookError::wiped(lost, self.lang));
        }
        if matches!(done, Err(FieldBookError::NeedsUnlock { .. })) {
            held.lock();
        } else if !gone && !done.as_ref().is_err_and(FieldBookError::unsettles) {
            held.book = slot;
        }
        done
    }

    /// What a wiped phone sends for the last time.
    fn report(&self, wipe: &Wipe) -> Answered<HttpRequest> {
        if wipe.told {
            return Err(FieldBookError::wiped(wipe.lost, self.lang));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.book = None;
        held.exchanges += 1;
        let exchange = held.exchanges;
        held.pending = Some(Pending { exchange, what: What::Wiped });
        Ok(HttpRequest::plain(exchange, WIPED_PATH, wipe.statement.clone()))
    }

    /// The answer to it.
    fn reported(&self, exchange: u64, answer: &HttpAnswer, mut wipe: Wipe) -> Answered<SyncOutcome> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = held.pending.take_if(|pending| pending.exchange == exchange && matches!(pending.what, What::Wiped));
        if pending.is_none() {
            return Err(FieldBookError::wiped(wipe.lost, self.lang));
        }
        answer.read(self.lang, |_, _| Ok(()))?;
        revoked::heard(&self.directory)?;
        wipe.told = true;
        Ok(revoked::told(&wipe, SyncOutcome::default()))
    }
}

impl Turn<'_> {
    fn next_exchange(&mut self) -> u64 {
        *self.exchanges += 1;
        *self.exchanges
    }

    fn person(&self) -> Answered<String> {
        self.book.identity().person.ok_or_else(|| FieldBookError::not_enrolled(self.lang))
    }

    fn find(&mut self, name: &str) -> Answered<(DocumentId, Arc<Dossier>)> {
        let document = self.book.find(name.trim())?;
        Ok((document, self.book.dossier(document)?))
    }

    fn line(&mut self, document: DocumentId, dossier: &Dossier) -> Answered<DossierLine> {
        let only_here = !self.book.unsaved(document)?.is_empty();
        let read_at = self.read_at(document)?;
        Ok(DossierLine::new(document, dossier, self.moment.today(), only_here, read_at))
    }

    /// What is seen of a dossier by whoever is shown it now.
    fn read_at(&self, document: DocumentId) -> Answered<Vec<u8>> {
        Ok(self.book.reading(document)?.encode())
    }

    /// What was seen of it when the form was filled.
    fn reading(&self, document: DocumentId, read_at: &[u8]) -> Answered<Reading> {
        let reading = Reading::decode(read_at)?;
        match reading.document() == document {
            true => Ok(reading),
            false => Err(FieldBookError::bad("read_at", "this was read in another dossier")),
        }
    }

    /// Whether the reference is free in its organisation, as far as this device knows.
    fn free(&mut self, draft: &Trainee) -> Answered<()> {
        let taken = self.book.dossiers()?.into_iter().any(|(_, dossier)| {
            let (one, wanted) = (&dossier.trainee.reference, &draft.reference);
            let same = one.as_ref().zip(wanted.as_ref()).is_some_and(|(one, wanted)| one.eq_ignore_ascii_case(wanted));
            same && dossier.trainee.organisation == draft.organisation
        });
        if !taken {
            return Ok(());
        }
        let reason = match self.lang {
            Lang::Nl => "er is al een dossier met deze referentie; kies een andere",
            Lang::En => "there is a dossier with this reference already; choose another",
        };
        Err(FieldBookError::bad("reference", reason))
    }

    /// Plans an operation as this person, now.
    fn plan<Id>(
        &mut self,
        declaration: Declaration,
        operation: impl FnOnce(&mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Answered<Plan<Id>> {
        let person = self.person()?;
        let coordinates = matches!(self.book.identity().role, Some(Role::Coordinator));
        let mut by = By::new(&person, self.moment, &mut self.rng).coordinating(coordinates).declaring(declaration);
        operation(&mut by).map_err(|broken| FieldBookError::rule(&broken, self.lang))
    }

    /// Plans an operation on a dossier as it was read. What is refused as it is now is refused too, and told.
    fn plan_as_read<Id>(
        &mut self,
        reading: &Reading,
        now: &Dossier,
        declaration: Declaration,
        operation: impl Fn(&Dossier, &mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Answered<Plan<Id>> {
        let _refused_now = self.plan(declaration, |by| operation(now, by))?;
        let read = self.book.dossier_as_read(reading)?;
        self.plan(declaration, |by| operation(&read, by))
    }

    /// Writes such a plan as one change, beside what came in since.
    fn change_as_read(&mut self, reading: &Reading, id: impl ToString, job: Job, warnings: &[Warning]) -> Answered<SavedChange> {
        let now = self.book.perform_as_read(reading, job, self.moment, &mut self.rng)?;
        let (dossier, remarks) = (reading.document().to_string(), remarks(warnings, self.lang));
        Ok(SavedChange { dossier, id: id.to_string(), remarks, read_at: Some(now.encode()) })
    }

    /// Writes a plan as one change.
    fn perform<Id>(&mut self, document: DocumentId, plan: Plan<Id>) -> Answered<(Id, Vec<Remark>)> {
        if !plan.writes.is_empty() {
            self.book.perform(document, plan.writes, self.moment, &mut self.rng)?;
        }
        Ok((plan.id, remarks(&plan.warnings, self.lang)))
    }

    fn change<Id: ToString>(&mut self, document: DocumentId, plan: Plan<Id>) -> Answered<SavedChange> {
        let (id, remarks) = self.perform(document, plan)?;
        Ok(SavedChange { dossier: document.to_string(), id: id.to_string(), remarks, read_at: None })
    }
}

/// Opens the book in a directory, or makes it there.
fn open_book(directory: &Path, key: &WrappingKey) -> Result<Book, StoreError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory)?);
    let open = || Book::open(disk.clone(), Arc::new(NoCache), key);
    // A book whose making was cut short has keys but does not know yet that it is one.
    let known = if Book::exists(&*disk)? { Some(open()?).filter(|book| book.register_document().is_ok()) } else { None };
    let mut book = match known {
        Some(book) => book,
        None => match Book::create(disk.clone(), Arc::new(NoCache), key, nobodys(), &mut platform::randomness()) {
            // Another process of the app made it at this moment.
            Err(StoreError::Exists | StoreError::Keyring(KeyringError::Exists)) => open()?,
            made => made?,
        },
    };
    // Another process may have the cache; the book does without then.
    if let Some(cache) = SledCache::open(&directory.join("cache"), &book.keyring().cache_key()) {
        book.set_cache(Arc::new(cache));
    }
    Ok(book)
}

/// Until it is enrolled, a phone's field book is nobody's.
fn nobodys() -> Setup {
    Setup {
        region: String::new(),
        organisation: None,
        person: None,
        display_name: None,
        server_url: None,
        server: None,
        server_keys: None,
    }
}

/// What a panic said.
fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "the program stopped halfway".to_owned())
}

mod locking;
#[cfg(test)]
mod open_forms;
#[cfg(test)]
mod tests;

use locking::Opener;
pub use locking::{Keystore, KeystoreError, LockStatus};
