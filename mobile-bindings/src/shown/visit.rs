//! A visit as it reads now, with what was agreed at it.

use std::collections::{HashMap, HashSet};

use veldboek_core::dossier::Dossier;
use veldboek_core::ids::{AgreementId, VisitId};
use veldboek_core::record::Container;
use veldboek_core::visit::{Agreement, Visit};

use super::{SavedState, text};
use crate::codes::{Competence, ContactMode, PartySpoken, Score, VisitStatus, VisitType};

/// A visit as it reads now, corrections included.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitDetail {
    /// Id.
    pub id: String,
    /// Code of the coach.
    pub coach: Option<String>,
    /// The day of the visit, or for which it is planned.
    pub day: Option<String>,
    /// When it began.
    pub started_at: Option<String>,
    /// Minutes.
    pub duration_min: Option<u32>,
    /// Minutes of travel.
    pub travel_min: Option<u32>,
    /// Id of the trajectory.
    pub trajectory: Option<String>,
    /// Id of the placement.
    pub placement: Option<String>,
    /// What kind of visit.
    pub visit_type: Option<VisitType>,
    /// How.
    pub mode: Option<ContactMode>,
    /// What became of it.
    pub status: Option<VisitStatus>,
    /// Who was spoken to.
    pub parties: Vec<PartySpoken>,
    /// What happened.
    pub summary: Option<String>,
    /// Scores by competence.
    pub scores: HashMap<Competence, Score>,
    /// The day of the next visit.
    pub next_visit_on: Option<String>,
    /// What was agreed.
    pub agreements: Vec<AgreementDetail>,
    /// Whether a correction was recorded.
    pub corrected: bool,
    /// Where it is safe.
    pub saved: SavedState,
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
}

impl VisitDetail {
    /// A visit as it reads now. `unsaved` holds the entries of the dossier that are only here.
    pub(crate) fn new(
        id: VisitId,
        visit: Visit,
        dossier: &Dossier,
        unsaved: &HashSet<(Container, String)>,
        read_at: &[u8],
    ) -> Self {
        let only_here = |container: Container, entry: String| unsaved.contains(&(container, entry));
        let agreements = || dossier.agreements.iter().filter(|(_, one)| one.visit == Some(id));
        let corrections = dossier.corrections_of(id);
        let here = only_here(Container::Visits, id.to_string())
            || agreements().any(|(agreement, _)| only_here(Container::Agreements, agreement.to_string()))
            || corrections.iter().any(|(entry, _)| only_here(Container::Corrections, entry.to_string()));
        Self {
            id: id.to_string(),
            day: text(visit.day()),
            coach: visit.coach,
            started_at: text(visit.started_at),
            duration_min: minutes(visit.duration_min),
            travel_min: minutes(visit.travel_min),
            trajectory: text(visit.trajectory),
            placement: text(visit.placement),
            visit_type: visit.visit_type,
            mode: visit.mode,
            status: visit.status,
            parties: visit.parties.into_iter().collect(),
            summary: visit.summary,
            scores: visit.scores.into_iter().collect(),
            next_visit_on: text(visit.next_visit_on),
            agreements: agreements().map(|(id, one)| AgreementDetail::new(id, one)).collect(),
            corrected: !corrections.is_empty(),
            saved: SavedState::of(here),
            read_at: read_at.to_vec(),
        }
    }
}

/// An action point of a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AgreementDetail {
    /// Id.
    pub id: String,
    /// What was agreed.
    pub text: Option<String>,
    /// Who will do it.
    pub owner: Option<PartySpoken>,
    /// By which day.
    pub due: Option<String>,
    /// When it was done.
    pub done_on: Option<String>,
}

impl AgreementDetail {
    fn new(id: &AgreementId, one: &Agreement) -> Self {
        Self { id: id.to_string(), text: one.text.clone(), owner: one.owner, due: text(one.due), done_on: text(one.done_on) }
    }
}

fn minutes(value: Option<i64>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}
