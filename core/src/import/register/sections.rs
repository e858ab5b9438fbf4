//! What a register file may hold: its sections, their keys in English and Dutch, and the fields they fill.

use crate::funding::FundingSource;
use crate::organisation::{Coach, Employer, School};
use crate::programme::{Observation, Programme, Target};
use crate::record::{Container, FieldInfo, Record};

/// A kind of entry of the register file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[[programmes]]`
    Programmes,
    /// `[[targets]]`
    Targets,
    /// `[[observations]]`
    Observations,
    /// `[[funding]]`
    Funding,
    /// `[[schools]]`
    Schools,
    /// `[[employers]]`
    Employers,
    /// `[[coaches]]`
    Coaches,
}

/// One key of an entry in the file.
pub struct Key {
    /// As in the contract.
    pub name: &'static str,
    /// Other names for it, Dutch ones first.
    pub aliases: &'static [&'static str],
    /// Whether an entry without it is refused.
    pub required: bool,
    /// The field of the record; `None` for the entry's own key.
    pub(super) field: Option<&'static str>,
}

const fn key(name: &'static str, aliases: &'static [&'static str], field: &'static str) -> Key {
    Key { name, aliases, required: false, field: Some(field) }
}

const fn must(name: &'static str, aliases: &'static [&'static str], field: &'static str) -> Key {
    Key { name, aliases, required: true, field: Some(field) }
}

static PROGRAMMES: &[Key] = &[
    Key { name: "code", aliases: &[], required: true, field: None },
    must("name", &["naam"], "name"),
    key("part_of", &["onderdeel_van"], "part_of"),
    key("category", &["categorie"], "category"),
    key("pillar", &["pijler"], "pillar"),
    key("status", &[], "status"),
    key("status_reason", &["reden_status"], "status_reason"),
    key("from", &["vanaf"], "from"),
    key("to", &["tot", "tot_en_met"], "to"),
    key("success_definition", &["succesdefinitie"], "success_definition"),
    key("visit_interval_days", &["bezoekinterval_in_dagen"], "visit_interval_days"),
    key("activity_kind", &["soort_activiteit"], "activity_kind"),
    key("legal_basis", &["grondslag"], "legal_basis"),
];

static TARGETS: &[Key] = &[
    must("programme", &["programma"], "programme"),
    must("metric", &["wat_telt"], "metric"),
    must("unit", &["eenheid"], "unit"),
    must("value", &["doel"], "value"),
    must("due", &["uiterlijk"], "due"),
    must("method", &["meetmethode"], "method"),
    key("baseline", &["nulmeting"], "baseline"),
    key("valid_from", &["geldt_vanaf"], "valid_from"),
];

static OBSERVATIONS: &[Key] = &[
    must("programme", &["programma"], "programme"),
    must("metric", &["wat"], "metric"),
    key("unit", &["eenheid"], "unit"),
    must("value", &["waarde"], "value"),
    must("on", &["op"], "on"),
    must("source", &["bron"], "source"),
];

static FUNDING: &[Key] = &[
    Key { name: "code", aliases: &[], required: true, field: None },
    key("name", &["naam"], "name"),
    must("kind", &["soort"], "kind"),
    must("amount_cents", &["bedrag_in_centen"], "amount_cents"),
    key("from", &["vanaf"], "from"),
    key("to", &["tot", "tot_en_met"], "to"),
    key("decision_ref", &["beschikking"], "decision_ref"),
    key("funder", &["financier"], "funder"),
    key("programmes", &["programmas"], "programmes"),
    key("schools", &["scholen"], "schools"),
];

static SCHOOLS: &[Key] = &[
    Key { name: "code", aliases: &[], required: false, field: None },
    must("name", &["naam"], "name"),
    must("type", &["school_type", "schoolsoort"], "school_type"),
    key("cluster", &[], "cluster"),
    key("brin", &[], "brin"),
    key("headcounts", &["leerlingaantallen"], "headcounts"),
];

static EMPLOYERS: &[Key] = &[
    Key { name: "code", aliases: &[], required: false, field: None },
    must("name", &["naam"], "name"),
    key("kvk", &["kvk_nummer"], "kvk"),
    key("location", &["plaats"], "location"),
    key("sector", &[], "sector"),
    key("phone", &["telefoon"], "phone"),
];

static COACHES: &[Key] = &[
    Key { name: "code", aliases: &[], required: true, field: None },
    must("name", &["naam", "display_name"], "display_name"),
    key("organisation", &["organisatie"], "organisation"),
    key("active_from", &["actief_vanaf", "from"], "active_from"),
    key("active_to", &["actief_tot_en_met", "to"], "active_to"),
];

impl Section {
    /// All sections.
    pub const ALL: &'static [Section] = &[
        Section::Programmes,
        Section::Targets,
        Section::Observations,
        Section::Funding,
        Section::Schools,
        Section::Employers,
        Section::Coaches,
    ];

    /// The names of the section's table in the file; the first is the one of the contract.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Section::Programmes => &["programmes", "programmas"],
            Section::Targets => &["targets", "doelen"],
            Section::Observations => &["observations", "waarnemingen"],
            Section::Funding => &["funding", "funding_sources", "financiering"],
            Section::Schools => &["schools", "scholen"],
            Section::Employers => &["employers", "werkgevers"],
            Section::Coaches => &["coaches"],
        }
    }

    /// What an entry may hold.
    pub fn keys(self) -> &'static [Key] {
        match self {
            Section::Programmes => PROGRAMMES,
            Section::Targets => TARGETS,
            Section::Observations => OBSERVATIONS,
            Section::Funding => FUNDING,
            Section::Schools => SCHOOLS,
            Section::Employers => EMPLOYERS,
            Section::Coaches => COACHES,
        }
    }

    /// Where its entries stand in the register.
    pub(super) const fn container(self) -> Container {
        match self {
            Section::Programmes => Container::Programmes,
            Section::Targets => Container::Targets,
            Section::Observations => Container::Observations,
            Section::Funding => Container::Funding,
            Section::Schools => Container::Schools,
            Section::Employers => Container::Employers,
            Section::Coaches => Container::Coaches,
        }
    }

    /// The field with this name in code.
    pub(super) fn field(self, name: &str) -> Option<&'static FieldInfo> {
        let fields = match self {
            Section::Programmes => Programme::fields(),
            Section::Targets => Target::fields(),
            Section::Observations => Observation::fields(),
            Section::Funding => FundingSource::fields(),
            Section::Schools => School::fields(),
            Section::Employers => Employer::fields(),
            Section::Coaches => Coach::fields(),
        };
        fields.iter().find(|field| field.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_goes_to_a_field_that_exists() {
        for section in Section::ALL {
            for key in section.keys() {
                assert!(key.field.is_none_or(|name| section.field(name).is_some()), "{section:?}: {}", key.name);
            }
        }
    }
}
