//! Adding to the register and changing it. Coordinators do this; a code names the same thing wherever it is made.

use std::collections::BTreeMap;

use super::Register;
use crate::clock::{Day, Moment};
use crate::funding::FundingSource;
use crate::ids::EntryId;
use crate::organisation::{Coach, Employer, School};
use crate::programme::{Observation, Programme, Target};
use crate::rules::{By, Checked, Declaration, FieldName, Plan, RuleBroken, Warning, checks};
use crate::text_check;

/// Most characters of a code.
const MOST_CODE: usize = 60;

macro_rules! keyed {
    ($($record:ident in $map:ident, $named:literal: $add:ident, $edit:ident;)*) => {
        impl Register {
            $(
                #[doc = concat!("Adds ", $named, " under a code that is free.")]
                ///
                /// # Errors
                /// When the code is taken, the person is no coordinator, or the draft breaks a rule.
                pub fn $add(&self, by: &mut By<'_>, code: &str, draft: $record) -> Result<Plan<String>, RuleBroken> {
                    if self.$map.contains_key(code) {
                        return Err(RuleBroken::Exists { code: code.to_owned() });
                    }
                    self.put(by, &self.$map, code, draft)
                }

                #[doc = concat!("Changes ", $named, "; `draft` is the whole record as it should become.")]
                ///
                /// # Errors
                /// When the register lacks the code, the person is no coordinator, or the change breaks a rule.
                pub fn $edit(&self, by: &mut By<'_>, code: &str, draft: $record) -> Result<Plan<String>, RuleBroken> {
                    if !self.$map.contains_key(code) {
                        return Err(RuleBroken::Unknown { name: code.to_owned() });
                    }
                    self.put(by, &self.$map, code, draft)
                }
            )*
        }
    };
}

keyed! {
    Programme in programmes, "a programme": add_programme, edit_programme;
    FundingSource in funding, "a funding source": add_funding, edit_funding;
    School in schools, "a school": add_school, edit_school;
    Employer in employers, "an employer": add_employer, edit_employer;
    Coach in coaches, "a coach": add_coach, edit_coach;
}

/// What a record of the register needs to know of the others.
trait Placed: Checked {
    fn beside(&self, code: &str, register: &Register) -> Result<Vec<Warning>, RuleBroken>;
}

impl Register {
    /// Adds a promise. Promises are never changed: a new one with a later `valid_from` takes its place.
    ///
    /// # Errors
    /// V22, or when the person is no coordinator.
    pub fn add_target(&self, by: &mut By<'_>, draft: Target) -> Result<Plan<EntryId>, RuleBroken> {
        self.append(by, draft, |draft| draft.programme.as_deref())
    }

    /// Adds an observed figure, with its source.
    ///
    /// # Errors
    /// When a field is absent, or the person is no coordinator.
    pub fn add_observation(&self, by: &mut By<'_>, draft: Observation) -> Result<Plan<EntryId>, RuleBroken> {
        self.append(by, draft, |draft| draft.programme.as_deref())
    }

    /// Writes headcounts of a school, keeping those of other days.
    ///
    /// # Errors
    /// When the register lacks the school, a count is below zero, or the person is no coordinator.
    pub fn add_headcounts(&self, by: &mut By<'_>, school: &str, counts: &BTreeMap<Day, i64>) -> Result<Plan<String>, RuleBroken> {
        let mut draft = self.schools.get(school).cloned().ok_or_else(|| RuleBroken::Unknown { name: school.to_owned() })?;
        draft.headcounts.extend(counts);
        self.edit_school(by, school, draft)
    }

    fn put<R: Placed>(
        &self,
        by: &mut By<'_>,
        map: &BTreeMap<String, R>,
        code: &str,
        draft: R,
    ) -> Result<Plan<String>, RuleBroken> {
        coordinator(by)?;
        let field = FieldName { name: "code", label_nl: "code" };
        let odd = code.trim() != code || code.is_empty() || code.chars().any(|char| char.is_control() || char == '|');
        if odd || code.chars().count() > MOST_CODE {
            return Err(RuleBroken::Malformed { field, example: "talent-naar-de-zorg (1..60)" });
        }
        let positions = text_check::bsn_positions(code);
        if !positions.is_empty() && by.declared == Declaration::Nothing && !map.contains_key(code) {
            return Err(RuleBroken::PossibleBsn { field, positions });
        }
        let nothing = R::default();
        let before = map.get(code).unwrap_or(&nothing);
        let mut warnings = draft.check(before, by.moment, by.declared)?;
        warnings.extend(draft.beside(code, self)?);
        Ok(Plan { id: code.to_owned(), writes: draft.edit(before, code), warnings })
    }

    fn append<R: Checked>(
        &self,
        by: &mut By<'_>,
        draft: R,
        programme: impl Fn(&R) -> Option<&str>,
    ) -> Result<Plan<EntryId>, RuleBroken> {
        coordinator(by)?;
        let mut warnings = draft.check(&R::default(), by.moment, by.declared)?;
        warnings.extend(programme(&draft).and_then(|code| self.unlisted_programme(code)));
        let id = EntryId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    fn unlisted_programme(&self, code: &str) -> Option<Warning> {
        (!self.programmes.contains_key(code)).then(|| Warning::NotInRegister { name: code.to_owned() })
    }
}

fn coordinator(by: &By<'_>) -> Result<(), RuleBroken> {
    if by.coordinator { Ok(()) } else { Err(RuleBroken::CoordinatorOnly) }
}

impl Placed for Programme {
    fn beside(&self, code: &str, register: &Register) -> Result<Vec<Warning>, RuleBroken> {
        let Some(umbrella) = self.part_of.as_deref() else { return Ok(Vec::new()) };
        if umbrella == code || register.umbrellas(umbrella).contains(&code) {
            return Err(RuleBroken::PartOfItself);
        }
        Ok(register.unlisted_programme(umbrella).into_iter().collect())
    }
}

impl Placed for FundingSource {
    fn beside(&self, _: &str, register: &Register) -> Result<Vec<Warning>, RuleBroken> {
        let programmes = self.programme_codes().filter_map(|code| register.unlisted_programme(code));
        let schools = self.school_codes().filter(|code| !register.schools.contains_key(*code));
        Ok(programmes.chain(schools.map(|code| Warning::NotInRegister { name: code.to_owned() })).collect())
    }
}

impl Placed for School {
    fn beside(&self, _: &str, _: &Register) -> Result<Vec<Warning>, RuleBroken> {
        Ok(Vec::new())
    }
}

impl Placed for Employer {
    /// The KvK number names one employer.
    fn beside(&self, code: &str, register: &Register) -> Result<Vec<Warning>, RuleBroken> {
        let twin = register.employers.iter().find(|(other, one)| *other != code && one.kvk.is_some() && one.kvk == self.kvk);
        match twin {
            Some((by, _)) => Err(RuleBroken::Taken { field: FieldName::of::<Self>("kvk"), by: by.clone() }),
            None => Ok(Vec::new()),
        }
    }
}

impl Placed for Coach {
    fn beside(&self, _: &str, _: &Register) -> Result<Vec<Warning>, RuleBroken> {
        Ok(Vec::new())
    }
}

impl Checked for Programme {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::needed::<Self>("name", &self.name)?;
        checks::texts(before, self, declared, &mut warnings)?;
        checks::order::<Self>(("from", self.from), ("to", self.to))?;
        checks::range::<Self>("visit_interval_days", self.visit_interval_days, 1, Some(366))?;
        checks::to_complete::<Self>(&[("success_definition", self.success_definition.is_none())], &mut warnings);
        Ok(warnings)
    }
}

impl Checked for Target {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        let missing = checks::absent::<Self>(&[
            ("programme", checks::blank(&self.programme)),
            ("metric", self.metric.is_none()),
            ("unit", self.unit.is_none()),
            ("value", self.value.is_none_or(|value| value <= 0)),
            ("due", self.due.is_none()),
            ("method", checks::blank(&self.method)),
        ]);
        if !missing.is_empty() {
            return Err(RuleBroken::TargetIncomplete { missing });
        }
        checks::order::<Self>(("valid_from", self.valid_from), ("due", self.due))?;
        checks::texts(before, self, declared, &mut warnings)?;
        Ok(warnings)
    }
}

impl Checked for Observation {
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        for (name, text) in [("programme", &self.programme), ("metric", &self.metric), ("source", &self.source)] {
            checks::needed::<Self>(name, text)?;
        }
        for (name, absent) in [("value", self.value.is_none()), ("on", self.on.is_none())] {
            if absent {
                return Err(RuleBroken::Missing { field: FieldName::of::<Self>(name) });
            }
        }
        checks::range::<Self>("value", self.value, 0, None)?;
        if self.on.is_some_and(|on| on > now.today()) {
            return Err(RuleBroken::InFuture { field: FieldName::of::<Self>("on") });
        }
        checks::texts(before, self, declared, &mut warnings)?;
        Ok(warnings)
    }
}

impl Checked for FundingSource {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::range::<Self>("amount_cents", self.amount_cents, 0, None)?;
        checks::order::<Self>(("from", self.from), ("to", self.to))?;
        checks::texts(before, self, declared, &mut warnings)?;
        checks::to_complete::<Self>(
            &[("kind", self.kind.is_none()), ("amount_cents", self.amount_cents.is_none())],
            &mut warnings,
        );
        Ok(warnings)
    }
}

impl Checked for School {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::needed::<Self>("name", &self.name)?;
        checks::range::<Self>("cluster", self.cluster, 1, Some(4))?;
        checks::texts(before, self, declared, &mut warnings)?;
        for (day, count) in &self.headcounts {
            checks::range::<Self>("headcounts", Some(*count), 0, None)?;
            if before.headcounts.get(day) != Some(count) && (day.date().month(), day.date().day()) != (10, 1) {
                warnings.push(Warning::UnusualReferenceDate { day: *day });
            }
        }
        if let Some(brin) = self.brin.as_deref().filter(|_| self.brin != before.brin)
            && !is_brin(brin)
        {
            warnings.push(Warning::UnusualBrin { brin: brin.to_owned() });
        }
        checks::to_complete::<Self>(&[("school_type", self.school_type.is_none())], &mut warnings);
        Ok(warnings)
    }
}

impl Checked for Employer {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::needed::<Self>("name", &self.name)?;
        checks::texts(before, self, declared, &mut warnings)?;
        if let Some(kvk) = self.kvk.as_deref().filter(|_| self.kvk != before.kvk)
            && !(kvk.len() == 8 && kvk.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(RuleBroken::Malformed { field: FieldName::of::<Self>("kvk"), example: "12345678" });
        }
        checks::phone::<Self>("phone", &before.phone, &self.phone)?;
        Ok(warnings)
    }
}

impl Checked for Coach {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::needed::<Self>("display_name", &self.display_name)?;
        checks::texts(before, self, declared, &mut warnings)?;
        checks::order::<Self>(("active_from", self.active_from), ("active_to", self.active_to))?;
        Ok(warnings)
    }
}

/// Two digits and two letters, with two digits for the location if it is given.
fn is_brin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |range: std::ops::Range<usize>, test: fn(&u8) -> bool| bytes.get(range).is_some_and(|part| part.iter().all(test));
    fits(0..2, u8::is_ascii_digit)
        && fits(2..4, u8::is_ascii_uppercase)
        && (bytes.len() == 4 || (bytes.len() == 6 && fits(4..6, u8::is_ascii_digit)))
}
