//! The field book of the job coach: what is recorded, how it is kept, and how copies of it meet.

pub mod clock;
pub mod codes;
pub mod disk;
pub mod dossier;
pub mod funding;
pub mod ids;
pub mod organisation;
pub mod outflow;
pub mod placement;
pub mod programme;
pub mod record;
pub mod register;
pub mod trainee;
pub mod trajectory;
pub mod visit;
