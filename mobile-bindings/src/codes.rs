//! The codes of the trade as enumerations in every language, with their labels.
//!
//! The lists are the core's: each is written out once more because the glue is generated from source, and a code that is
//! missing or too many does not compile.

pub use veldboek_core::codes::{
    AssignmentRole, Competence, ContactMode, GoalDirection, PartySpoken, PlacementType, ReferrerRole, Score, TrajectoryPhase,
    VisitStatus, VisitType,
};
pub use veldboek_core::record::Lang;
pub use veldboek_core::statement::Role;

use veldboek_core::record::Code as _;

/// The language of what people read.
#[uniffi::remote(Enum)]
pub enum Lang {
    /// Dutch.
    Nl,
    /// English.
    En,
}

/// What kind of visit.
#[uniffi::remote(Enum)]
pub enum VisitType {
    /// Internship visit.
    InternshipVisit,
    /// Workplace visit.
    WorkplaceVisit,
    /// Progress review.
    ProgressReview,
    /// (Interim) evaluation.
    Evaluation,
    /// Talk with the employer.
    EmployerTalk,
    /// Talk at home or with parents.
    HomeOrFamily,
    /// Aftercare contact.
    AftercareContact,
    /// Intake.
    Intake,
    /// Case conference.
    CaseConference,
}

/// How a visit was made.
#[uniffi::remote(Enum)]
pub enum ContactMode {
    /// On site.
    OnSite,
    /// Telephone.
    Phone,
    /// Video call.
    Video,
    /// Message.
    Message,
}

/// What became of a visit.
#[uniffi::remote(Enum)]
pub enum VisitStatus {
    /// Planned.
    Planned,
    /// Done.
    Done,
    /// No-show.
    NoShow,
    /// Cancelled.
    Cancelled,
}

/// Who was spoken to.
#[uniffi::remote(Enum)]
pub enum PartySpoken {
    /// Trainee.
    Trainee,
    /// Workplace supervisor.
    WorkplaceSupervisor,
    /// Employer.
    Employer,
    /// Parent or carer.
    Parent,
    /// School (next).
    School,
    /// Municipality or employer desk.
    Municipality,
    /// Other.
    Other,
}

/// What is scored at a visit.
#[uniffi::remote(Enum)]
pub enum Competence {
    /// Being on time.
    OnTime,
    /// Keeping appointments and reporting absence.
    Appointments,
    /// Working together and consulting.
    Cooperate,
    /// Following instructions and procedures.
    Instructions,
    /// Using materials and tools.
    Materials,
    /// Delivering quality.
    Quality,
    /// Planning and organising.
    Plan,
    /// Handling change.
    Adapt,
    /// Persevering, handling pressure and setbacks.
    Persevere,
    /// Learning.
    Learn,
    /// Expressing and reporting.
    Communicate,
    /// Dealing with customers.
    Customer,
    /// Applying craft.
    Craft,
    /// Handling feedback and authority.
    Feedback,
    /// Effort and motivation.
    Motivation,
    /// Working independently.
    Independent,
    /// Pace of work.
    Pace,
    /// Personal care and hygiene.
    Hygiene,
    /// Working safely.
    Safety,
}

/// A score.
#[uniffi::remote(Enum)]
pub enum Score {
    /// Not shown (not seen at work yet).
    One,
    /// Insufficient.
    Two,
    /// Sufficient.
    Three,
    /// Good.
    Four,
    /// Not assessed.
    NotObserved,
}

/// What kind of placement.
#[uniffi::remote(Enum)]
pub enum PlacementType {
    /// Internal internship.
    InternshipInternal,
    /// External internship.
    InternshipExternal,
    /// Work experience place.
    WorkExperience,
    /// Step-up job.
    StepUpJob,
    /// Trial placement.
    Trial,
    /// Paid job.
    PaidJob,
    /// Learning job (such as BBL).
    LearningJob,
    /// Sheltered work.
    Sheltered,
    /// Secondment.
    Secondment,
    /// Education.
    Education,
    /// Day activity.
    DayActivity,
}

/// How far a trajectory is.
#[uniffi::remote(Enum)]
pub enum TrajectoryPhase {
    /// Approached.
    Approached,
    /// Referred.
    Referred,
    /// Intake done.
    IntakeDone,
    /// Agreement signed (started).
    Agreed,
    /// Coach assigned.
    Assigned,
    /// In training.
    Training,
    /// Looking for a place.
    Searching,
    /// Internship or work experience.
    Internship,
    /// Placed.
    Placed,
    /// In the final phase.
    FinalPhase,
    /// Aftercare.
    Aftercare,
    /// Paused.
    Paused,
    /// Closed.
    Closed,
}

/// Where a trajectory leads.
#[uniffi::remote(Enum)]
pub enum GoalDirection {
    /// Towards work.
    Work,
    /// Towards education.
    Education,
    /// Day activity.
    DayActivity,
}

/// Who referred.
#[uniffi::remote(Enum)]
pub enum ReferrerRole {
    /// Self.
    Itself,
    /// Parent or carer.
    Parent,
    /// Municipality.
    Municipality,
    /// PRO school.
    SchoolPro,
    /// VSO school (cluster 3 or 4).
    SchoolVso,
    /// MBO.
    SchoolMbo,
    /// RMC or transition point.
    Rmc,
    /// Youth desk.
    YouthDesk,
    /// Employer desk (WSP).
    EmployerDesk,
    /// UWV.
    Uwv,
    /// Transition organisation.
    TransitionOrg,
    /// Reintegration company.
    ReintegrationCompany,
    /// Ministry (SZW, OCW, DUO).
    Ministry,
    /// Funder.
    Funder,
    /// Care organisation.
    Care,
}

/// The part a coach has.
#[uniffi::remote(Enum)]
pub enum AssignmentRole {
    /// Primary coach.
    Primary,
    /// Supporting coach.
    Support,
}

/// What a person may do.
#[uniffi::remote(Enum)]
pub enum Role {
    /// Job coach.
    Coach,
    /// Coordinator.
    Coordinator,
    /// Administrator.
    Administrator,
}

macro_rules! labels {
    ($($function:ident: $code:ty;)+) => {$(
        /// What people read for this code.
        #[uniffi::export]
        pub fn $function(code: $code, language: Lang) -> String {
            code.label(language).to_owned()
        }
    )+};
}

labels! {
    visit_type_label: VisitType;
    contact_mode_label: ContactMode;
    visit_status_label: VisitStatus;
    party_spoken_label: PartySpoken;
    competence_label: Competence;
    score_label: Score;
    placement_type_label: PlacementType;
    trajectory_phase_label: TrajectoryPhase;
    goal_direction_label: GoalDirection;
    referrer_role_label: ReferrerRole;
    assignment_role_label: AssignmentRole;
    role_label: Role;
}
