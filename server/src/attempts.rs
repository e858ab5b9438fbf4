//! Requests of which it is not known who asked: counted, and written in the record book so seldom that nobody fills a disk with
//! them. The first of its kind is written at once; what follows is counted and written with the contacts, and when the server stops.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use veldboek_core::audit::{AuditAction, AuditNote};
use veldboek_core::record::Code;

use crate::error::Failure;

/// What was tried in vain since it was last written down, by reason. There are as many reasons as there are errors.
#[derive(Default)]
pub struct Attempts(Mutex<BTreeMap<&'static str, u64>>);

impl Attempts {
    /// One more; the line to write now when it is the first of its kind in a while.
    pub fn happened(&self, why: &Failure) -> Option<AuditNote> {
        let reason = why.status().1.code();
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.get_mut(reason) {
            Some(count) => {
                *count = count.saturating_add(1);
                None
            }
            None => {
                counted.insert(reason, 0);
                Some(line(reason, 1))
            }
        }
    }

    /// The lines about what was only counted. What did not happen since the last time is a first one again.
    pub fn held(&self) -> Vec<AuditNote> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.retain(|_, count| *count > 0);
        counted.iter_mut().map(|(reason, count)| line(reason, std::mem::take(count))).collect()
    }
}

fn line(reason: &str, count: u64) -> AuditNote {
    AuditNote::new(AuditAction::AuthenticationFailed, None).because(reason).count(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_two_lines() {
        let attempts = Attempts::default();
        let written = (0..1000).filter_map(|_| attempts.happened(&Failure::WrongCode)).count();
        assert_eq!((written, attempts.held()), (1, vec![line("WRONG_CODE", 999)]));
        assert_eq!(attempts.happened(&Failure::WrongCode), None, "written a moment ago");
        assert_eq!(attempts.held(), vec![line("WRONG_CODE", 1)]);
        assert_eq!(attempts.held(), vec![]);
        assert_eq!(attempts.happened(&Failure::WrongCode), Some(line("WRONG_CODE", 1)));
        assert_eq!(attempts.happened(&Failure::BadSignature), Some(line("BAD_SIGNATURE", 1)));
    }
}
