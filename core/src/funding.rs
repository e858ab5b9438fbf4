//! Money: each amount once, however many activities it pays for. Part of the region's register, keyed by code.

use crate::clock::Day;
use crate::codes::*;
use crate::record;
use crate::rules::RuleBroken;

record! {
    /// A funding source, keyed by its code.
    FundingSource in Funding {
        /// What people call it.
        Register name: Option<String> = "n", "naam";
        /// What kind of money.
        Register kind: Option<FundingKind> = "k", "soort";
        /// Integer euro cents.
        Register amount_cents: Option<i64> = "a", "bedrag in centen";
        /// First day.
        Register from: Option<Day> = "f", "vanaf";
        /// Last day.
        Register to: Option<Day> = "t", "tot en met";
        /// Reference of the decision.
        Register decision_ref: Option<String> = "d", "beschikking";
        /// Who pays.
        Register funder: Option<String> = "w", "financier";
        /// Codes of the programmes it pays for, separated by `|`.
        Register programmes: Option<String> = "p", "programma's";
        /// Codes of the schools that share it, in the order of the table, separated by `|`.
        Register schools: Option<String> = "s", "scholen";
    }
}

impl FundingSource {
    /// Codes of the programmes it pays for.
    pub fn programme_codes(&self) -> impl Iterator<Item = &str> {
        listed(self.programmes.as_deref())
    }

    /// Codes of the schools that share it, in the order of the table.
    pub fn school_codes(&self) -> impl Iterator<Item = &str> {
        listed(self.schools.as_deref())
    }

    /// V23: the rows of an allocation add up to the amount.
    ///
    /// # Errors
    /// When they do not.
    pub fn check_allocation(&self, rows_cents: &[i64]) -> Result<(), RuleBroken> {
        let (amount_cents, allocated_cents) = (self.amount_cents.unwrap_or(0), rows_cents.iter().sum());
        if amount_cents == allocated_cents {
            Ok(())
        } else {
            Err(RuleBroken::AllocationDiffers { amount_cents, allocated_cents })
        }
    }
}

fn listed(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split('|').map(str::trim).filter(|part| !part.is_empty())
}
