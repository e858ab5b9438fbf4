//! Reports.

use clap::{Args, Subcommand, ValueEnum};
use veldboek_core::clock::{Day, SchoolYear};
use veldboek_core::codes::SchoolType;

use super::work::value;

/// `report`
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Waar schoolverlaters heen gingen, in één schooljaar | Where school leavers went, in one school year
    Outflow(OutflowReport),
    /// Gestart, scholing afgerond en geplaatst per programma, naast de doelen | Started, trained and placed per programme, beside the targets
    Monitor(MonitorReport),
    /// Van aanmelding tot plaatsing, voor een cohort | From referral to placement, for a cohort
    Funnel(FunnelReport),
    /// Een budget verdeeld naar leerlingaantal | A budget shared by headcount
    Budget(BudgetReport),
    /// Hoe zwaar elke coach is belast | How heavy each coach's caseload is
    Caseload(CaseloadReport),
}

/// As true on, and as known on.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct AsOf {
    /// Zoals het was op deze dag; zonder deze: de dag van --known-on, anders vandaag | As true on this day; without it: the day of --known-on, else today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) as_of: Option<Day>,
    /// Zoals bekend op deze dag: wat later is vastgelegd, telt niet mee; zonder deze: alles wat hier nu is | As known on this day: what was recorded later does not count; without it: all that is here now
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) known_on: Option<Day>,
}

impl ReportCommand {
    /// As true on, and as known on.
    pub(crate) fn as_of(&self) -> AsOf {
        match self {
            Self::Outflow(one) => one.as_of,
            Self::Monitor(one) => one.as_of,
            Self::Funnel(one) => one.as_of,
            Self::Budget(one) => one.as_of,
            Self::Caseload(one) => one.as_of,
        }
    }
}

/// `report outflow`
#[derive(Debug, Args)]
pub(crate) struct OutflowReport {
    /// Soort school: PRO of VSO | Kind of school: PRO or VSO
    #[arg(long, value_parser = value::<SchoolType>)]
    pub(crate) school_type: SchoolType,
    /// Schooljaar, zoals 2016-2017 | School year, such as 2016-2017
    #[arg(long, value_parser = school_year)]
    pub(crate) school_year: SchoolYear,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}

fn school_year(text: &str) -> Result<SchoolYear, String> {
    text.parse().map_err(|_| "2016-2017".to_owned())
}

/// `report monitor`
#[derive(Debug, Args)]
pub(crate) struct MonitorReport {
    /// Eerste dag | First day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) from: Day,
    /// Laatste dag | Last day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) to: Day,
    /// Alleen dit programma met zijn onderdelen | Only this programme with its parts
    #[arg(long, value_name = "CODE")]
    pub(crate) programme: Option<String>,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}

/// How a funnel is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FunnelBy {
    /// Target group.
    TargetGroup,
    /// Direction of the goal.
    GoalDirection,
    /// Sector of the placement.
    Sector,
}

/// `report funnel`
#[derive(Debug, Args)]
pub(crate) struct FunnelReport {
    /// Eerste aanmelddag van het cohort | First referral day of the cohort
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) cohort_from: Day,
    /// Laatste aanmelddag van het cohort | Last referral day of the cohort
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) cohort_to: Day,
    /// Uitgesplitst naar | Split by
    #[arg(long, value_enum)]
    pub(crate) by: Option<FunnelBy>,
    /// Alleen dit programma met zijn onderdelen | Only this programme with its parts
    #[arg(long, value_name = "CODE")]
    pub(crate) programme: Option<String>,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}

/// `report budget`
#[derive(Debug, Args)]
pub(crate) struct BudgetReport {
    /// Code van de financieringsbron | Code of the funding source
    #[arg(long, value_name = "CODE")]
    pub(crate) funding: String,
    /// De teldatum van de leerlingen | The day on which pupils were counted
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) reference_date: Day,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}

/// `report caseload`
#[derive(Debug, Args)]
pub(crate) struct CaseloadReport {
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}
