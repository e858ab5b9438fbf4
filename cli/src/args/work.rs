//! The daily work: dossiers, trajectories, placements, trainings, visits and agreements.

use clap::{Args, Subcommand};
use veldboek_core::clock::Day;
use veldboek_core::codes::*;
use veldboek_core::placement::Placement;
use veldboek_core::record::{Unreadable, Value};
use veldboek_core::trainee::Trainee;
use veldboek_core::trajectory::{Training, Trajectory};
use veldboek_core::visit::{Agreement, Correction, Visit};

use super::form::{Changes, Fields, Form, Opt, needed, opt};

/// A value of the trade from the text of an option.
pub(crate) fn value<V: Value>(text: &str) -> Result<V, Unreadable> {
    V::parse(text)
}

macro_rules! forms {
    ($($(#[$doc:meta])* $form:ident of $record:ident: $options:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $form;

        impl Form for $form {
            type Record = $record;
            const OPTIONS: &'static [Opt] = $options;
        }
    )*};
}
pub(super) use forms;

forms! {
    /// The trainee.
    TraineeForm of Trainee: &[
        needed("reference", "reference"),
        opt("given_name", "given-name"),
        opt("family_initial", "family-initial"),
        opt("birth_date", "birth-date"),
        opt("municipality", "municipality"),
        opt("school_of_origin", "school-of-origin"),
        opt("outflow_profile", "outflow-profile"),
        opt("target_groups", "target-group"),
        opt("benefit_situation", "benefit-situation"),
        opt("job_agreement_since", "job-agreement-since"),
        opt("contact_phone", "contact-phone"),
    ];
    /// A trajectory.
    TrajectoryForm of Trajectory: &[
        needed("programme", "programme"),
        opt("referral_date", "referral-date"),
        opt("goal_direction", "goal-direction"),
        opt("referrer_role", "referrer-role"),
        opt("trajectory_ref", "trajectory-ref"),
        opt("intake_date", "intake-date"),
        opt("agreement_date", "agreement-date"),
        opt("funding", "funding"),
        opt("help_question", "help-question"),
        opt("regime", "regime"),
    ];
    /// A placement.
    PlacementForm of Placement: &[
        needed("placement_type", "type"),
        needed("start", "start"),
        opt("employer", "employer"),
        opt("sector", "sector"),
        opt("function_title", "function-title"),
        opt("planned_end", "planned-end"),
        opt("hours_per_week", "hours-per-week"),
        opt("contract", "contract"),
        opt("supervisor_first_name", "supervisor-first-name"),
        opt("location", "location"),
    ];
    /// A training.
    TrainingForm of Training: &[
        needed("course", "course"),
        needed("start", "start"),
        opt("provider", "provider"),
        opt("sector", "sector"),
    ];
    /// A visit to come.
    PlanForm of Visit: &[needed("planned_on", "planned-on"), opt("visit_type", "type"), opt("mode", "mode")];
    /// A visit that was.
    VisitForm of Visit: &[
        opt("started_at", "started-at"),
        opt("duration_min", "duration"),
        opt("travel_min", "travel"),
        opt("visit_type", "type"),
        opt("mode", "mode"),
        opt("status", "status"),
        opt("parties", "party"),
        opt("summary", "summary"),
        opt("scores", "score"),
        opt("next_visit_on", "next-visit-on"),
    ];
    /// What a visit should have said.
    CorrectionForm of Correction: &[
        needed("reason", "reason"),
        opt("started_at", "started-at"),
        opt("duration_min", "duration"),
        opt("travel_min", "travel"),
        opt("summary", "summary"),
        opt("scores", "score"),
    ];
    /// An agreement.
    AgreementForm of Agreement: &[needed("text", "text"), opt("owner", "owner"), opt("due", "due")];
}

/// A trainee, by reference or id.
#[derive(Debug, Args)]
pub(crate) struct TraineeName {
    /// Referentie (WF-2025-0142) of kenmerk | Reference (WF-2025-0142) or id
    pub(crate) trainee: String,
}

/// A trainee, when wanted.
#[derive(Debug, Args)]
pub(crate) struct TraineeFilter {
    /// Alleen van deze persoon | Of this person only
    pub(crate) trainee: Option<String>,
}

/// A trajectory, by the beginning of its id, or by the trainee who has only one open.
#[derive(Debug, Args)]
pub(crate) struct TrajectoryName {
    /// Begin van het kenmerk van het traject, of de referentie van wie er maar één open heeft | Beginning of the trajectory's id, or the reference of a trainee with only one open
    pub(crate) trajectory: String,
}

/// `trainee`
#[derive(Debug, Subcommand)]
pub(crate) enum TraineeCommand {
    /// Een dossier beginnen | Begin a dossier
    Add(TraineeAdd),
    /// De dossiers op dit apparaat | The dossiers on this device
    List,
    /// Eén dossier, geheel | One dossier, whole
    Show(TraineeName),
    /// Gegevens wijzigen; een lege tekst maakt een veld leeg | Change data; an empty text empties a field
    Edit(TraineeEdit),
    /// Een dossier laten wissen: een coördinator vraagt, een beheerder bevestigt | Have a dossier erased: a coordinator asks, an administrator confirms
    Erase(TraineeErase),
}

/// `trainee erase`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["trainee", "list", "confirm", "refuse"]))]
pub(crate) struct TraineeErase {
    /// De referentie of het kenmerk van het dossier dat gewist moet worden | The reference or id of the dossier that is to be erased
    pub(crate) trainee: Option<String>,
    /// Het verzoek terugnemen zolang het niet bevestigd is | Take the request back as long as it is not confirmed
    #[arg(long, requires = "trainee")]
    pub(crate) take_back: bool,
    /// Wat gevraagd en gewist is, en welke apparaten het wissen nog niet bevestigden | What was asked and erased, and which devices have not confirmed
    #[arg(long)]
    pub(crate) list: bool,
    /// Beheerder: dit document wissen | Administrator: erase this document
    #[arg(long, value_name = "DOCUMENT", allow_hyphen_values = true)]
    pub(crate) confirm: Option<String>,
    /// Beheerder: dit document niet wissen | Administrator: do not erase this document
    #[arg(long, value_name = "DOCUMENT", allow_hyphen_values = true)]
    pub(crate) refuse: Option<String>,
}

/// `trainee add`
#[derive(Debug, Args)]
pub(crate) struct TraineeAdd {
    #[command(flatten)]
    pub(crate) fields: Fields<TraineeForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `trainee edit`
#[derive(Debug, Args)]
pub(crate) struct TraineeEdit {
    #[command(flatten)]
    pub(crate) name: TraineeName,
    #[command(flatten)]
    pub(crate) fields: Changes<TraineeForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// The author's word about digits in a text.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct TextCheck {
    /// Negen cijfers in de tekst zijn geen BSN | Nine digits in the text are no BSN
    #[arg(long)]
    pub(crate) no_bsn: bool,
}

/// `trajectory`
#[derive(Debug, Subcommand)]
pub(crate) enum TrajectoryCommand {
    /// Een traject beginnen met de aanmelding | Begin a trajectory with the referral
    Open(TrajectoryOpen),
    /// De overeenkomst is getekend: het traject is gestart | The agreement is signed: the trajectory has started
    Agree(TrajectoryAgree),
    /// Een gebeurtenis met datum, zoals intake, zoekt werkplek, onderbroken | A dated event, such as intake, searching, paused
    Event(TrajectoryEvent),
    /// Het traject afsluiten | Close the trajectory
    Close(TrajectoryClose),
    /// De trajecten | The trajectories
    List(TraineeFilter),
    /// Eén traject met alles wat erbij hoort | One trajectory with all that belongs to it
    Show(TrajectoryName),
    /// Gegevens wijzigen; een lege tekst maakt een veld leeg | Change data; an empty text empties a field
    Edit(TrajectoryEdit),
}

/// `trajectory open`
#[derive(Debug, Args)]
pub(crate) struct TrajectoryOpen {
    #[command(flatten)]
    pub(crate) name: TraineeName,
    #[command(flatten)]
    pub(crate) fields: Fields<TrajectoryForm>,
    /// Het eerdere traject dat hiermee wordt voortgezet | The earlier trajectory that this one continues
    #[arg(long, value_name = "TRAJECTORY")]
    pub(crate) previous_trajectory: Option<String>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `trajectory agree`
#[derive(Debug, Args)]
pub(crate) struct TrajectoryAgree {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    /// De dag van ondertekening; zonder deze: vandaag | The day of signing; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
}

/// `trajectory event`
#[derive(Debug, Args)]
pub(crate) struct TrajectoryEvent {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    /// De fase die begint: code of Nederlandse naam | The phase that begins: code or Dutch name
    #[arg(value_parser = value::<TrajectoryPhase>)]
    pub(crate) phase: TrajectoryPhase,
    /// Vanaf welke dag; zonder deze: vandaag | From which day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
    /// Opmerking | A remark
    #[arg(long)]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `trajectory close`
#[derive(Debug, Args)]
pub(crate) struct TrajectoryClose {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    /// Waarom: code of Nederlandse naam | Why: code or Dutch name
    #[arg(long, value_parser = value::<ClosingReason>)]
    pub(crate) reason: ClosingReason,
    /// De laatste dag; zonder deze: vandaag | The last day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
    /// Waar de deelnemer heen ging: code of Nederlandse naam | Where the trainee went: code or Dutch name
    #[arg(long, value_parser = value::<OutflowDestination>)]
    pub(crate) outflow_destination: Option<OutflowDestination>,
    /// Wanneer; zonder deze: de laatste dag | When; without it: the last day
    #[arg(long, value_name = "DATE", requires = "outflow_destination", value_parser = value::<Day>)]
    pub(crate) outflow_date: Option<Day>,
}

/// `trajectory edit`
#[derive(Debug, Args)]
pub(crate) struct TrajectoryEdit {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    #[command(flatten)]
    pub(crate) fields: Changes<TrajectoryForm>,
    /// Het eerdere traject dat hiermee wordt voortgezet | The earlier trajectory that this one continues
    #[arg(long, value_name = "TRAJECTORY")]
    pub(crate) previous_trajectory: Option<String>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `placement`
#[derive(Debug, Subcommand)]
pub(crate) enum PlacementCommand {
    /// Een plaatsing vastleggen | Record a placement
    Add(PlacementAdd),
    /// Gegevens wijzigen; een lege tekst maakt een veld leeg | Change data; an empty text empties a field
    Edit(PlacementEdit),
    /// Een plaatsing beëindigen | End a placement
    End(PlacementEnd),
    /// De plaatsingen | The placements
    List(TraineeFilter),
}

/// `placement add`
#[derive(Debug, Args)]
pub(crate) struct PlacementAdd {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    #[command(flatten)]
    pub(crate) fields: Fields<PlacementForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// A placement.
#[derive(Debug, Args)]
pub(crate) struct PlacementName {
    /// Begin van het kenmerk van de plaatsing, of de referentie van wie er maar één open heeft | Beginning of the placement's id, or the reference of a trainee with only one open
    pub(crate) placement: String,
}

/// `placement edit`
#[derive(Debug, Args)]
pub(crate) struct PlacementEdit {
    #[command(flatten)]
    pub(crate) name: PlacementName,
    #[command(flatten)]
    pub(crate) fields: Changes<PlacementForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `placement end`
#[derive(Debug, Args)]
pub(crate) struct PlacementEnd {
    #[command(flatten)]
    pub(crate) name: PlacementName,
    /// De laatste dag; zonder deze: vandaag | The last day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
    /// Waarom: code of Nederlandse naam | Why: code or Dutch name
    #[arg(long, value_parser = value::<PlacementEndReason>)]
    pub(crate) reason: PlacementEndReason,
    /// De plaatsing die erop volgt | The placement that follows it
    #[arg(long, value_name = "PLACEMENT")]
    pub(crate) next_placement: Option<String>,
}

/// `training`
#[derive(Debug, Subcommand)]
pub(crate) enum TrainingCommand {
    /// Scholing vastleggen | Record a training
    Add(TrainingAdd),
    /// Scholing beëindigen | End a training
    End(TrainingEnd),
    /// De scholing | The trainings
    List(TraineeFilter),
}

/// `training add`
#[derive(Debug, Args)]
pub(crate) struct TrainingAdd {
    #[command(flatten)]
    pub(crate) name: TrajectoryName,
    #[command(flatten)]
    pub(crate) fields: Fields<TrainingForm>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `training end`
#[derive(Debug, Args)]
pub(crate) struct TrainingEnd {
    /// Begin van het kenmerk van de scholing, of de referentie van wie er maar één open heeft | Beginning of the training's id, or the reference of a trainee with only one open
    pub(crate) training: String,
    /// Hoe het eindigde: code of Nederlandse naam | How it ended: code or Dutch name
    #[arg(long, value_parser = value::<TrainingResult>)]
    pub(crate) result: TrainingResult,
    /// De laatste dag; zonder deze: vandaag | The last day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
}

/// `outflow`
#[derive(Debug, Subcommand)]
pub(crate) enum OutflowCommand {
    /// Waar iemand heen ging: met --school bij het verlaten van die school, anders van het traject | Where someone went: with --school on leaving that school, else from the trajectory
    Set(OutflowSet),
}

/// `outflow set`
#[derive(Debug, Args)]
pub(crate) struct OutflowSet {
    /// Referentie van de persoon, of begin van het kenmerk van het traject | Reference of the trainee, or beginning of the trajectory's id
    pub(crate) which: String,
    /// Bestemming: code of Nederlandse naam | Destination: code or Dutch name
    #[arg(long, value_parser = value::<OutflowDestination>)]
    pub(crate) destination: OutflowDestination,
    /// De dag; zonder deze: vandaag | The day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
    /// De school die wordt verlaten: code of naam | The school that is left: code or name
    #[arg(long)]
    pub(crate) school: Option<String>,
    /// Soort school; bekend als de school in het register staat | Kind of school; known if the register has the school
    #[arg(long, requires = "school", value_parser = value::<SchoolType>)]
    pub(crate) school_type: Option<SchoolType>,
    /// Cluster 3 of 4 van een vso-school | Cluster 3 or 4 of a vso school
    #[arg(long, requires = "school", value_parser = value::<i64>)]
    pub(crate) cluster: Option<i64>,
    /// Uitstroomprofiel van een vso-leerling | Outflow profile of a vso pupil
    #[arg(long, requires = "school", value_parser = value::<OutflowProfile>)]
    pub(crate) outflow_profile: Option<OutflowProfile>,
    /// Inkomen daarna | Income after it
    #[arg(long, requires = "school", value_parser = value::<IncomeSituation>)]
    pub(crate) income_situation: Option<IncomeSituation>,
}
