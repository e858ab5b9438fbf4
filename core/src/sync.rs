//! The exchange between devices and server, without a network: requests and `now` in, answers out.
//!
//! The server numbers what it admits in one feed. A device sends what it has and says how far it read; it gets a verdict
//! on each change and what its caseload gained. The device's half is in [`crate::field_book`].

pub mod contacts;
pub mod feed;
pub mod server;
