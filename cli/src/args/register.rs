//! The region's register, and the figures from elsewhere.

use clap::{Args, Subcommand};
use veldboek_core::funding::FundingSource;
use veldboek_core::organisation::{Coach, Employer, School};
use veldboek_core::programme::{Observation, Programme, Target};

use super::form::{Changes, Fields, Form, Opt, needed, opt};
use super::work::forms;

forms! {
    /// A programme.
    ProgrammeForm of Programme: &[
        needed("name", "name"),
        opt("part_of", "part-of"),
        opt("pillar", "pillar"),
        opt("category", "category"),
        opt("status", "status"),
        opt("status_reason", "status-reason"),
        opt("from", "from"),
        opt("to", "to"),
        opt("success_definition", "success-definition"),
        opt("visit_interval_days", "visit-interval-days"),
        opt("activity_kind", "activity-kind"),
        opt("legal_basis", "legal-basis"),
    ];
    /// A funding source.
    FundingForm of FundingSource: &[
        opt("name", "name"),
        needed("kind", "kind"),
        needed("amount_cents", "amount-cents"),
        opt("from", "from"),
        opt("to", "to"),
        opt("decision_ref", "decision-ref"),
        opt("funder", "funder"),
        opt("programmes", "programmes"),
        opt("schools", "schools"),
    ];
    /// A school.
    SchoolForm of School: &[
        needed("name", "name"),
        opt("school_type", "type"),
        opt("cluster", "cluster"),
        opt("brin", "brin"),
        opt("headcounts", "headcount"),
    ];
    /// An employer.
    EmployerForm of Employer: &[
        needed("name", "name"),
        opt("kvk", "kvk"),
        opt("location", "location"),
        opt("sector", "sector"),
        opt("phone", "phone"),
    ];
    /// A coach or coordinator.
    CoachForm of Coach: &[
        needed("display_name", "display-name"),
        opt("organisation", "organisation"),
        opt("active_from", "active-from"),
        opt("active_to", "active-to"),
    ];
    /// A target.
    TargetForm of Target: &[
        needed("programme", "programme"),
        needed("metric", "metric"),
        needed("unit", "unit"),
        needed("value", "value"),
        needed("due", "due"),
        needed("method", "method"),
        opt("baseline", "baseline"),
        opt("valid_from", "valid-from"),
    ];
    /// An observation.
    ObservationForm of Observation: &[
        needed("programme", "programme"),
        needed("metric", "metric"),
        needed("unit", "unit"),
        needed("value", "value"),
        needed("on", "on"),
        needed("source", "source"),
    ];
}

/// What is keyed by a code.
#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand<F: Form> {
    /// Toevoegen | Add
    Add(RegisterAdd<F>),
    /// Tonen | List
    List,
    /// Wijzigen; een lege tekst maakt een veld leeg | Change; an empty text empties a field
    Edit(RegisterEdit<F>),
}

/// `add`
#[derive(Debug, Args)]
pub(crate) struct RegisterAdd<F: Form> {
    /// De code waaronder iedereen het kent | The code by which everyone knows it
    pub(crate) code: String,
    #[command(flatten)]
    pub(crate) fields: Fields<F>,
}

/// `edit`
#[derive(Debug, Args)]
pub(crate) struct RegisterEdit<F: Form> {
    /// De code | The code
    pub(crate) code: String,
    #[command(flatten)]
    pub(crate) fields: Changes<F>,
}

/// Dated facts, which are never changed: an edit adds a newer one.
#[derive(Debug, Subcommand)]
pub(crate) enum FactCommand<F: Form> {
    /// Toevoegen | Add
    Add(FactAdd<F>),
    /// Tonen | List
    List,
    /// Een nieuwe versie vastleggen; de oude blijft in de geschiedenis | Record a new version; the history keeps the old one
    Edit(FactEdit<F>),
}

/// `add`
#[derive(Debug, Args)]
pub(crate) struct FactAdd<F: Form> {
    #[command(flatten)]
    pub(crate) fields: Fields<F>,
}

/// `edit`
#[derive(Debug, Args)]
pub(crate) struct FactEdit<F: Form> {
    /// Begin van het kenmerk | Beginning of the id
    pub(crate) which: String,
    #[command(flatten)]
    pub(crate) fields: Changes<F>,
}
