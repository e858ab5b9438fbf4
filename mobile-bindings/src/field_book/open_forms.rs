//! Forms that stay open on one phone while the same app exchanges: what came in is never overwritten unseen.

use veldboek_core::disk::MemoryDisk;
use veldboek_core::record::Record as _;
use veldboek_core::sync::server::{Done, Region, Work};
use veldboek_core::visit::Visit;
use veldboek_core::wire::{InviteRequest, MAX_BODY, Request, VERSION};

use super::*;
use crate::{AssignmentRole, HttpAnswer, NewAssignment, NewDossier, NewVisit, PartySpoken, Planned, PlannedFor, VisitType};

const REFERENCE: &str = "WF-2025-0001";

/// A server, without the line to it.
struct Town {
    region: Region,
}

/// One person's phone.
struct Phone {
    book: Arc<FieldBook>,
    _directory: tempfile::TempDir,
}

impl Town {
    fn new() -> Self {
        let (disk, mut rng) = (Arc::new(MemoryDisk::default()), platform::randomness());
        let key = WrappingKey::generate(&mut rng);
        let region = Region::create(disk, Arc::new(NoCache), &key, "duinstreek", platform::now(), &mut rng).unwrap();
        Self { region }
    }

    fn does(&mut self, work: Work) -> Done {
        let mut done = self.region.run(vec![work], platform::now(), &mut platform::randomness()).unwrap();
        done.remove(0).unwrap()
    }

    fn phone(&mut self, person: &str, role: Role) -> Phone {
        let invite = InviteRequest {
            version: VERSION,
            person: person.into(),
            display_name: person.into(),
            role,
            organisation: "werkpartners".into(),
        };
        let Done::Invited(invited) = self.does(Work::Invite(None, invite)) else { panic!("no invitation") };
        let directory = tempfile::tempdir().unwrap();
        let book = FieldBook::open(directory.path().display().to_string(), vec![7; 32], Lang::En).unwrap();
        let request = book.enrol_begin(invited.code, "phone".into()).unwrap();
        let request = veldboek_core::wire::EnrolRequest::decode(&request.body, MAX_BODY).unwrap();
        let Done::Enrolled(enrolled) = self.does(Work::Enrol(request)) else { panic!("no enrolment") };
        book.enrol_finish("http://127.0.0.1:1".into(), answer(enrolled.encode())).unwrap();
        Phone { book, _directory: directory }
    }

    fn sync(&mut self, phone: &Phone) {
        let device = phone.book.identity().unwrap().device.parse().unwrap();
        loop {
            let request = phone.book.sync_begin(None).unwrap();
            let push = Request::decode(&request.body, MAX_BODY).unwrap();
            let Done::Exchanged(done) = self.does(Work::Exchange(device, push.into())) else { panic!("no answer") };
            let outcome = phone.book.sync_finish(request.exchange, answer(done.encode())).unwrap();
            assert_eq!((outcome.refused, outcome.quarantined), (0, 0));
            if !outcome.again {
                return;
            }
        }
    }

    fn sync_all(&mut self, phones: &[&Phone]) {
        for phone in phones.iter().chain(phones) {
            self.sync(phone);
        }
    }

    /// Anna's dossier, which the coordinator Carla and she both have.
    fn shared(&mut self) -> (Phone, Phone) {
        let (carla, anna) = (self.phone("carla", Role::Coordinator), self.phone("anna", Role::Coach));
        anna.book.add_dossier(first()).unwrap();
        self.sync_all(&[&anna, &carla]);
        (anna, carla)
    }
}

fn first() -> NewDossier {
    NewDossier {
        reference: REFERENCE.into(),
        given_name: Some("Sanne".into()),
        family_initial: None,
        birth_date: None,
        municipality: Some("GM0375".into()),
        contact_phone: Some("0600000001".into()),
        programme: Some("werk-in-zicht".into()),
        goal_direction: None,
        referrer_role: None,
        referral_date: Some("2025-01-06".into()),
        intake_date: None,
        agreement_date: None,
        not_a_bsn: false,
    }
}

fn answer(body: Vec<u8>) -> HttpAnswer {
    HttpAnswer { status: 200, headers: HashMap::new(), body }
}

impl Phone {
    fn read_at(&self) -> Vec<u8> {
        self.book.dossier(REFERENCE.into()).unwrap().line.read_at
    }

    fn edit(&self, read_at: Vec<u8>, fields: &[(&str, &str)]) -> SavedChange {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.book.edit_trainee(REFERENCE.into(), fields, read_at, false).unwrap()
    }

    fn assign(&self, coach: &str, read_at: Vec<u8>) {
        let assignment = NewAssignment {
            dossier: REFERENCE.into(),
            coach: coach.into(),
            read_at,
            role: Some(AssignmentRole::Primary),
            first_day: None,
            last_day: None,
        };
        self.book.assign(assignment).unwrap();
    }

    fn visit(&self, planned: Planned, summary: &str) -> Answered<LoggedVisit> {
        self.book.log_visit(NewVisit {
            dossier: REFERENCE.into(),
            started_at: "2025-03-31T14:05".into(),
            duration_min: 45,
            parties: vec![PartySpoken::Trainee],
            summary: summary.into(),
            planned: Some(planned),
            trajectory: None,
            placement: None,
            travel_min: None,
            visit_type: Some(VisitType::ProgressReview),
            mode: None,
            status: None,
            cancelled_by: None,
            scores: HashMap::new(),
            agreements: Vec::new(),
            next_visit_on: None,
            not_a_bsn: false,
        })
    }

    fn planned(&self) -> Planned {
        let visit = self.book.visits(REFERENCE.into()).unwrap().remove(0);
        Planned { visit: visit.id, read_at: visit.read_at }
    }

    /// The conflicts: their nature, and their values with who wrote them.
    fn told(&self) -> Vec<(ConflictNature, Vec<(String, String)>)> {
        let told = self.book.conflicts().unwrap().into_iter().map(|conflict| {
            let mut values: Vec<_> = conflict.choices.into_iter().map(|choice| (choice.by, choice.value)).collect();
            values.sort();
            (conflict.nature, values)
        });
        told.collect()
    }
}

fn pair(one: (&str, &str), other: (&str, &str)) -> Vec<(String, String)> {
    [one, other].map(|(by, value)| (by.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn what_came_in_while_a_form_was_open_stands_beside_what_the_form_says() {
    let mut town = Town::new();
    let (anna, carla) = town.shared();
    let form = anna.read_at();
    carla.edit(carla.read_at(), &[("municipality", "GM0453"), ("contact_phone", "0600000002")]);
    town.sync_all(&[&carla, &anna]);

    // The form hands in every box, as it was filled: she changed the municipality and the initial, and nothing else.
    let boxes = [("municipality", "GM0392"), ("contact_phone", "0600000001"), ("given_name", "Sanne"), ("family_initial", "K")];
    anna.edit(form, &boxes);
    town.sync_all(&[&anna, &carla]);
    for phone in [&anna, &carla] {
        assert_eq!(phone.told(), [(ConflictNature::Field, pair(("anna", "GM0392"), ("carla", "GM0453")))]);
        let dossier = phone.book.dossier(REFERENCE.into()).unwrap();
        assert_eq!(dossier.contact_phone.as_deref(), Some("0600000002"));
        assert_eq!(dossier.line.family_initial.as_deref(), Some("K"));
    }

    // Chosen by a person who has seen both, and settled everywhere.
    let conflict = anna.book.conflicts().unwrap().remove(0);
    let chosen = conflict.choices.iter().find(|choice| choice.by == "carla").unwrap().index;
    anna.book.settle(conflict.id, chosen).unwrap();
    town.sync_all(&[&anna, &carla]);
    for phone in [&anna, &carla] {
        assert_eq!(phone.told(), []);
        assert_eq!(phone.book.dossier(REFERENCE.into()).unwrap().municipality.as_deref(), Some("GM0453"));
    }
}

#[test]
fn who_has_seen_a_value_replaces_it() {
    let mut town = Town::new();
    let (anna, carla) = town.shared();
    carla.edit(carla.read_at(), &[("municipality", "GM0453")]);
    town.sync_all(&[&carla, &anna]);
    anna.edit(anna.read_at(), &[("municipality", "GM0392")]);
    town.sync_all(&[&anna, &carla]);
    for phone in [&anna, &carla] {
        assert_eq!(phone.told(), []);
        assert_eq!(phone.book.dossier(REFERENCE.into()).unwrap().municipality.as_deref(), Some("GM0392"));
    }
}

#[test]
fn a_form_that_stays_open_after_saving_knows_its_own_values_and_not_what_came_in() {
    let mut town = Town::new();
    let (anna, carla) = town.shared();
    let form = anna.read_at();
    carla.edit(carla.read_at(), &[("contact_phone", "0600000002")]);
    town.sync_all(&[&carla, &anna]);
    let form = anna.edit(form, &[("municipality", "GM0392")]).read_at.unwrap();
    // Put back to what it was before: that too is something she says.
    let form = anna.edit(form, &[("municipality", "GM0375")]).read_at.unwrap();
    assert_eq!(anna.told(), []);
    assert_eq!(anna.book.dossier(REFERENCE.into()).unwrap().municipality.as_deref(), Some("GM0375"));
    // Nothing that is new to the form, nothing written.
    assert_eq!(anna.edit(form.clone(), &[("municipality", "GM0375")]).read_at, Some(form.clone()));
    anna.edit(form, &[("contact_phone", "0600000003")]);
    town.sync_all(&[&anna, &carla]);
    for phone in [&anna, &carla] {
        assert_eq!(phone.told(), [(ConflictNature::Field, pair(("anna", "0600000003"), ("carla", "0600000002")))]);
    }
}

#[test]
fn a_coach_assigned_by_a_colleague_meanwhile_stands_beside_mine() {
    let mut town = Town::new();
    let (_, carla) = town.shared();
    let cora = town.phone("cora", Role::Coordinator);
    town.sync(&cora);
    let form = carla.read_at();
    cora.assign("bram", cora.read_at());
    town.sync_all(&[&cora, &carla]);
    carla.assign("chris", form);
    town.sync_all(&[&carla, &cora]);
    for phone in [&carla, &cora] {
        assert_eq!(phone.told(), [(ConflictNature::TwoCoaches, pair(("carla", "chris"), ("cora", "bram")))]);
    }
    // Read again, so Bram was seen, and Chris takes over.
    let conflict = cora.book.conflicts().unwrap().remove(0);
    cora.book.settle(conflict.id, 0).unwrap();
    cora.assign("chris", cora.read_at());
    assert_eq!(cora.told(), []);
}

#[test]
fn a_planned_visit_is_recorded_as_it_was_read_and_never_twice() {
    let mut town = Town::new();
    let (anna, carla) = town.shared();
    let plan =
        PlannedFor { dossier: REFERENCE.into(), day: "2025-03-31".into(), trajectory: None, placement: None, visit_type: None };
    anna.book.plan_visit(plan).unwrap();
    town.sync_all(&[&anna, &carla]);
    let planned = anna.planned();

    // Carla says in the plan what kind of visit it is to be, and Anna, who has not seen that, says another when she records it.
    let (id, read_at) = planned.read().unwrap();
    let changed = |turn: &mut Turn<'_>| {
        let (document, dossier) = turn.find(REFERENCE)?;
        let before = &dossier.visits[&id];
        let writes = Visit { visit_type: Some(VisitType::WorkplaceVisit), ..before.clone() }.edit(before, &id.to_string());
        Ok(turn.book.perform(document, writes, turn.moment, &mut turn.rng)?)
    };
    carla.book.turn(changed).unwrap();
    town.sync_all(&[&carla, &anna]);
    anna.visit(planned.clone(), "Voortgang besproken").unwrap();
    let kind = |one| crate::visit_type_label(one, Lang::En);
    let both = pair(("anna", &kind(VisitType::ProgressReview)), ("carla", &kind(VisitType::WorkplaceVisit)));
    assert_eq!(anna.told(), [(ConflictNature::Field, both.clone())]);

    // A second tap, or the same form on another phone, does not record it once more.
    for again in [planned.clone(), anna.planned()] {
        assert!(matches!(anna.visit(again, "Nog eens"), Err(FieldBookError::BadInput { .. })));
    }
    town.sync_all(&[&anna, &carla]);
    for phone in [&anna, &carla] {
        assert_eq!(phone.told(), [(ConflictNature::Field, both.clone())]);
        assert_eq!(phone.book.visits(REFERENCE.into()).unwrap()[0].summary.as_deref(), Some("Voortgang besproken"));
    }
    assert_ne!(anna.planned().read_at, read_at);
}

#[test]
fn what_was_read_elsewhere_or_nowhere_is_refused_and_nothing_is_written() {
    let mut town = Town::new();
    let (anna, carla) = town.shared();
    let changes = anna.book.status().unwrap().changes;
    let fields = HashMap::from([("municipality".to_owned(), "GM0392".to_owned())]);
    let edit = |read_at: Vec<u8>| anna.book.edit_trainee(REFERENCE.into(), fields.clone(), read_at, false);
    assert!(matches!(edit(b"none of ours".to_vec()), Err(FieldBookError::NotFound { .. })));
    assert!(matches!(edit(Vec::new()), Err(FieldBookError::NotFound { .. })));
    // Carla's screen shows a change that Anna's phone does not have.
    carla.edit(carla.read_at(), &[("municipality", "GM0453")]);
    assert!(matches!(edit(carla.read_at()), Err(FieldBookError::NotFound { .. })));
    let other = NewDossier { reference: "WF-2025-0002".into(), ..first() };
    let other = anna.book.add_dossier(other).unwrap().read_at.unwrap();
    assert!(matches!(edit(other), Err(FieldBookError::BadInput { fields, .. }) if fields == ["read_at"]));
    assert_eq!(anna.book.status().unwrap().changes, changes + 1);
}
