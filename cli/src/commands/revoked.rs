//! What this device does when the server says that it was revoked: it checks the word, hands in what it may, destroys everything
//! that it holds, and says that it did. The order matters: nothing is destroyed on the word of anyone but the server, and the server
//! hears of it only when all of it is gone.

use std::path::Path;

use veldboek_core::disk::RealDisk;
use veldboek_core::field_book::{Next, Revoked};
use veldboek_core::ids::ServerId;
use veldboek_core::statement::Role;
use veldboek_core::wipe::{self, Wipe};
use veldboek_core::wire::{Answer, MAX_BODY};

use super::book::Book;
use super::trouble;
use crate::client::Client;
use crate::faults;
use crate::message::{Problem, Text, text};
use crate::paths;
use crate::unlocked::Unlocked;

/// Where a wiped device says so.
const WIPED: &str = "/v1/wiped";
/// A delivery that never ends is a fault of either side.
const MOST_ROUNDS: usize = 10_000;

/// One signed request of this book; others may use its cache meanwhile. A server that answers that this device is revoked is obeyed
/// at once.
pub(super) fn ask(
    book: &mut Book,
    client: &mut Client,
    server: ServerId,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Vec<u8>, Problem> {
    book.leave_cache();
    let answered = client.signed(book.inner.device_keys(), server, method, path, body);
    match answered {
        Err(Problem::Revoked(word)) => Err(obey(book, client, server, &word).unwrap_or_else(|problem| problem)),
        answered => {
            book.take_cache();
            match answered {
                Err(Problem::OtherRole) if book.inner.identity().role != Some(Role::Coach) => Err(Problem::Refused(
                    text!(
                        "hiervoor is een andere rol nodig, of een coördinator van die organisatie",
                        "this needs another role, or a coordinator of that organisation"
                    ),
                    text!("vraag de beheerder", "ask the administrator"),
                )),
                answered => answered,
            }
        }
    }
}

/// Obeys a revocation. What comes back is what the person is told.
fn obey(book: &mut Book, client: &mut Client, server: ServerId, word: &[u8]) -> Result<Problem, Problem> {
    let url = client.url().to_owned();
    let told = |error| trouble::sync(error, &url);
    let revoked = book.inner.take_revocation(word, &mut book.rng).map_err(told)?;
    let before = revoked.unsent;
    if revoked.may_deliver && revoked.to_deliver > 0 {
        deliver(book, client, server, &revoked)?;
    }
    book.gone = true;
    let wipe = book.inner.wipe(book.moment).map_err(told)?;
    faults::point(faults::WIPED_UNTOLD);
    forget_beside(&book.dir);
    let delivered = before.saturating_sub(usize::try_from(wipe.lost).unwrap_or(usize::MAX));
    let heard = tell(client, &book.dir, &wipe);
    Ok(gone(&wipe, revoked.reason.as_deref(), delivered, heard))
}

/// Hands in what only this device has, and hears nothing but what became of it.
fn deliver(book: &mut Book, client: &mut Client, server: ServerId, revoked: &Revoked) -> Result<(), Problem> {
    let url = client.url().to_owned();
    for _ in 0..MOST_ROUNDS {
        let (request, sent) = book.inner.delivery().map_err(|error| trouble::sync(error, &url))?;
        let body = client.signed(book.inner.device_keys(), server, "POST", "/v1/sync", &request.encode()).map_err(|problem| {
            match problem {
                // The server no longer takes it.
                Problem::Revoked(_) => waits(revoked),
                other => other,
            }
        })?;
        faults::point(faults::ANSWER_RECEIVED);
        let answer = Answer::decode(&body, MAX_BODY).map_err(|why| {
            client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})"))
        })?;
        let delivered =
            book.inner.delivered(sent, answer, book.moment, &mut book.rng).map_err(|error| trouble::sync(error, &url))?;
        match delivered.next {
            Next::Deliver => {}
            Next::Wipe => return Ok(()),
            Next::Wait => return Err(waits(revoked)),
        }
    }
    Err(waits(revoked))
}

/// Says to the server that everything is gone; whether it heard.
fn tell(client: &mut Client, dir: &Path, wipe: &Wipe) -> bool {
    let heard = wipe.told || client.unsigned(WIPED, &wipe.statement).is_ok();
    if heard && let Ok(disk) = RealDisk::open(dir) {
        let _ = wipe::told(&disk);
    }
    heard
}

/// What lies beside the journal and its keys.
fn forget_beside(dir: &Path) {
    let cache = paths::cache(dir);
    for folder in [cache.with_extension("broken"), cache] {
        let _ = std::fs::remove_dir_all(folder);
    }
    // Emptied before; a folder in which somebody else put something stays.
    for folder in ["journal", "torn"] {
        let _ = std::fs::remove_dir(dir.join(folder));
    }
    if let Some(unlocked) = Unlocked::of(dir) {
        unlocked.forget();
    }
}

/// A store that was wiped, or whose wipe was cut short: it is finished, and the server told. Nothing for any other store.
pub(super) fn was_wiped(dir: &Path) -> Result<Option<Problem>, Problem> {
    if !dir.is_dir() {
        return Ok(None);
    }
    let Some(wipe) = wipe::finish(&RealDisk::open(dir)?)? else { return Ok(None) };
    forget_beside(dir);
    let heard = wipe.told || Client::new(&wipe.server_url, None).is_ok_and(|mut client| tell(&mut client, dir, &wipe));
    Ok(Some(gone(&wipe, None, 0, heard)))
}

/// Makes room for a new field book where one was wiped.
pub(super) fn make_room(dir: &Path) -> Result<(), Problem> {
    if was_wiped(dir)?.is_some() {
        wipe::forget(&RealDisk::open(dir)?)?;
    }
    Ok(())
}

/// A revoked device is used for nothing any more but the contact that wipes it.
pub(super) fn may_only_sync(revoked: &Revoked) -> Problem {
    let since = revoked.at;
    Problem::Refused(
        text!("dit apparaat is ingetrokken ({since})", "this device was revoked ({since})"),
        text!(
            "maak contact met `veldboek sync`: het levert af wat het nog mag, en wist zich",
            "make contact with `veldboek sync`: it hands in what it may, and wipes itself"
        ),
    )
}

fn waits(revoked: &Revoked) -> Problem {
    let since = revoked.at;
    Problem::Refused(
        text!(
            "dit apparaat is ingetrokken ({since}); de server kan nu niet aannemen wat alleen hier staat",
            "this device was revoked ({since}); the server cannot take now what is only here"
        ),
        text!(
            "probeer `veldboek sync` later nog eens; tot dan is niets vernietigd",
            "try `veldboek sync` again later; until then nothing is destroyed"
        ),
    )
}

fn gone(wipe: &Wipe, reason: Option<&str>, delivered: usize, heard: bool) -> Problem {
    let (since, lost) = (wipe.revoked, wipe.lost);
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut nl = format!("dit apparaat is ingetrokken ({since}{why}) en alles erop is vernietigd");
    let mut en = format!("this device was revoked ({since}{why}) and everything on it was destroyed");
    if delivered > 0 {
        nl.push_str(&format!("; {delivered} wijzigingen die alleen hier stonden wachten nu op de coördinator"));
        en.push_str(&format!("; {delivered} changes that were only here wait for the coordinator now"));
    }
    if lost > 0 {
        nl.push_str(&format!("; {lost} wijzigingen die alleen hier stonden zijn verloren"));
        en.push_str(&format!("; {lost} changes that were only here are lost"));
    }
    if !heard {
        nl.push_str("; de server weet dat nog niet");
        en.push_str("; the server does not know that yet");
    }
    let next = match heard {
        true => text!(
            "vraag uw coördinator om een code en begin opnieuw met `veldboek enrol CODE --server URL`",
            "ask your coordinator for a code and begin anew with `veldboek enrol CODE --server URL`"
        ),
        false => text!(
            "maak nog eens contact met `veldboek sync`; een nieuw begin is `veldboek enrol CODE --server URL`",
            "make contact once more with `veldboek sync`; a new beginning is `veldboek enrol CODE --server URL`"
        ),
    };
    Problem::Refused(Text::new(nl, en), next)
}
