//! A place at an employer or school: internship, trial, job, education or day activity.

use crate::clock::{Day, Moment};
use crate::codes::*;
use crate::ids::*;
use crate::record;
use crate::record::Value;
use crate::rules::{Checked, Declaration, FieldName, RuleBroken, Warning, checks};

record! {
    /// One placement within a trajectory.
    Placement in Placements {
        /// Of which trajectory.
        Once trajectory: Option<TrajectoryId> = "t", "traject";
        /// Code of the employer in the register, or its name as text when the register lacks it.
        Register employer: Option<String> = "em", "werkgever";
        /// What kind of place.
        Register placement_type: Option<PlacementType> = "ty", "soort plaatsing";
        /// Sector of the work.
        Register sector: Option<Sector> = "se", "sector";
        /// Name of the job.
        Register function_title: Option<String> = "ft", "functie";
        /// First day.
        Register start: Option<Day> = "st", "begin";
        /// Last day as agreed beforehand.
        Register planned_end: Option<Day> = "pe", "gepland einde";
        /// Last day as it turned out.
        Register end: Option<Day> = "en", "einde";
        /// Why it ended.
        Register end_reason: Option<PlacementEndReason> = "er", "reden einde";
        /// Hours per week in hundredths of an hour; above 0, a warning above 4000.
        Register hours_per_week: Option<Hours> = "hw", "uren per week";
        /// Kind of contract.
        Register contract: Option<Contract> = "co", "contract";
        /// First name of the colleague who guides the trainee.
        Register supervisor_first_name: Option<String> = "sn", "werkbegeleider";
        /// Where the placement is, e.g. an address.
        Register location: Option<String> = "lo", "locatie";
        /// The placement that this one became.
        Register next_placement: Option<PlacementId> = "np", "volgende plaatsing";
    }
}

impl Placement {
    /// Whether it runs on a day.
    pub fn open_on(&self, day: Day) -> bool {
        self.start.is_none_or(|start| start <= day) && self.end.is_none_or(|end| day <= end)
    }

    /// Whether it is paid work.
    pub fn is_paid(&self) -> bool {
        self.placement_type.is_some_and(PlacementType::paid)
    }

    /// The phase that begins with it.
    pub fn phase(&self) -> TrajectoryPhase {
        match self.placement_type {
            Some(kind) if kind.for_experience() => TrajectoryPhase::Internship,
            _ => TrajectoryPhase::Placed,
        }
    }
}

impl Checked for Placement {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        let dates_changed = (self.start, self.planned_end, self.end) != (before.start, before.planned_end, before.end);
        if dates_changed {
            checks::order::<Self>(("start", self.start), ("end", self.end))?;
            checks::order::<Self>(("start", self.start), ("planned_end", self.planned_end))?;
        }
        if (self.end, self.end_reason) != (before.end, before.end_reason) && self.end_reason.is_some() && self.end.is_none() {
            return Err(RuleBroken::Missing { field: FieldName::of::<Self>("end") });
        }
        if self.hours_per_week != before.hours_per_week {
            match self.hours_per_week {
                Some(hours) if hours.0 <= 0 => {
                    return Err(RuleBroken::OutOfRange { field: FieldName::of::<Self>("hours_per_week"), least: 1, most: None });
                }
                Some(hours) if hours.0 > 4_000 => warnings.push(Warning::ManyHours { hours }),
                _ => {}
            }
        }
        if (dates_changed || self.placement_type != before.placement_type)
            && let (Some(start), Some(end)) = (self.start, self.end.or(self.planned_end))
        {
            match self.placement_type {
                Some(PlacementType::StepUpJob) if end > start.plus_months(6) => warnings.push(Warning::LongStepUpJob),
                Some(PlacementType::Trial) if end > start.plus_months(2) => warnings.push(Warning::LongTrial),
                _ => {}
            }
        }
        Ok(warnings)
    }
}

/// A number of hours, kept in whole hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Hours(pub i64);

impl Value for Hours {
    fn to_scalar(&self) -> record::Scalar {
        record::Scalar::Int(self.0)
    }

    fn from_scalar(scalar: &record::Scalar) -> Option<Self> {
        i64::from_scalar(scalar).map(Self)
    }

    /// With a decimal comma or point and at most two decimals.
    fn parse(text: &str) -> Result<Self, record::Unreadable> {
        let wrong = || {
            let text = text.trim();
            record::Unreadable::new(
                format!("'{text}' is geen aantal uren zoals 32 of 7,5"),
                format!("'{text}' is not a number of hours like 32 or 7.5"),
            )
        };
        let text = text.trim().replace(',', ".");
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        if whole.is_empty()
            || whole.len() > 6
            || decimals.len() > 2
            || !whole.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit())
        {
            return Err(wrong());
        }
        format!("{whole}{decimals:0<2}").parse().map(Self).map_err(|_| wrong())
    }

    fn show(&self, lang: record::Lang) -> String {
        let mark = if lang == record::Lang::Nl { ',' } else { '.' };
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => whole.to_string(),
            (whole, part) if part % 10 == 0 => format!("{whole}{mark}{}", part / 10),
            (whole, part) => format!("{whole}{mark}{part:02}"),
        }
    }
}
