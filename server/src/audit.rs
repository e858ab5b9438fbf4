//! `audit`: the record book searched and exported, line by line as it is read: a journal of years needs no memory.
//!
//! Whoever searches leaves a line too. A journal that is damaged is told as far as it can be read.

use serde::Serialize;
use veldboek_core::audit::{AuditAction, AuditFilter, AuditLine, AuditNote, AuditView};
use veldboek_core::clock::Day;
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::Journal;
use veldboek_core::keyring::Keyring;
use veldboek_core::record::{Code, Lang};
use veldboek_core::sync::server::{RegionError, Work};

use crate::args::Audit;
use crate::config::Settings;
use crate::failure::ServerError;
use crate::render::lines::Lines;
use crate::{setup, time};

/// A line as it is exported: names of keys and codes are English, labels in the language that was asked for.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The number of its record.
    pub number: u64,
    /// When, by the server's clock.
    pub at: String,
    /// When, by the clock of the device that signed it.
    pub made_at: Option<String>,
    /// What was done.
    pub action: String,
    /// The same for people.
    pub label: String,
    /// Who: the person's code; null at the server itself, and for strangers.
    pub person: Option<String>,
    /// From which device.
    pub device: Option<String>,
    /// About which documents.
    pub documents: Vec<String>,
    /// About which person.
    pub about_person: Option<String>,
    /// About which device.
    pub about_device: Option<String>,
    /// How many.
    pub count: Option<u64>,
    /// Why or how.
    pub reason: Option<String>,
    /// Its content was erased.
    pub erased: bool,
}

impl Exported {
    fn new(line: AuditLine, lang: Lang) -> Self {
        let label = AuditAction::from_code(&line.action).map_or_else(|| line.action.clone(), |code| code.label(lang).to_owned());
        Self {
            number: line.number,
            at: line.at.to_string(),
            made_at: line.made_at.map(|at| at.to_string()),
            action: line.action,
            label,
            person: line.person,
            device: line.device.map(|id| id.to_string()),
            documents: line.documents.iter().map(DocumentId::to_string).collect(),
            about_person: line.about_person,
            about_device: line.about_device.map(|id| id.to_string()),
            count: line.count,
            reason: line.reason,
            erased: line.erased,
        }
    }
}

/// Searches the journal and prints what is wanted.
///
/// # Errors
/// The store cannot be opened or read; what could be read was printed.
pub fn print(settings: &Settings, asked: &Audit, lang: Lang) -> Result<(), ServerError> {
    let (disk, wrapping) = setup::existing(settings)?;
    // A damaged journal takes no line, and must be readable all the same.
    let noted = note_search(settings, asked);
    let keyring = Keyring::open(&*disk, &wrapping)?;
    let filter = filter(asked);
    let (mut view, mut lines) = (AuditView::default(), Lines::begin(asked.format, lang));
    let mut unreadable = None;
    let read = Journal::open(disk)?.read_new(&keyring, &mut |record| match view.line(&record) {
        Ok(Some(line)) if filter.wants(&line) => lines.print(&Exported::new(line, lang)),
        Ok(_) => {}
        Err(error) => unreadable = Some(error),
    });
    lines.end();
    read?;
    noted?;
    match unreadable {
        Some(error) => Err(RegionError::from(error).into()),
        None => Ok(()),
    }
}

fn filter(asked: &Audit) -> AuditFilter {
    AuditFilter {
        person: asked.person.clone(),
        device: asked.device.clone(),
        document: asked.document,
        action: asked.action,
        from: asked.from.map(time::begin_of),
        before: asked.to.map(|day: Day| time::begin_of(day.plus_days(1))),
    }
}

fn note_search(settings: &Settings, asked: &Audit) -> Result<(), ServerError> {
    let mut region = setup::open_beside(settings)?;
    let mut note = AuditNote::new(AuditAction::AuditSearched, None).on(asked.document);
    note.about_person.clone_from(&asked.person);
    note.reason = asked.action.map(|action| action.code().to_owned());
    setup::do_one(&mut region, Work::Audit(note), time::now()).map(|_| ())
}
