//! What one hostile or broken device can send, each time with its control: the same push without its one fault. The same
//! list runs against a server over HTTP, against a bundle that is merged, and from the program `attack` against any server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "an attack that cannot be made says so by failing"
)]

pub mod forge;
pub mod line;
pub mod mutate;
pub mod pushes;
pub mod requests;
pub mod watch;

use std::fmt;

use veldboek_core::admission::Step;
use veldboek_core::record::Code;
use veldboek_core::wire::{ErrorCode, Verdict};

/// What came of something that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Taken in.
    Accepted,
    /// To be sent again, by the step that says so.
    Deferred(Option<Step>),
    /// Waits for a coordinator.
    Quarantined(Option<Step>),
    /// Never.
    Refused(Option<Step>),
    /// The request itself was answered with this status, and for this reason.
    Http(u16, Option<ErrorCode>),
    /// The connection ended without an answer.
    Nothing,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = |step: &Option<Step>| step.map_or("no step", Code::code);
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Deferred(at) => write!(f, "deferred {}", step(at)),
            Self::Quarantined(at) => write!(f, "quarantined {}", step(at)),
            Self::Refused(at) => write!(f, "refused {}", step(at)),
            Self::Http(status, None) => write!(f, "HTTP {status}"),
            Self::Http(status, Some(why)) => write!(f, "HTTP {status} {}", why.code()),
            Self::Nothing => f.write_str("no answer"),
        }
    }
}

impl From<&Verdict> for Told {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted { .. } => Self::Accepted,
            Verdict::Deferred(why) => Self::Deferred(why.step),
            Verdict::Quarantined(why) => Self::Quarantined(why.step),
            Verdict::Refused(why) => Self::Refused(why.step),
        }
    }
}

/// One attack and its control, and what came of both.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which of the sixteen.
    pub number: u8,
    /// What is attacked.
    pub name: &'static str,
    /// What must come of it.
    pub expected: Told,
    /// What came of it; several where parts of it were answered differently.
    pub came: Vec<Told>,
    /// What came of the control, all of it accepted if the gate is right.
    pub control: Vec<Told>,
}

impl Row {
    /// Whether the attack was stopped where it was meant to be, and the control was not.
    pub fn passed(&self) -> bool {
        let all = |told: &[Told], wanted: &Told| !told.is_empty() && told.iter().all(|one| one == wanted);
        all(&self.came, &self.expected) && all(&self.control, &Told::Accepted)
    }

    /// The different outcomes, in words.
    pub fn shown(told: &[Told]) -> String {
        let mut different: Vec<String> = Vec::new();
        for one in told {
            let one = one.to_string();
            if !different.contains(&one) {
                different.push(one);
            }
        }
        different.join(", ")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed() { "pass" } else { "FAIL" };
        let (came, control) = (Self::shown(&self.came), Self::shown(&self.control));
        write!(
            f,
            "{:>2}  {:<44} {:<26} {:<26} {:<10} {verdict}",
            self.number,
            self.name,
            self.expected.to_string(),
            came,
            control
        )
    }
}
