//! Exchanges with the server: enrolment, work that goes and comes, and the last word of a phone that was wiped.

use veldboek_core::field_book::Sent;
use veldboek_core::wire::{Answer, EnrolAnswer, ErrorCode};

use super::*;
use crate::exchange::{ENROL_PATH, Enrolled, HttpAnswer, HttpRequest, SYNC_PATH, SyncOutcome};
use crate::revoked::{DeviceState, WIPED_PATH};

/// How often in a row the server may ask for another nonce before we stop asking it.
const MOST_STALE: u32 = 3;

pub(super) struct Pending {
    exchange: u64,
    what: What,
}

/// What an exchange that waits for its answer was about.
pub(super) enum What {
    /// As always.
    Exchange(Sent),
    /// The last work of a revoked phone.
    Delivery(Sent),
    /// That everything was destroyed.
    Wiped,
}

#[uniffi::export]
impl FieldBook {
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
        if let Some(wipe) = self.wiped()? {
            return self.report(&wipe);
        }
        self.contact(|turn| {
            let identity = turn.book.identity();
            let server = identity.server.ok_or_else(|| FieldBookError::not_enrolled(turn.lang))?;
            let delivers = turn.book.revoked().is_some_and(|revoked| revoked.may_deliver && revoked.to_deliver > 0);
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
        if let Some(wipe) = self.wiped()? {
            return self.reported(exchange, &answer, wipe);
        }
        self.contact(|turn| {
            let pending = turn.pending.take_if(|pending| pending.exchange == exchange);
            let Some(Pending { what, .. }) = pending else {
                let why = Words::new(
                    "deze uitwisseling is al afgerond, of er begon daarna een andere; begin opnieuw",
                    "this exchange was finished, or another one begun since; begin anew",
                );
                return Err(FieldBookError::bad("exchange", why.say(turn.lang)).into());
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
                return Err(FieldBookError::Server { code: ErrorCode::StaleNonce.code().to_owned(), reason }.into());
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
                (None, What::Wiped) => return Err(FieldBookError::wiped(0, turn.lang).into()),
            };
            *turn.gone = ended.state == DeviceState::Wiped;
            Ok(SyncOutcome { nonce: nonce_text, ..ended })
        })
    }

    /// Whether this field book can be used: ask when the app starts, and after each exchange.
    pub fn device_state(&self) -> Answered<DeviceState> {
        if self.wiped()?.is_some() {
            return Ok(DeviceState::Wiped);
        }
        self.contact(|turn| Ok(turn.book.revoked().map_or(DeviceState::Usable, |_| DeviceState::Revoked)))
    }
}

impl FieldBook {
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
        self.tell(revoked::heard(&self.directory))?;
        wipe.told = true;
        Ok(revoked::told(&wipe, SyncOutcome::default()))
    }
}

impl Turn<'_> {
    fn next_exchange(&mut self) -> u64 {
        *self.exchanges += 1;
        *self.exchanges
    }
}
