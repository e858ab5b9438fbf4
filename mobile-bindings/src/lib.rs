//! The field book for phones: what Kotlin, Swift and Python see of the core.
//!
//! Conversion only: every rule, format and decision is the core's. What the core is handed by its callers, the clock and
//! randomness, is read in one module here; the network is the app's, which carries the bytes of each exchange. One
//! [`FieldBook`] is one directory on the phone, opened by the phone's keystore or with a passphrase.
//!
//! Days are text as `2025-03-31`, times on the coach's wall clock `2025-03-31T14:05`, instants
//! `2025-03-31T12:05:00Z`; ids are opaque text. A dossier is named by its reference or its id.
// The generated glue between languages is unsafe by nature; nothing that is written by hand in this crate is.
#![allow(unsafe_code, reason = "uniffi's scaffolding exports C functions")]

mod codes;
mod exchange;
mod field_book;
mod given;
mod handover;
mod platform;
mod revoked;
mod shown;
mod trouble;

pub use codes::*;
pub use exchange::{Enrolled, ErasedDossier, HttpAnswer, HttpRequest, Postponed, RecordBook, SyncOutcome};
pub use field_book::{FieldBook, Keystore, KeystoreError, LockStatus};
pub use given::{NewAgreement, NewAssignment, NewDossier, NewPlacement, NewVisit, Planned, PlannedFor};
pub use handover::{AccessKind, AccessLine, EndedAccess, HandoverMessage};
pub use revoked::DeviceState;
pub use shown::*;
pub use trouble::FieldBookError;

uniffi::setup_scaffolding!();
