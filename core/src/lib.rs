//! The field book of the job coach: what is recorded, how it is kept, and how copies of it meet.

pub mod caseload;
mod cbor;
pub mod chunk;
pub mod clock;
pub mod codes;
pub mod disk;
pub mod document;
pub mod dossier;
pub mod envelope;
pub mod funding;
pub mod ids;
pub mod keys;
pub mod notes;
pub mod organisation;
pub mod outflow;
pub mod placement;
pub mod preserved;
pub mod programme;
pub mod record;
pub mod register;
pub mod rules;
pub mod statement;
pub mod text_check;
pub mod trainee;
pub mod trajectory;
pub mod visit;
pub mod wire;
