//! The trainee: who is guided to work. No BSN and no diagnosis, ever: there is no field for either.

use std::collections::BTreeSet;

use crate::clock::Day;
use crate::codes::*;
use crate::ids::*;
use crate::record;

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
