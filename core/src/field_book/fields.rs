//! Cells and their fields, for a person to read.

use super::*;
use crate::record::{FieldInfo, Lang, Record as _};

/// The fields of the records in a container.
pub fn fields_of(container: Container) -> &'static [FieldInfo] {
    use crate::{funding::*, organisation::*, outflow::*, placement::*, programme::*, trainee::*, trajectory::*, visit::*};
    match container {
        Container::Trainee => Trainee::fields(),
        Container::Trajectories => Trajectory::fields(),
        Container::Events => Event::fields(),
        Container::Enrolments => Enrolment::fields(),
        Container::Placements => Placement::fields(),
        Container::Trainings => Training::fields(),
        Container::Visits => Visit::fields(),
        Container::Agreements => Agreement::fields(),
        Container::Corrections => Correction::fields(),
        Container::Assignments => Assignment::fields(),
        Container::Programmes => Programme::fields(),
        Container::Targets => Target::fields(),
        Container::Observations => Observation::fields(),
        Container::Funding => FundingSource::fields(),
        Container::Schools => School::fields(),
        Container::Employers => Employer::fields(),
        Container::Coaches => Coach::fields(),
        Container::Proposals | Container::Imports => &[],
    }
}

/// The field of a full key (`k:ON_TIME` is a cell of the field `k`), with the member.
pub fn field_of(container: Container, key: &str) -> Option<(&'static FieldInfo, Option<&str>)> {
    let (field, member) = key.split_once(':').map_or((key, None), |(field, member)| (field, Some(member)));
    fields_of(container).iter().find(|info| info.key == field).map(|info| (info, member))
}

/// A cell's field and value for a person to read.
pub fn show_cell(container: Container, key: &str, value: &Scalar, lang: Lang) -> (String, String) {
    match field_of(container, key) {
        Some((info, member)) => {
            let label = info.label(lang);
            let label = member.map_or(label.clone(), |member| format!("{label} {member}"));
            (label, (info.show)(value, lang))
        }
        None => (key.to_owned(), format!("{value:?}")),
    }
}
