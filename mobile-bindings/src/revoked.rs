//! A phone that was lost: what the app is told, and what it sends for the last time.

use std::path::Path;

use veldboek_core::disk::RealDisk;
use veldboek_core::field_book::{Delivered, FieldBook as Book, Next, Revoked};
use veldboek_core::record::Lang;
use veldboek_core::wipe::{self, Wipe};
use veldboek_core::wire::{ErrorAnswer, ErrorCode, MAX_BODY};

use crate::exchange::{HttpAnswer, SyncOutcome};
use crate::trouble::{FieldBookError, Tried};

/// Where a wiped phone says so.
pub(crate) const WIPED_PATH: &str = "/v1/wiped";

/// Whether this field book can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, uniffi::Enum)]
pub enum DeviceState {
    /// As always.
    #[default]
    Usable,
    /// The server no longer trusts this device: only exchanges work any more. They hand in what may still be handed in, and then
    /// everything is destroyed. Show nothing of it.
    Revoked,
    /// Everything was destroyed. Exchange until `again` is false, so that the server hears; then delete the directory and the
    /// keystore's key. A new beginning is another code from the coordinator.
    Wiped,
}

impl HttpAnswer {
    /// The signed revocation that came with a refusal.
    pub(crate) fn revocation(&self) -> Option<Vec<u8>> {
        if self.status == 200 {
            return None;
        }
        let answer = ErrorAnswer::decode(&self.body, MAX_BODY).ok()?;
        (answer.code == ErrorCode::Revoked && !answer.revocation.is_empty()).then_some(answer.revocation)
    }
}

/// A field book that was wiped, its last files destroyed where that was cut short; nothing for any other.
pub(crate) fn wiped(directory: &Path) -> Tried<Option<Wipe>> {
    if !directory.is_dir() {
        return Ok(None);
    }
    let wipe = wipe::finish(&RealDisk::open(directory)?)?;
    if wipe.is_some() {
        forget_beside(directory);
    }
    Ok(wipe)
}

/// Notes that the server has heard.
pub(crate) fn heard(directory: &Path) -> Tried<()> {
    Ok(wipe::told(&RealDisk::open(directory)?)?)
}

/// The look-ups beside the journal.
fn forget_beside(directory: &Path) {
    for folder in ["cache", "cache.broken"] {
        let _ = std::fs::remove_dir_all(directory.join(folder));
    }
    // Emptied before; a folder in which somebody else put something stays.
    for folder in ["journal", "torn"] {
        let _ = std::fs::remove_dir(directory.join(folder));
    }
}

/// What a revoked phone does when it has heard: it wipes itself, or first hands in what it may.
pub(crate) fn obey(
    book: &mut Book,
    directory: &Path,
    revoked: &Revoked,
    moment: veldboek_core::clock::Moment,
) -> Tried<SyncOutcome> {
    if revoked.may_deliver && revoked.to_deliver > 0 {
        return Ok(SyncOutcome { again: true, state: DeviceState::Revoked, ..SyncOutcome::default() });
    }
    wipe_now(book, directory, moment, SyncOutcome::default())
}

/// What a revoked phone does after it handed something in.
pub(crate) fn after_delivery(
    book: &mut Book,
    directory: &Path,
    delivered: &Delivered,
    moment: veldboek_core::clock::Moment,
    lang: Lang,
) -> Tried<SyncOutcome> {
    let outcome = SyncOutcome::new(&delivered.outcome, None, lang);
    match delivered.next {
        Next::Deliver => Ok(SyncOutcome { again: true, state: DeviceState::Revoked, ..outcome }),
        Next::Wait => Ok(SyncOutcome { again: false, state: DeviceState::Revoked, ..outcome }),
        Next::Wipe => wipe_now(book, directory, moment, outcome),
    }
}

fn wipe_now(book: &mut Book, directory: &Path, moment: veldboek_core::clock::Moment, outcome: SyncOutcome) -> Tried<SyncOutcome> {
    let wipe = book.wipe(moment)?;
    forget_beside(directory);
    Ok(told(&wipe, outcome))
}

/// What the app hears of a wipe.
pub(crate) fn told(wipe: &Wipe, outcome: SyncOutcome) -> SyncOutcome {
    SyncOutcome { again: !wipe.told, state: DeviceState::Wiped, lost: wipe.lost, nonce: None, ..outcome }
}

impl FieldBookError {
    /// The field book is gone.
    pub(crate) fn wiped(lost: u32, lang: Lang) -> Self {
        let mut reason = match lang {
            Lang::Nl => "dit apparaat is ingetrokken en alles erop is vernietigd; vraag de coördinator om een code".to_owned(),
            Lang::En => "this device was revoked and everything on it was destroyed; ask the coordinator for a code".to_owned(),
        };
        if lost > 0 {
            reason.push_str(&match lang {
                Lang::Nl => format!(" ({lost} wijzigingen die alleen hier stonden zijn verloren)"),
                Lang::En => format!(" ({lost} changes that were only here are lost)"),
            });
        }
        Self::Wiped { reason }
    }

    /// Only exchanges work any more.
    pub(crate) fn only_exchanges(lang: Lang) -> Self {
        let reason = ErrorCode::Revoked;
        Self::Revoked { reason: veldboek_core::record::Code::label(reason, lang).to_owned() }
    }
}
