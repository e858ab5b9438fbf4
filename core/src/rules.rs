//! What operations on dossiers and the register have in common: who acts, what comes out, and which rules hold.
//!
//! An operation is a pure function: it reads a [`Dossier`](crate::dossier::Dossier) or
//! [`Register`](crate::register::Register), checks the rules of the trade and answers with a [`Plan`], a list of cells to
//! write. Rules hold *at entry* only: what another device wrote arrives whatever it says, and shows as a warning or a clash.

use rand_core::CryptoRng;

use crate::clock::{Day, Moment};
use crate::record::{Record, Write};

pub(crate) mod broken;
pub(crate) mod cell;
pub(crate) mod checks;
#[cfg(test)]
mod stories;
pub(crate) mod warning;

pub use broken::RuleBroken;
pub use cell::check_cell;
pub use warning::Warning;

/// Who acts, when, and with what randomness.
pub struct By<'a> {
    /// Code of the coach (or coordinator) who acts.
    pub person: &'a str,
    /// The caller's clock.
    pub moment: Moment,
    /// For new ids.
    pub rng: &'a mut dyn CryptoRng,
    /// Whether the person may do what coordinators do; true as well in a field book that has not met a server yet.
    pub coordinator: bool,
    /// What the author declares about the text.
    pub declared: Declaration,
}

impl<'a> By<'a> {
    /// A coach, who declares nothing.
    pub fn new(person: &'a str, moment: Moment, rng: &'a mut dyn CryptoRng) -> Self {
        Self { person, moment, rng, coordinator: false, declared: Declaration::Nothing }
    }

    /// With or without the rights of a coordinator.
    #[must_use]
    pub fn coordinating(mut self, coordinator: bool) -> Self {
        self.coordinator = coordinator;
        self
    }

    /// With a declaration about the text.
    #[must_use]
    pub fn declaring(mut self, declared: Declaration) -> Self {
        self.declared = declared;
        self
    }

    /// Today, where the person stands.
    pub fn today(&self) -> Day {
        self.moment.today()
    }
}

/// What the author of a text says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declaration {
    /// Nothing: nine digits that could be a BSN are stopped.
    #[default]
    Nothing,
    /// The nine digits are something else than a BSN.
    NotABsn,
}

/// What an operation wants written, and what the person should know about it.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a plan does nothing until its writes are performed"]
pub struct Plan<Id = ()> {
    /// The record that was made or changed.
    pub id: Id,
    /// The cells to write; empty when everything stood there already.
    pub writes: Vec<Write>,
    /// What is unusual, without being wrong.
    pub warnings: Vec<Warning>,
}

impl<Id> Plan<Id> {
    /// The same plan, about another record.
    pub fn about<Other>(self, id: Other) -> Plan<Other> {
        Plan { id, writes: self.writes, warnings: self.warnings }
    }
}

/// A field's name in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldName {
    /// The name in code, JSON and files.
    pub name: &'static str,
    /// The name for Dutch users.
    pub label_nl: &'static str,
}

impl FieldName {
    /// The field of a record; an unknown name stands for itself.
    pub fn of<R: Record>(name: &'static str) -> Self {
        let label_nl = R::fields().iter().find(|field| field.name == name).map_or(name, |field| field.label_nl);
        Self { name, label_nl }
    }

    /// The name for this language.
    pub fn label(&self, lang: crate::record::Lang) -> String {
        match lang {
            crate::record::Lang::Nl => self.label_nl.to_owned(),
            crate::record::Lang::En => self.name.replace('_', " "),
        }
    }
}

/// A record with rules of its own: those that need nothing but the record, what it was before, and the time.
pub trait Checked: Record {
    /// Checks what differs from `before` (the default value for a new record); what stood there already is left alone, so
    /// that an old mistake in one field never blocks another.
    ///
    /// # Errors
    /// The first rule that the change breaks.
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken>;
}
