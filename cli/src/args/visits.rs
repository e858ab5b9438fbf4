//! Visits, agreements, the caseload and who coaches.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use veldboek_core::clock::Day;
use veldboek_core::codes::*;

use super::form::Fields;
use super::work::*;

/// `visit`
#[derive(Debug, Subcommand)]
pub(crate) enum VisitCommand {
    /// Een bezoek plannen | Plan a visit
    Plan(VisitPlan),
    /// Een gepland bezoek verzetten | Move a planned visit
    Move(VisitMove),
    /// Een bezoek vastleggen | Log a visit
    Log(VisitLog),
    /// De bezoeken | The visits
    List(VisitList),
    /// Een vastgelegd bezoek corrigeren; het oude blijft te zien in de geschiedenis | Correct a logged visit; the history keeps what it said
    Correct(VisitCorrect),
    /// Een bezoek intrekken: de tekst verdwijnt, ook uit de geschiedenis en bij collega's | Withdraw a visit: its text disappears, from the history and with colleagues too
    Withdraw(VisitWithdraw),
}

/// `visit plan`
#[derive(Debug, Args)]
pub(crate) struct VisitPlan {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    #[command(flatten)]
    pub(crate) fields: Fields<PlanForm>,
    /// Bij welke plaatsing | At which placement
    #[arg(long)]
    pub(crate) placement: Option<String>,
}

/// A visit.
#[derive(Debug, Args)]
pub(crate) struct VisitName {
    /// Begin van het kenmerk van het bezoek, of de referentie van wie er maar één heeft | Beginning of the visit's id, or the reference of a trainee with only one
    pub(crate) visit: String,
}

/// `visit move`
#[derive(Debug, Args)]
pub(crate) struct VisitMove {
    #[command(flatten)]
    pub(crate) name: VisitName,
    /// De nieuwe dag | The new day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) planned_on: Day,
}

/// `visit log`
#[derive(Debug, Args)]
pub(crate) struct VisitLog {
    /// Traject (kenmerk of referentie van de persoon) of een gepland bezoek | Trajectory (id, or the trainee's reference) or a planned visit
    pub(crate) which: String,
    #[command(flatten)]
    pub(crate) fields: Fields<VisitForm>,
    /// Bij welke plaatsing; zonder deze: de enige die loopt | At which placement; without it: the only running one
    #[arg(long)]
    pub(crate) placement: Option<String>,
    /// Een afspraak; mag vaker | An agreement; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub(crate) agreement: Vec<String>,
    /// Uiterste dag van de afspraak, in dezelfde volgorde | Last day of the agreement, in the same order
    #[arg(long, value_name = "DATE", requires = "agreement", value_parser = value::<Day>)]
    pub(crate) agreement_due: Vec<Day>,
    /// Wie het doet, in dezelfde volgorde | Who does it, in the same order
    #[arg(long, value_name = "PARTY", requires = "agreement", value_parser = value::<PartySpoken>)]
    pub(crate) agreement_owner: Vec<PartySpoken>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `visit list`
#[derive(Debug, Args)]
pub(crate) struct VisitList {
    #[command(flatten)]
    pub(crate) filter: TraineeFilter,
    /// Vanaf deze dag | From this day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) from: Option<Day>,
    /// Tot en met deze dag | Up to and including this day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) to: Option<Day>,
}

/// `visit correct`
#[derive(Debug, Args)]
pub(crate) struct VisitCorrect {
    #[command(flatten)]
    pub(crate) name: VisitName,
    #[command(flatten)]
    pub(crate) fields: Fields<CorrectionForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `visit withdraw`
#[derive(Debug, Args)]
pub(crate) struct VisitWithdraw {
    #[command(flatten)]
    pub(crate) name: VisitName,
    /// Waarom, zonder de tekst zelf: dit blijft bij het dossier staan | Why, without the text itself: this stays with the dossier
    #[arg(long)]
    pub(crate) reason: String,
}

/// `agreement`
#[derive(Debug, Subcommand)]
pub(crate) enum AgreementCommand {
    /// Een afspraak bij een bezoek vastleggen | Record an agreement made at a visit
    Add(AgreementAdd),
    /// Een afspraak is nagekomen | An agreement was kept
    Done(AgreementDone),
    /// De afspraken | The agreements
    List(AgreementList),
}

/// `agreement add`
#[derive(Debug, Args)]
pub(crate) struct AgreementAdd {
    #[command(flatten)]
    pub(crate) name: VisitName,
    #[command(flatten)]
    pub(crate) fields: Fields<AgreementForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `agreement done`
#[derive(Debug, Args)]
pub(crate) struct AgreementDone {
    /// Begin van het kenmerk van de afspraak, of de referentie van wie er maar één open heeft | Beginning of the agreement's id, or the reference of a trainee with only one open
    pub(crate) agreement: String,
    /// De dag; zonder deze: vandaag | The day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
}

/// `agreement list`
#[derive(Debug, Args)]
pub(crate) struct AgreementList {
    #[command(flatten)]
    pub(crate) filter: TraineeFilter,
    /// Alleen wat nog niet is gedaan | Only what is not done yet
    #[arg(long)]
    pub(crate) open: bool,
}

/// `caseload`
#[derive(Debug, Args)]
pub(crate) struct Caseload {
    /// Alleen wat te laat is | Only what is overdue
    #[arg(long)]
    pub(crate) overdue: bool,
    /// De getoonde bezoeken ook als agendabestand (iCalendar) schrijven: alleen met referenties, zonder namen. Een nieuwer bestand werkt de agenda bij | Also write the visits that are shown as a calendar file (iCalendar): with references only, no names. A newer file updates the calendar
    #[arg(long, value_name = "FILE")]
    pub(crate) ics: Option<PathBuf>,
}

/// `assign`
#[derive(Debug, Args)]
pub(crate) struct Assign {
    #[command(flatten)]
    pub(crate) name: TraineeName,
    /// Code van de coach | Code of the coach
    pub(crate) coach: String,
    /// Eerste dag; zonder deze: vandaag | First day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) from: Option<Day>,
    /// Laatste dag | Last day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) to: Option<Day>,
    /// PRIMARY (eerste coach) of SUPPORT (tweede coach) | PRIMARY or SUPPORT
    #[arg(long, value_parser = value::<AssignmentRole>, default_value = "PRIMARY")]
    pub(crate) role: AssignmentRole,
    /// Waarom | Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
}
