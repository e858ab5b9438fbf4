//! The region's shared register: programmes, targets, funding, schools, employers and coaches, keyed by code.

mod operations;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dossier::due::VISIT_INTERVAL_DAYS;
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

impl Register {
    /// A programme and the umbrella programmes that it is a part of, nearest first. Ends also when the register goes in circles.
    pub fn umbrellas<'a>(&'a self, code: &'a str) -> Vec<&'a str> {
        let mut chain = vec![code];
        let mut last = code;
        while let Some(next) = self.programmes.get(last).and_then(|programme| programme.part_of.as_deref()) {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
            last = next;
        }
        chain
    }

    /// What the programme says, else what the nearest umbrella programme that says anything does.
    pub fn setting<T>(&self, code: &str, read: impl Fn(&Programme) -> Option<T>) -> Option<T> {
        self.umbrellas(code).into_iter().find_map(|code| read(self.programmes.get(code)?))
    }

    /// Days between due visits in a programme.
    pub fn visit_interval_days(&self, code: &str) -> i64 {
        self.setting(code, |programme| programme.visit_interval_days).unwrap_or(VISIT_INTERVAL_DAYS)
    }

    /// Whether a telephone or video call can be the visit that was due.
    pub fn phone_counts(&self, code: &str) -> bool {
        self.setting(code, |programme| programme.phone_counts).unwrap_or(false)
    }
}
