//! Money: each amount once, however many activities it pays for. Part of the region's register, keyed by code.

use crate::clock::Day;
use crate::codes::*;
use crate::record;

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
