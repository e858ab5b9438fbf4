//! The region's shared register: programmes, targets, funding, schools, employers and coaches, keyed by code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dossier::entries;
use crate::funding::FundingSource;
use crate::ids::*;
use crate::organisation::{Coach, Employer, School};
use crate::programme::{Observation, Programme, Target};
use crate::record::Content;

/// Everything the region shares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Register {
    /// Programmes by code.
    pub programmes: BTreeMap<String, Programme>,
    /// Targets.
    pub targets: BTreeMap<EntryId, Target>,
    /// Observations.
    pub observations: BTreeMap<EntryId, Observation>,
    /// Funding sources by code.
    pub funding: BTreeMap<String, FundingSource>,
    /// Schools by code.
    pub schools: BTreeMap<String, School>,
    /// Employers by code.
    pub employers: BTreeMap<String, Employer>,
    /// Coaches by code.
    pub coaches: BTreeMap<String, Coach>,
}

impl Register {
    /// Reads the register from a document's content.
    pub fn read(content: &Content) -> Self {
        Self {
            programmes: entries(content),
            targets: entries(content),
            observations: entries(content),
            funding: entries(content),
            schools: entries(content),
            employers: entries(content),
            coaches: entries(content),
        }
    }
}
