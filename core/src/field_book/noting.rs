//! Which exchange is written down: a device that asks every minute whether there is news must not fill its own disk.

use super::*;
use crate::clock::Timestamp;
use crate::notes::{CursorNote, HeadNote};

/// When nothing was new, an exchange is written down again after this time, in milliseconds.
const NOTED_EVERY: i64 = 60 * 60 * 1000;

impl FieldBook {
    /// Whether an exchange that brought no record says nothing but the time, and was written down lately. The first one of a
    /// process always is: another may look at the disk after it.
    pub(super) fn only_time_passed(&self, note: &CursorNote, heads: &[HeadNote]) -> bool {
        let Some(known) = &self.ledger.cursor else { return false };
        let of = |note: &CursorNote| (note.epoch, note.end, note.to_decide, note.newest, note.anew);
        let same = of(known) == of(note);
        let passed = self.noted.map(|noted: Timestamp| note.at.as_millis().saturating_sub(noted.as_millis()));
        // That all was read again is news.
        let read_again = self.ledger.reading_again && note.end == Some(true);
        // So is what day it is, to a device that saw a later one by a clock that was set right since. One that still runs ahead
        // would see that day again at once.
        let ran_ahead = self.ledger.latest.is_some_and(|latest| latest > note.at && Some(latest) > note.server_time);
        same && !read_again
            && !ran_ahead
            && heads.iter().all(|head| head.state.is_none())
            && passed.is_some_and(|passed| (0..NOTED_EVERY).contains(&passed))
    }

    /// What such an exchange told is known to this process, and to the next one as it was written down before: an earlier head
    /// binds the server as well, and from an earlier place it reads on past what was not for this device.
    pub(super) fn remember_only(&mut self, note: CursorNote, heads: Vec<HeadNote>) {
        self.ledger.cursor = Some(note);
        self.ledger.head = heads.into_iter().next_back().or(self.ledger.head.take());
    }
}
