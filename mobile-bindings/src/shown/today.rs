//! The first screen: visits that are planned, due and overdue, and action points that are open.

use veldboek_core::caseload::{AgreementRow, Caseload, DueRow, Place, PlannedRow, Who};

use super::{ReadAt, text};
use crate::codes::{PartySpoken, VisitType};
use crate::trouble::Tried;

/// The first screen: what this coach has to do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TodayList {
    /// Today.
    pub day: String,
    /// Code of the coach.
    pub coach: String,
    /// Visits planned for today, and those planned earlier of which nothing was recorded.
    pub today: Vec<PlannedVisit>,
    /// Visits planned for the next 14 days.
    pub upcoming: Vec<PlannedVisit>,
    /// Visits that are due within 14 days.
    pub due: Vec<DueVisit>,
    /// Visits that are overdue, the oldest first.
    pub overdue: Vec<DueVisit>,
    /// Action points that are not done.
    pub agreements: Vec<OpenAgreement>,
}

impl TodayList {
    /// What a coach has to do.
    pub(crate) fn new(caseload: Caseload, read_at: &ReadAt<'_>) -> Tried<Self> {
        let planned = |rows: Vec<PlannedRow>| rows.into_iter().map(|row| PlannedVisit::new(row, read_at)).collect::<Tried<_>>();
        Ok(Self {
            day: caseload.as_of.to_string(),
            coach: caseload.coach,
            today: planned(caseload.today)?,
            upcoming: planned(caseload.upcoming)?,
            due: caseload.due.into_iter().map(DueVisit::from).collect(),
            overdue: caseload.overdue.into_iter().map(DueVisit::from).collect(),
            agreements: caseload.agreements.into_iter().map(OpenAgreement::from).collect(),
        })
    }
}

/// Whose dossier a line is about.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DossierName {
    /// Id of the dossier.
    pub id: String,
    /// What people call it.
    pub reference: Option<String>,
    /// First name.
    pub given_name: Option<String>,
}

impl From<Who> for DossierName {
    fn from(who: Who) -> Self {
        Self { id: who.document.to_string(), reference: who.reference, given_name: who.given_name }
    }
}

/// Where a visit goes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitPlace {
    /// Id of the placement.
    pub placement: String,
    /// The employer.
    pub employer: Option<String>,
    /// The address.
    pub location: Option<String>,
    /// First name of the colleague who guides the trainee.
    pub supervisor: Option<String>,
}

impl From<Place> for VisitPlace {
    fn from(place: Place) -> Self {
        let Place { placement, employer, location, supervisor } = place;
        Self { placement: placement.to_string(), employer, location, supervisor }
    }
}

/// A visit that was planned, or agreed as the next.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlannedVisit {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the planned visit, or of the visit at which this day was agreed.
    pub visit: String,
    /// Whether it is a planned visit; hand it in with the visit that was made. Else only its day was agreed.
    pub planned: bool,
    /// The day.
    pub day: String,
    /// Id of the trajectory.
    pub trajectory: Option<String>,
    /// What kind of visit.
    pub visit_type: Option<VisitType>,
    /// Where.
    pub place: Option<VisitPlace>,
    /// Code of the colleague who planned or agreed it and does not coach then.
    pub planned_by: Option<String>,
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
}

impl PlannedVisit {
    fn new(row: PlannedRow, read_at: &ReadAt<'_>) -> Tried<Self> {
        let read_at = read_at(row.who.document)?;
        Ok(Self {
            dossier: row.who.into(),
            visit: row.visit.to_string(),
            planned: row.planned,
            day: row.on.to_string(),
            trajectory: text(row.trajectory),
            visit_type: row.visit_type,
            place: row.place.map(VisitPlace::from),
            planned_by: row.planned_by,
            read_at,
        })
    }
}

/// A visit that a placement needs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DueVisit {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the trajectory.
    pub trajectory: String,
    /// Where.
    pub place: VisitPlace,
    /// The day on which it is due.
    pub due: String,
    /// The day of the last visit that counted.
    pub last_visit: Option<String>,
    /// The day for which one is planned.
    pub planned_on: Option<String>,
    /// Days past the due day, once a week of grace is over.
    pub days_overdue: u32,
}

impl From<DueRow> for DueVisit {
    fn from(row: DueRow) -> Self {
        Self {
            dossier: row.who.into(),
            trajectory: row.trajectory.to_string(),
            place: row.place.into(),
            due: row.due.to_string(),
            last_visit: text(row.last_visit),
            planned_on: text(row.planned_on),
            days_overdue: u32::try_from(row.days_overdue).unwrap_or(0),
        }
    }
}

/// An action point that is not done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OpenAgreement {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the action point.
    pub agreement: String,
    /// Id of the visit at which it was agreed.
    pub visit: String,
    /// What was agreed.
    pub text: String,
    /// Who will do it.
    pub owner: Option<PartySpoken>,
    /// By which day.
    pub due: Option<String>,
    /// Whether that day has passed.
    pub late: bool,
}

impl From<AgreementRow> for OpenAgreement {
    fn from(row: AgreementRow) -> Self {
        Self {
            dossier: row.who.into(),
            agreement: row.agreement.to_string(),
            visit: row.visit.to_string(),
            text: row.text,
            owner: row.owner,
            due: text(row.due),
            late: row.late,
        }
    }
}
