//! What an app hands in, and how it becomes the core's drafts. Whether a draft is any good is for the core to say.

use std::collections::HashMap;

use veldboek_core::clock::{Day, LocalTime};
use veldboek_core::ids::VisitId;
use veldboek_core::placement::{Hours, Placement};
use veldboek_core::record::{Record as _, Unreadable, Value};
use veldboek_core::rules::Declaration;
use veldboek_core::trainee::Trainee;
use veldboek_core::trajectory::{Assignment, Trajectory};
use veldboek_core::visit::{Agreement, Visit};

use crate::codes::*;
use crate::trouble::{Tried, Trouble};

/// A visit to record. What is left out is filled in: the coach is this one, the trajectory and the placement are the only
/// open ones, it was done, and on site.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewVisit {
    /// The dossier.
    pub dossier: String,
    /// When it began, on the wall clock: `2025-03-31T14:05`.
    pub started_at: String,
    /// 1 to 480 minutes.
    pub duration_min: u32,
    /// Who was spoken to; at least one when it was done.
    pub parties: Vec<PartySpoken>,
    /// What happened, at most 4,000 characters.
    pub summary: String,
    /// The planned visit that this one was.
    #[uniffi(default = None)]
    pub planned: Option<Planned>,
    /// Of which trajectory.
    #[uniffi(default = None)]
    pub trajectory: Option<String>,
    /// At which placement.
    #[uniffi(default = None)]
    pub placement: Option<String>,
    /// 0 to 240 minutes.
    #[uniffi(default = None)]
    pub travel_min: Option<u32>,
    /// What kind of visit.
    #[uniffi(default = None)]
    pub visit_type: Option<VisitType>,
    /// How.
    #[uniffi(default = None)]
    pub mode: Option<ContactMode>,
    /// What became of it.
    #[uniffi(default = None)]
    pub status: Option<VisitStatus>,
    /// Who cancelled it, when somebody did.
    #[uniffi(default = None)]
    pub cancelled_by: Option<PartySpoken>,
    /// Scores by competence.
    #[uniffi(default)]
    pub scores: HashMap<Competence, Score>,
    /// What was agreed.
    #[uniffi(default)]
    pub agreements: Vec<NewAgreement>,
    /// The day of the next visit.
    #[uniffi(default = None)]
    pub next_visit_on: Option<String>,
    /// The author declares that nine digits in the text are no BSN.
    #[uniffi(default = false)]
    pub not_a_bsn: bool,
}

/// A planned visit, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Planned {
    /// Its id.
    pub visit: String,
    /// The `read_at` that it was shown with.
    pub read_at: Vec<u8>,
}

/// An action point.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewAgreement {
    /// What was agreed.
    pub text: String,
    /// Who will do it.
    #[uniffi(default = None)]
    pub owner: Option<PartySpoken>,
    /// By which day.
    #[uniffi(default = None)]
    pub due: Option<String>,
}

/// A visit to plan.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlannedFor {
    /// The dossier.
    pub dossier: String,
    /// The day.
    pub day: String,
    /// Of which trajectory; left out: the only open one.
    #[uniffi(default = None)]
    pub trajectory: Option<String>,
    /// At which placement; left out: the only open one.
    #[uniffi(default = None)]
    pub placement: Option<String>,
    /// What kind of visit.
    #[uniffi(default = None)]
    pub visit_type: Option<VisitType>,
}

/// A dossier to begin, with its first trajectory when a programme is named.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewDossier {
    /// What people will call it: 3 to 20 characters, unique in the organisation.
    pub reference: String,
    /// First name only.
    #[uniffi(default = None)]
    pub given_name: Option<String>,
    /// At most 3 characters.
    #[uniffi(default = None)]
    pub family_initial: Option<String>,
    /// Day of birth.
    #[uniffi(default = None)]
    pub birth_date: Option<String>,
    /// CBS code: `GM0392`.
    #[uniffi(default = None)]
    pub municipality: Option<String>,
    /// Telephone number of the trainee.
    #[uniffi(default = None)]
    pub contact_phone: Option<String>,
    /// Code or name of the programme of a first trajectory.
    #[uniffi(default = None)]
    pub programme: Option<String>,
    /// Where that trajectory leads.
    #[uniffi(default = None)]
    pub goal_direction: Option<GoalDirection>,
    /// Who referred.
    #[uniffi(default = None)]
    pub referrer_role: Option<ReferrerRole>,
    /// Day of the referral; left out: today.
    #[uniffi(default = None)]
    pub referral_date: Option<String>,
    /// Day of the intake.
    #[uniffi(default = None)]
    pub intake_date: Option<String>,
    /// Day on which the agreement was signed: the start.
    #[uniffi(default = None)]
    pub agreement_date: Option<String>,
    /// The author declares that nine digits in a text are no BSN.
    #[uniffi(default = false)]
    pub not_a_bsn: bool,
}

/// A coach for a dossier: who coaches, and access to it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewAssignment {
    /// The dossier.
    pub dossier: String,
    /// Code of the coach.
    pub coach: String,
    /// The `read_at` of the dossier as it was shown.
    pub read_at: Vec<u8>,
    /// First or second coach; left out: first.
    #[uniffi(default = None)]
    pub role: Option<AssignmentRole>,
    /// First day; left out: today.
    #[uniffi(default = None)]
    pub first_day: Option<String>,
    /// Last day, of the access too.
    #[uniffi(default = None)]
    pub last_day: Option<String>,
}

/// A placement to add to the only open trajectory, or to the one that is named.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewPlacement {
    /// The dossier.
    pub dossier: String,
    /// What kind of placement.
    pub placement_type: PlacementType,
    /// First day.
    pub start: String,
    /// Of which trajectory.
    #[uniffi(default = None)]
    pub trajectory: Option<String>,
    /// Code or name of the employer.
    #[uniffi(default = None)]
    pub employer: Option<String>,
    /// Name of the job.
    #[uniffi(default = None)]
    pub function_title: Option<String>,
    /// Last day as agreed.
    #[uniffi(default = None)]
    pub planned_end: Option<String>,
    /// Hours per week: `32` or `24,5`.
    #[uniffi(default = None)]
    pub hours_per_week: Option<String>,
    /// First name of the colleague who guides the trainee.
    #[uniffi(default = None)]
    pub supervisor: Option<String>,
    /// Where it is.
    #[uniffi(default = None)]
    pub location: Option<String>,
    /// The author declares that nine digits in a text are no BSN.
    #[uniffi(default = false)]
    pub not_a_bsn: bool,
}

/// What the author declares.
pub(crate) fn declared(not_a_bsn: bool) -> Declaration {
    if not_a_bsn { Declaration::NotABsn } else { Declaration::Nothing }
}

/// Text that must be there and be of this kind.
pub(crate) fn read<T: Value>(field: &str, text: &str) -> Tried<T> {
    T::parse(text.trim()).map_err(|why| Trouble::Unreadable(field.to_owned(), why))
}

/// Text that may be left out, or be empty.
pub(crate) fn read_some<T: Value>(field: &str, text: Option<&String>) -> Tried<Option<T>> {
    text.filter(|text| !text.trim().is_empty()).map(|text| read(field, text)).transpose()
}

fn day(field: &str, text: Option<&String>) -> Tried<Option<Day>> {
    read_some(field, text)
}

/// Words as they were written; only spaces are none.
fn words(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl NewVisit {
    /// The core's drafts: of the visit, and of what was agreed.
    pub(crate) fn draft(self) -> Tried<(Visit, Vec<Agreement>)> {
        let visit = Visit {
            trajectory: read_some("trajectory", self.trajectory.as_ref())?,
            placement: read_some("placement", self.placement.as_ref())?,
            started_at: Some(read::<LocalTime>("started_at", &self.started_at)?),
            duration_min: (self.duration_min > 0).then_some(i64::from(self.duration_min)),
            travel_min: self.travel_min.map(i64::from),
            visit_type: self.visit_type,
            mode: self.mode,
            status: self.status,
            parties: self.parties.into_iter().collect(),
            summary: words(Some(self.summary)),
            scores: self.scores.into_iter().collect(),
            next_visit_on: day("next_visit_on", self.next_visit_on.as_ref())?,
            cancelled_by: self.cancelled_by,
            ..Visit::default()
        };
        let agreements = self.agreements.into_iter().map(NewAgreement::draft).collect::<Tried<_>>()?;
        Ok((visit, agreements))
    }
}

impl Planned {
    /// Its id, and what was seen with it.
    pub(crate) fn read(&self) -> Tried<(VisitId, Vec<u8>)> {
        Ok((read("planned", &self.visit)?, self.read_at.clone()))
    }
}

impl NewAgreement {
    fn draft(self) -> Tried<Agreement> {
        let due = day("due", self.due.as_ref())?;
        Ok(Agreement { text: words(Some(self.text)), owner: self.owner, due, ..Agreement::default() })
    }
}

impl PlannedFor {
    /// The core's draft.
    pub(crate) fn draft(&self) -> Tried<Visit> {
        Ok(Visit {
            planned_on: Some(read("day", &self.day)?),
            trajectory: read_some("trajectory", self.trajectory.as_ref())?,
            placement: read_some("placement", self.placement.as_ref())?,
            visit_type: self.visit_type,
            ..Visit::default()
        })
    }
}

impl NewDossier {
    /// The core's drafts: of the trainee, and of a first trajectory.
    pub(crate) fn draft(self, organisation: Option<String>) -> Tried<(Trainee, Option<Trajectory>)> {
        let trainee = Trainee {
            organisation,
            reference: words(Some(self.reference.trim().to_owned())),
            given_name: words(self.given_name),
            family_initial: words(self.family_initial),
            birth_date: day("birth_date", self.birth_date.as_ref())?,
            municipality: words(self.municipality),
            contact_phone: words(self.contact_phone),
            ..Trainee::default()
        };
        let trajectory = Trajectory {
            programme: words(self.programme),
            goal_direction: self.goal_direction,
            referrer_role: self.referrer_role,
            referral_date: day("referral_date", self.referral_date.as_ref())?,
            intake_date: day("intake_date", self.intake_date.as_ref())?,
            agreement_date: day("agreement_date", self.agreement_date.as_ref())?,
            ..Trajectory::default()
        };
        let named = trajectory != Trajectory::default();
        Ok((trainee, named.then_some(trajectory)))
    }
}

impl NewAssignment {
    /// The core's draft.
    pub(crate) fn draft(&self, today: Day) -> Tried<Assignment> {
        Ok(Assignment {
            coach: words(Some(self.coach.trim().to_owned())),
            role: self.role,
            from: Some(day("first_day", self.first_day.as_ref())?.unwrap_or(today)),
            to: day("last_day", self.last_day.as_ref())?,
            ..Assignment::default()
        })
    }
}

impl NewPlacement {
    /// The core's draft.
    pub(crate) fn draft(self) -> Tried<Placement> {
        let hours = words(self.hours_per_week).map(|text| Hours::parse(&text)).transpose();
        Ok(Placement {
            trajectory: read_some("trajectory", self.trajectory.as_ref())?,
            employer: words(self.employer),
            placement_type: Some(self.placement_type),
            function_title: words(self.function_title),
            start: Some(read("start", &self.start)?),
            planned_end: day("planned_end", self.planned_end.as_ref())?,
            hours_per_week: hours.map_err(|why| Trouble::Unreadable("hours_per_week".to_owned(), why))?,
            supervisor_first_name: words(self.supervisor),
            location: words(self.location),
            ..Placement::default()
        })
    }
}

/// A trainee with these fields changed: each by its name, with the new value as a person would write it.
pub(crate) fn edited(before: &Trainee, changes: &HashMap<String, String>) -> Tried<Trainee> {
    let mut cells = before.cells();
    for (name, text) in changes {
        let field = Trainee::fields().iter().find(|field| field.name == name);
        let unknown =
            || Unreadable::new(format!("een persoon heeft geen veld '{name}'"), format!("a trainee has no field '{name}'"));
        let new = field.ok_or_else(unknown).and_then(|field| Ok((field, (field.parse)(text)?)));
        let (field, new) = new.map_err(|why| Trouble::Unreadable(name.clone(), why))?;
        cells.retain(|key, _| key.split(':').next() != Some(field.key));
        cells.extend(new.into_iter().map(|(suffix, value)| (format!("{}{suffix}", field.key), value)));
    }
    Ok(Trainee::read(&cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldBookError;

    fn visit() -> NewVisit {
        NewVisit {
            dossier: "WF-2025-0001".into(),
            started_at: "2025-03-31T14:05".into(),
            duration_min: 45,
            parties: vec![PartySpoken::Trainee, PartySpoken::Trainee],
            summary: "In de kas gewerkt.".into(),
            planned: None,
            trajectory: None,
            placement: None,
            travel_min: None,
            visit_type: None,
            mode: None,
            status: None,
            cancelled_by: None,
            scores: HashMap::from([(Competence::OnTime, Score::Three)]),
            agreements: vec![NewAgreement { text: "Bellen".into(), owner: None, due: Some("7-4-2025".into()) }],
            next_visit_on: Some(String::new()),
            not_a_bsn: false,
        }
    }

    #[test]
    fn a_form_becomes_drafts_and_empty_boxes_are_left_out() {
        let (draft, agreements) = visit().draft().unwrap();
        assert_eq!(draft.started_at.unwrap().to_string(), "2025-03-31T14:05");
        assert_eq!(draft.duration_min, Some(45));
        assert_eq!(draft.parties.len(), 1);
        assert_eq!(draft.scores.get(&Competence::OnTime), Some(&Score::Three));
        assert_eq!(draft.next_visit_on, None);
        assert_eq!(agreements[0].due.unwrap().to_string(), "2025-04-07");
        let (draft, _) = NewVisit { duration_min: 0, summary: "  ".into(), ..visit() }.draft().unwrap();
        assert_eq!((draft.duration_min, draft.summary), (None, None));
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let wrong = |visit: NewVisit| match visit.draft() {
            Err(Trouble::Unreadable(field, why)) => {
                assert_ne!(why.message(Lang::Nl), why.message(Lang::En));
                field
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(NewVisit { started_at: "gisteren".into(), ..visit() }), "started_at");
        assert_eq!(wrong(NewVisit { next_visit_on: Some("31-2-2025".into()), ..visit() }), "next_visit_on");
        assert_eq!(wrong(NewVisit { placement: Some("kas".into()), ..visit() }), "placement");
    }

    #[test]
    fn a_trainee_is_edited_by_field_name_and_the_rest_stands() {
        let before = Trainee { given_name: Some("Sanne".into()), municipality: Some("GM0392".into()), ..Trainee::default() };
        let change = |name: &str, value: &str| edited(&before, &HashMap::from([(name.to_owned(), value.to_owned())]));
        let after = change("municipality", "GM0453").unwrap();
        assert_eq!((after.given_name.as_deref(), after.municipality.as_deref()), (Some("Sanne"), Some("GM0453")));
        assert_eq!(change("municipality", "").unwrap().municipality, None);
        assert_eq!(change("target_groups", "PRO|VSV").unwrap().target_groups.len(), 2);
        let told = |name: &str, value: &str| change(name, value).unwrap_err().told(Lang::Nl);
        let bad = |field: &str, reason: &str| FieldBookError::BadInput { fields: vec![field.into()], reason: reason.into() };
        assert_eq!(told("bsn", "1"), bad("bsn", "een persoon heeft geen veld 'bsn'"));
        let day = "'ooit' is geen bestaande datum; schrijf hem als 2025-03-31 of 31-3-2025";
        assert_eq!(told("birth_date", "ooit"), bad("birth_date", day));
    }
}
