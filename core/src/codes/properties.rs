//! What codes mean for rules and figures, beside their names.

use super::*;

/// What a destination says about the outflow of a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// Counts as a success.
    Yes,
    /// Counts as none.
    No,
    /// Left out of the rate.
    Excluded,
}

/// Which of parallel placements counts: work before education before day activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuccessRank {
    /// Work.
    Work,
    /// Education.
    Education,
    /// Day activity, or experience that leads to no job yet.
    DayActivity,
}

impl OutflowDestination {
    /// Whether this destination is a success.
    pub const fn success(self) -> Success {
        match self {
            Self::Work
            | Self::ShelteredWork
            | Self::WorkLearnBbl
            | Self::LearnBol
            | Self::Vmbo
            | Self::DayActivity
            | Self::TrainingPath => Success::Yes,
            Self::None | Self::Unknown => Success::No,
            Self::OtherPro | Self::OtherVso | Self::MovedAbroad | Self::Other => Success::Excluded,
        }
    }

    /// Whether the published tables have a row for it, also when it counts nobody.
    pub const fn in_published_tables(self) -> bool {
        !matches!(self, Self::TrainingPath | Self::MovedAbroad | Self::Other)
    }
}

impl TrajectoryPhase {
    /// V02: whether only a trajectory with an agreement can be in it.
    pub const fn needs_agreement(self) -> bool {
        matches!(
            self,
            Self::Agreed
                | Self::Training
                | Self::Searching
                | Self::Internship
                | Self::Placed
                | Self::FinalPhase
                | Self::Aftercare
        )
    }
}

impl PlacementType {
    /// Whether the trainee earns a wage.
    pub const fn paid(self) -> bool {
        matches!(self, Self::PaidJob | Self::LearningJob | Self::Sheltered | Self::Secondment)
    }

    /// Whether it is meant to gain experience, on the way to a place.
    pub const fn for_experience(self) -> bool {
        matches!(self, Self::InternshipInternal | Self::InternshipExternal | Self::WorkExperience | Self::StepUpJob | Self::Trial)
    }

    /// Which of parallel placements counts.
    pub const fn rank(self) -> SuccessRank {
        match self {
            Self::Education => SuccessRank::Education,
            Self::DayActivity | Self::WorkExperience => SuccessRank::DayActivity,
            _ => SuccessRank::Work,
        }
    }
}

impl SuccessDefinition {
    /// Whether a placement of this type is what the programme calls a success. `sheltered_counts` is the programme's setting
    /// for sheltered work under `PAID_WORK`. `SECTOR_COUNCIL` counts destinations, never placements.
    pub const fn counts(self, placement: PlacementType, sheltered_counts: bool) -> bool {
        use PlacementType as Type;
        let paid = matches!(placement, Type::PaidJob | Type::LearningJob | Type::Secondment);
        let or_education = paid || matches!(placement, Type::Sheltered | Type::Education);
        match self {
            Self::PaidWork => paid || (sheltered_counts && matches!(placement, Type::Sheltered)),
            Self::WorkOrEducation => or_education,
            Self::WorkEducationDay => or_education || matches!(placement, Type::DayActivity | Type::WorkExperience),
            Self::SectorCouncil => false,
        }
    }
}

impl CoachingRegime {
    /// What a trajectory under this regime weighs in a caseload. One without a regime weighs as `MEDIUM`.
    pub const fn weight(self) -> i64 {
        match self {
            Self::None => 0,
            Self::VeryLight | Self::Light => 1,
            Self::Medium => 2,
            Self::Intensive => 3,
        }
    }
}

impl VisitType {
    /// Whether such a visit is about a placement.
    pub const fn at_workplace(self) -> bool {
        matches!(
            self,
            Self::InternshipVisit | Self::WorkplaceVisit | Self::ProgressReview | Self::Evaluation | Self::EmployerTalk
        )
    }
}

impl ContactMode {
    /// Whether such a contact can be the visit that was due. By telephone or video only where the programme says so.
    pub const fn satisfies_due_visit(self, phone_counts: bool) -> bool {
        match self {
            Self::OnSite => true,
            Self::Phone | Self::Video => phone_counts,
            Self::Message => false,
        }
    }
}

impl Score {
    /// The number behind the score; none when it was not observed.
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::One => Some(1),
            Self::Two => Some(2),
            Self::Three => Some(3),
            Self::Four => Some(4),
            Self::NotObserved => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Code;

    #[test]
    fn three_programmes_mean_three_things_by_success() {
        let counted = |definition: SuccessDefinition, sheltered| {
            PlacementType::ALL.iter().filter(|one| definition.counts(**one, sheltered)).map(|one| one.code()).collect::<Vec<_>>()
        };
        assert_eq!(counted(SuccessDefinition::PaidWork, false), ["PAID_JOB", "LEARNING_JOB", "SECONDMENT"]);
        assert_eq!(counted(SuccessDefinition::PaidWork, true), ["PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT"]);
        let or_education = ["PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT", "EDUCATION"];
        assert_eq!(counted(SuccessDefinition::WorkOrEducation, false), or_education);
        let or_day = ["WORK_EXPERIENCE", "PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT", "EDUCATION", "DAY_ACTIVITY"];
        assert_eq!(counted(SuccessDefinition::WorkEducationDay, false), or_day);
        assert!(counted(SuccessDefinition::SectorCouncil, true).is_empty());
        assert!(PlacementType::PaidJob.rank() < PlacementType::Education.rank());
        assert!(PlacementType::Education.rank() < PlacementType::DayActivity.rank());
    }

    #[test]
    fn the_published_tables_have_ten_rows() {
        assert_eq!(OutflowDestination::ALL.iter().filter(|one| one.in_published_tables()).count(), 10);
        assert_eq!(OutflowDestination::OtherPro.success(), Success::Excluded);
        assert_eq!(OutflowDestination::None.success(), Success::No);
    }

    fn check<C: Code>() {
        for code in C::ALL {
            for text in [code.code(), code.label(crate::record::Lang::Nl), code.label(crate::record::Lang::En)] {
                let read = C::from_text(text).map(Code::code);
                assert_eq!(read, Some(code.code()), "{} in {}", text, C::NAME);
            }
        }
    }

    #[test]
    fn every_label_leads_back_to_its_own_code() {
        macro_rules! all {
            ($($list:ident)*) => { $(check::<$list>();)* };
        }
        all!(TargetGroup OutflowDestination IncomeSituation OutflowProfile GoalDirection TrajectoryPhase ClosingReason PlacementType
            PlacementEndReason Instrument CoachingRegime VisitType ContactMode VisitStatus PartySpoken HourActivity Sector Pillar
            ProgrammeCategory SuccessDefinition CertificateType OrganisationRole FundingKind AftercareStatus Score Competence
            ProgrammeStatus TrainingResult Contract TargetMetric TargetUnit ActivityKind SchoolType ConsentKind ReferrerRole
            AssignmentRole);
    }
}
