//! How complete a report is. A figure without this sentence claims more than anyone knows.

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;
use crate::record::Lang;

/// What a report could see, and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Completeness {
    /// Dossiers that were counted; filled in by the report.
    pub dossiers: u64,
    /// Live devices of the region, as far as known here.
    pub devices_total: u64,
    /// Those of them whose work is in, up to the last exchange.
    pub devices_current: u64,
    /// The last contact of the devices that are not current.
    pub last_contact: Vec<LastContact>,
    /// Records on this device that no server has acknowledged.
    pub unsynced_here: u64,
    /// Conflicts that wait for a person.
    pub conflicts_open: u64,
    /// Changes that wait in quarantine.
    pub quarantined: u64,
    /// Imported rows that lack something.
    pub rows_to_complete: u64,
}

/// When one person's device was last heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastContact {
    /// Code of the person.
    pub coach: String,
    /// When; absent: never since it was enrolled.
    #[serde(serialize_with = "instant")]
    pub at: Option<Timestamp>,
}

/// An instant as ISO 8601 text, which is what readers of JSON are promised.
pub(super) fn instant<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

impl Completeness {
    /// The sentences under a report.
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let nl = lang == Lang::Nl;
        let mut said = Vec::new();
        let (all, current, dossiers) = (self.devices_total, self.devices_current, self.dossiers);
        let mut first = match (nl, all) {
            (true, 0) => format!("{dossiers} dossiers geteld, op dit apparaat alleen"),
            (false, 0) => format!("{dossiers} dossiers counted, on this device alone"),
            (true, _) => format!("{dossiers} dossiers geteld; {current} van {all} apparaten zijn bij"),
            (false, _) => format!("{dossiers} dossiers counted; {current} of {all} devices are current"),
        };
        if !self.last_contact.is_empty() {
            let never = if nl { "nooit" } else { "never" };
            let people: Vec<String> = self
                .last_contact
                .iter()
                .map(|contact| match contact.at {
                    Some(at) => format!("{} {at}", contact.coach),
                    None => format!("{} {never}", contact.coach),
                })
                .collect();
            let of = if nl { "laatste contact van de andere" } else { "last contact of the others" };
            first.push_str(&format!("; {of}: {}", people.join(", ")));
        }
        said.push(first + ".");
        for (count, dutch, english) in [
            (self.unsynced_here, "wijzigingen staan alleen nog op dit apparaat", "changes are on this device only"),
            (
                self.conflicts_open,
                "verschillen wachten op een keuze (veldboek conflicts)",
                "conflicts wait for a choice (veldboek conflicts)",
            ),
            (
                self.quarantined,
                "wijzigingen wachten op beoordeling (veldboek quarantine)",
                "changes wait for review (veldboek quarantine)",
            ),
            (self.rows_to_complete, "geïmporteerde rijen zijn nog niet volledig", "imported rows are still incomplete"),
        ] {
            if count > 0 {
                said.push(format!("{count} {}.", if nl { dutch } else { english }));
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_who_was_not_heard() {
        let completeness = Completeness {
            dossiers: 40,
            devices_total: 14,
            devices_current: 12,
            last_contact: vec![
                LastContact { coach: "anna".into(), at: Some(Timestamp::from_millis(1_680_307_200_000)) },
                LastContact { coach: "piet".into(), at: None },
            ],
            conflicts_open: 2,
            ..Completeness::default()
        };
        let said = completeness.sentences(Lang::En);
        assert_eq!(
            said[0],
            "40 dossiers counted; 12 of 14 devices are current; last contact of the others: anna 2023-04-01T00:00:00Z, piet never."
        );
        assert_eq!(said[1], "2 conflicts wait for a choice (veldboek conflicts).");
        assert_eq!(said.len(), 2);
    }
}
