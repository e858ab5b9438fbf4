//! The containers of a document: where its records stand.

use serde::{Deserialize, Serialize};

/// The root containers of both kinds of document. Their keys are fixed for ever by the founding change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Container {
    /// Dossier: the trainee, one record directly in the container.
    Trainee,
    /// Dossier: trajectories.
    Trajectories,
    /// Dossier: dated phase events.
    Events,
    /// Dossier: school enrolments.
    Enrolments,
    /// Dossier: placements.
    Placements,
    /// Dossier: trainings.
    Trainings,
    /// Dossier: visits.
    Visits,
    /// Dossier: action points agreed at visits.
    Agreements,
    /// Dossier: corrections of finalised visits.
    Corrections,
    /// Dossier: who coaches, from when to when.
    Assignments,
    /// Both: values that an import brought where a person had written another.
    Proposals,
    /// Both: what the last import of each row said, so that the next one changes only what changed.
    Imports,
    /// Register: programmes.
    Programmes,
    /// Register: targets.
    Targets,
    /// Register: observations.
    Observations,
    /// Register: funding sources.
    Funding,
    /// Register: schools.
    Schools,
    /// Register: employers.
    Employers,
    /// Register: coaches.
    Coaches,
}

impl Container {
    /// The containers of a dossier, in the order of the founding change.
    pub const DOSSIER: &'static [Container] = &[
        Container::Trainee,
        Container::Trajectories,
        Container::Events,
        Container::Enrolments,
        Container::Placements,
        Container::Trainings,
        Container::Visits,
        Container::Agreements,
        Container::Corrections,
        Container::Assignments,
        Container::Proposals,
        Container::Imports,
    ];

    /// The containers of a register, in the order of the founding change.
    pub const REGISTER: &'static [Container] = &[
        Container::Programmes,
        Container::Targets,
        Container::Observations,
        Container::Funding,
        Container::Schools,
        Container::Employers,
        Container::Coaches,
        Container::Proposals,
        Container::Imports,
    ];

    /// The key in the root of the document.
    pub const fn key(self) -> &'static str {
        match self {
            Container::Trainee => "trainee",
            Container::Trajectories => "trajectories",
            Container::Events => "events",
            Container::Enrolments => "enrolments",
            Container::Placements => "placements",
            Container::Trainings => "trainings",
            Container::Visits => "visits",
            Container::Agreements => "agreements",
            Container::Corrections => "corrections",
            Container::Assignments => "assignments",
            Container::Proposals => "proposals",
            Container::Imports => "imports",
            Container::Programmes => "programmes",
            Container::Targets => "targets",
            Container::Observations => "observations",
            Container::Funding => "funding",
            Container::Schools => "schools",
            Container::Employers => "employers",
            Container::Coaches => "coaches",
        }
    }
}
