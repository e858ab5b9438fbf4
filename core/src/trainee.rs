//! The trainee: who is guided to work. No BSN and no diagnosis, ever: there is no field for either.

use std::collections::BTreeSet;

use crate::clock::{Day, Moment};
use crate::codes::*;
use crate::ids::*;
use crate::record;
use crate::rules::{Checked, Declaration, FieldName, RuleBroken, Warning, checks};

record! {
    /// The person, as far as the field book needs to know them.
    Trainee in Trainee {
        /// Names the trainee for ever, whichever document holds the dossier.
        Once id: Option<TraineeId> = "id", "kenmerk";
        /// The organisation that scopes coordinators: the code of a school or municipality in the register.
        Once organisation: Option<String> = "org", "organisatie";
        /// What people call the dossier: 3 to 20 characters, unique per organisation, e.g. `WF-2025-0142`.
        Register reference: Option<String> = "ref", "referentie";
        /// First name only.
        Register given_name: Option<String> = "gn", "voornaam";
        /// At most 3 characters; the full surname stays in the municipal system.
        Register family_initial: Option<String> = "fi", "achternaamletter";
        /// Date of birth.
        Register birth_date: Option<Day> = "bd", "geboortedatum";
        /// CBS code of the municipality, `GM0392`.
        Register municipality: Option<String> = "gm", "gemeente";
        /// Code of the school in the register, or its name as text when the register lacks it.
        Register school_of_origin: Option<String> = "so", "school van herkomst";
        /// Profile of a vso pupil.
        Register outflow_profile: Option<OutflowProfile> = "op", "uitstroomprofiel";
        /// Target groups the trainee belongs to.
        Set target_groups: BTreeSet<TargetGroup> = "tg", "doelgroepen";
        /// Income at this moment; a history is kept by the document itself.
        Register benefit_situation: Option<IncomeSituation> = "bs", "inkomenssituatie";
        /// Since when in the doelgroepregister.
        Register job_agreement_since: Option<Day> = "ja", "doelgroepregister sinds";
        /// Telephone number of the trainee; never in reports.
        Register contact_phone: Option<String> = "ph", "telefoon";
    }
}

impl Trainee {
    /// Age in whole years on a day.
    pub fn age_on(&self, day: Day) -> Option<i64> {
        let (born, day) = (self.birth_date?.date(), day.date());
        let before_birthday = (day.month(), day.day()) < (born.month(), born.day());
        Some(i64::from(day.year()) - i64::from(born.year()) - i64::from(before_birthday))
    }

    /// What people call this dossier: its reference, or a dash.
    pub fn name(&self) -> &str {
        self.reference.as_deref().unwrap_or("-")
    }
}

impl Checked for Trainee {
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        if self.reference != before.reference {
            let length = self.reference.as_deref().map_or(0, |reference| reference.trim().chars().count());
            if !(3..=20).contains(&length) {
                return Err(RuleBroken::Malformed { field: FieldName::of::<Self>("reference"), example: "WF-2025-0142 (3..20)" });
            }
        }
        if self.family_initial.as_deref().is_some_and(|initial| initial.chars().count() > 3)
            && self.family_initial != before.family_initial
        {
            return Err(RuleBroken::Malformed { field: FieldName::of::<Self>("family_initial"), example: "B. (1..3)" });
        }
        if let Some(code) = self.municipality.as_deref().filter(|_| self.municipality != before.municipality)
            && !(code.len() == 6 && code.starts_with("GM") && code[2..].bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(RuleBroken::Malformed { field: FieldName::of::<Self>("municipality"), example: "GM0392" });
        }
        checks::phone::<Self>("contact_phone", &before.contact_phone, &self.contact_phone)?;
        for (field, day, old) in [
            ("birth_date", self.birth_date, before.birth_date),
            ("job_agreement_since", self.job_agreement_since, before.job_agreement_since),
        ] {
            if day != old && day.is_some_and(|day| day > now.today()) {
                return Err(RuleBroken::InFuture { field: FieldName::of::<Self>(field) });
            }
        }
        if self.birth_date != before.birth_date {
            // Pupils are younger than those whom a municipality refers.
            let (least, most) = if checks::blank(&self.school_of_origin) { (16, 67) } else { (12, 27) };
            if let Some(age) = self.age_on(now.today()).filter(|age| !(least..=most).contains(age)) {
                warnings.push(Warning::UnusualAge { age, least, most });
            }
        }
        Ok(warnings)
    }
}
