//! `sync --watch`: exchanges again and again, until somebody asks to stop.
//!
//! Between exchanges it holds nothing that another process could want: no lock, no cache. What others log in the same store
//! goes along with the next exchange. Without contact it asks less and less often, and not at the same moment as all other
//! devices that lost the server when it did.

use std::time::Duration;

use rand_core::Rng as _;
use veldboek_core::record::Lang;

use super::book::Book;
use super::context::Context;
use super::exchange::{self, Exchanged};
use super::keys::Watched;
use crate::clock;
use crate::message::{Exit, Problem, Text, text};
use crate::render::Output;
use crate::signals::Stop;

/// Without contact it asks at least this often, however long the server stays away, unless the interval itself is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// How long to wait after this many exchanges in a row that found no contact: twice as long each time.
fn wait_after(interval: Duration, failed: u32) -> Duration {
    interval.saturating_mul(2_u32.saturating_pow(failed)).min(LONGEST_WAIT.max(interval))
}

/// Up to a tenth longer when there is no contact, so that not all devices come back at one moment.
fn spread(wait: Duration, dice: u32) -> Duration {
    wait + wait.mul_f64(f64::from(dice) / f64::from(u32::MAX) / 10.0)
}

/// `sync --watch`
pub(super) fn watch(context: &mut Context<'_>, interval: Duration) -> Result<Output, Problem> {
    let stop = Stop::listen().map_err(|error| {
        let why = error.to_string();
        Problem::Rule(
            text!("het systeem laat niet weten wanneer te stoppen: {why}", "the system does not tell when to stop: {why}"),
            text!("draai `veldboek sync` zonder --watch", "run `veldboek sync` without --watch"),
        )
    })?;
    let mut book = context.book()?;
    let watched = Watched::begin(context, &book);
    let mut total = Exchanged::default();
    let (mut exchanges, mut failed, mut lost) = (0_u64, 0, None);
    while !stop.asked() {
        book.inner.catch_up()?;
        book.moment = clock::now();
        let mut wait = interval;
        match exchange::as_far_as_possible(&mut book) {
            Ok(mut one) => {
                let stopped = one.stopped.take();
                exchanges += 1;
                failed = 0;
                // The first one says that it is at it; after that only what happened is worth a line.
                let news = one.outcome.new_to_decide || one.outcome.quarantined > 0 || !one.outcome.refused.is_empty();
                let moved = one.outcome.sent + one.outcome.received > 0 || !one.conflicts.is_empty();
                if exchanges == 1 || lost.is_some() || moved || news {
                    let to_decide = if one.outcome.new_to_decide { book.inner.status()?.to_decide } else { 0 };
                    context.console.hint(&happened(&one, to_decide), context.lang);
                }
                lost = None;
                total.add(one);
                if let Some(problem) = stopped {
                    wait = no_contact(context, &mut book, problem, interval, &mut failed, &mut lost)?;
                }
            }
            Err(problem) => wait = no_contact(context, &mut book, problem, interval, &mut failed, &mut lost)?,
        }
        book.leave_cache();
        if stop.within(wait) {
            break;
        }
        // Locked meanwhile, it goes on no longer than anyone else could.
        watched.go_on(&book, clock::now().at)?;
        book.take_cache();
    }
    book.take_cache();
    total.stopped = lost;
    let mut output = exchange::told(context, &mut book, total)?;
    output.value["exchanges"] = exchanges.into();
    // What came in and needs a person is what the exit status is for; otherwise: whether there was contact at the end.
    if output.exit == Exit::Attention {
        output.problem = None;
    }
    Ok(output)
}

/// A server that does not answer is waited for; any other problem ends the watch.
fn no_contact(
    context: &mut Context<'_>,
    book: &mut Book,
    problem: Problem,
    interval: Duration,
    failed: &mut u32,
    lost: &mut Option<Problem>,
) -> Result<Duration, Problem> {
    if problem.exit() != Exit::NoContact {
        return Err(problem);
    }
    *failed = failed.saturating_add(1);
    let wait = spread(wait_after(interval, *failed), book.rng.next_u32());
    let seconds = wait.as_secs().max(1);
    let (nl, en) = (problem.what().say(Lang::Nl).to_owned(), problem.what().say(Lang::En).to_owned());
    let time = now();
    context.console.hint(&text!("{time}  {nl}; opnieuw over {seconds} s", "{time}  {en}; again in {seconds} s"), context.lang);
    *lost = Some(problem);
    Ok(wait)
}

/// The clock on the wall.
fn now() -> String {
    clock::now().local.datetime().strftime("%H:%M").to_string()
}

/// What one exchange did, on a line.
fn happened(one: &Exchanged, to_decide: usize) -> Text {
    let time = now();
    let (sent, received, conflicts) = (one.outcome.accepted, one.outcome.received, one.conflicts.len());
    let left = one.outcome.sent.saturating_sub(sent);
    let (mut nl, mut en) =
        (format!("{time}  verstuurd {sent}, ontvangen {received}"), format!("{time}  sent {sent}, received {received}"));
    if left > 0 {
        nl += &format!(", niet aangenomen {left}");
        en += &format!(", not taken {left}");
    }
    if conflicts > 0 {
        nl += &format!(", te kiezen {conflicts} (veldboek conflicts)");
        en += &format!(", to settle {conflicts} (veldboek conflicts)");
    }
    if to_decide > 0 {
        nl += &format!(", wacht op uw besluit {to_decide} (veldboek quarantine list)");
        en += &format!(", waiting for your decision {to_decide} (veldboek quarantine list)");
    }
    Text::new(nl, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_contact_it_asks_less_and_less_often() {
        let waits: Vec<u64> = (0..8).map(|failed| wait_after(Duration::from_secs(60), failed).as_secs()).collect();
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900, 900]);
        assert_eq!(wait_after(Duration::from_secs(60), u32::MAX).as_secs(), 900);
        let hour = Duration::from_secs(3600);
        assert_eq!(wait_after(hour, 3), hour, "no more often than it was asked to");
        for dice in [0, 1 << 31, u32::MAX] {
            let wait = spread(Duration::from_secs(100), dice).as_secs();
            assert!((100..=110).contains(&wait), "{wait}");
        }
    }
}
