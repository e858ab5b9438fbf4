//! A coordinator imports the lists of schools and partners, again and again, while coaches work in the dossiers.

use super::register::{RegisterRow, Section};
use super::*;
use crate::codes::*;
use crate::dossier::Dossier;
use crate::outflow::Enrolment;
use crate::record::{Code, Container, Record, Scalar};

const TODAY: &str = "2023-04-10";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A region's dossiers and register as a coordinator's device holds them, without documents.
struct Book {
    register: Content,
    dossiers: BTreeMap<TraineeKey, Existing>,
    imports: u8,
    grants: Vec<WantedGrant>,
}

fn apply(content: &mut Content, writes: &[Write]) {
    for write in writes {
        let entry = content.entry(write.container).or_default().entry(write.entry.clone()).or_default();
        entry.insert(write.key.clone(), write.value.clone());
    }
}

impl Book {
    fn new() -> Self {
        let mut book = Self { register: Content::new(), dossiers: BTreeMap::new(), imports: 0, grants: Vec::new() };
        let rows = [
            entry(Section::Programmes, &[("code", "bouw"), ("name", "Bouw & Techniek Start")]),
            entry(Section::Schools, &[("name", "De Schakel"), ("type", "PRO")]),
            entry(Section::Coaches, &[("code", "anna"), ("name", "Anna de Wit")]),
            entry(Section::Coaches, &[("code", "bram"), ("name", "Bram Kok")]),
        ];
        let plan = super::register::plan(&rows, &book.register, day(TODAY));
        assert!(plan.rejected.is_empty(), "{:?}", plan.rejected);
        apply(&mut book.register, &plan.writes);
        book
    }

    fn import(&mut self, kind: FileKind, rows: &[Row]) -> ImportPlan {
        self.imports += 1;
        let register = Register::read(&self.register);
        let setting = Setting { organisation: "GM0392", today: day(TODAY), register: &register, salt: [self.imports; 16] };
        let wanted = trainees(rows, setting);
        let existing =
            self.dossiers.iter().filter(|(key, _)| wanted.contains(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let plan = super::plan(kind, rows, &existing, setting);
        for trainee in &plan.trainees {
            let key = (trainee.organisation.clone(), trainee.reference.clone());
            let document = DocumentId::derived("test", key.1.as_bytes());
            let known = self.dossiers.entry(key).or_insert_with(|| Existing { document, content: Content::new() });
            apply(&mut known.content, &trainee.writes);
            self.grants.extend(trainee.grants.clone());
        }
        plan
    }

    fn content(&mut self, reference: &str) -> &mut Content {
        &mut self.dossiers.get_mut(&("GM0392".to_owned(), reference.to_owned())).unwrap().content
    }

    fn dossier(&mut self, reference: &str) -> Dossier {
        Dossier::read(self.content(reference))
    }
}

fn row(line: u64, cells: &[(&'static str, &str)]) -> Row {
    Row { line, cells: cells.iter().map(|(name, text)| (*name, (*text).to_owned())).collect() }
}

fn entry(section: Section, cells: &[(&'static str, &str)]) -> RegisterRow {
    RegisterRow { section, line: 1, cells: cells.iter().map(|(name, text)| (*name, (*text).to_owned())).collect() }
}

const SEM: &[(&str, &str)] = &[
    ("reference", "GV-0001"),
    ("given_name", "Sem"),
    ("birth_date", "4-5-2004"),
    ("municipality", "Haarlem"),
    ("school", "De Schakel"),
    ("school_type", "Praktijkonderwijs"),
    ("target_groups", "PRO|VSV"),
    ("programme", "Bouw & Techniek Start"),
    ("referral_date", "2022-01-10"),
    ("intake_date", "2022-01-20"),
    ("agreement_date", "2022-02-01"),
    ("coach", "Anna de Wit"),
    ("training_start", "2022-02-07"),
    ("training_end", "2022-04-01"),
    ("training_result", "Afgerond"),
    ("placement_type", "Betaalde baan"),
    ("placement_start", "2022-05-01"),
    ("sector", "CONSTRUCTION"),
    ("employer", "Bouwbedrijf Van Dam"),
    ("hours_per_week", "24,5"),
    ("final_phase_date", "2022-11-01"),
];

fn sem(changes: &[(&'static str, &str)]) -> Row {
    let mut sem = row(2, SEM);
    for (name, text) in changes {
        sem.cells.insert(name, (*text).to_owned());
    }
    sem
}

#[test]
fn one_row_becomes_a_dossier_with_its_trajectory_training_placement_coach_and_school() {
    let mut book = Book::new();
    let plan = book.import(FileKind::Participants, &[sem(&[])]);
    assert_eq!((plan.changed_rows, plan.rejected.len(), plan.proposals), (1, 0, 0));
    let dossier = book.dossier("GV-0001");
    assert_eq!(dossier.trainee.organisation.as_deref(), Some("GM0392"));
    assert_eq!(dossier.trainee.municipality.as_deref(), Some("GM0392"));
    assert_eq!(dossier.trainee.birth_date, Some(day("2004-05-04")));
    assert_eq!(dossier.trainee.school_of_origin.as_deref(), Some("de-schakel"));
    assert_eq!(dossier.trainee.target_groups, [TargetGroup::Pro, TargetGroup::Vsv].into());
    let (id, trajectory) = dossier.trajectories.first_key_value().unwrap();
    assert_eq!(trajectory.programme.as_deref(), Some("bouw"));
    let training = dossier.trainings.values().next().unwrap();
    assert_eq!((training.trajectory, training.result), (Some(*id), Some(TrainingResult::Completed)));
    let placement = dossier.placements.values().next().unwrap();
    assert_eq!((placement.trajectory, placement.hours_per_week.map(|hours| hours.0)), (Some(*id), Some(2450)));
    assert_eq!((placement.sector, training.sector), (Some(Sector::Construction), Some(Sector::Construction)));
    let assignment = dossier.assignments.values().next().unwrap();
    assert_eq!((assignment.coach.as_deref(), assignment.from), (Some("anna"), Some(day("2022-02-01"))));
    assert_eq!(dossier.events.values().next().unwrap().phase, Some(TrajectoryPhase::FinalPhase));
    let enrolment = dossier.enrolments.values().next().unwrap();
    assert_eq!((enrolment.school_type, enrolment.left_on), (Some(SchoolType::Pro), None));
    assert_eq!(book.grants, [WantedGrant { person: "anna".into(), from: day("2022-02-01") }]);
    let unlisted: Vec<_> = plan.notes.iter().filter(|note| note.kind == NoteKind::Unlisted).collect();
    assert_eq!(unlisted.len(), 1, "the employer is kept as text and reported: {unlisted:?}");
}

#[test]
fn the_same_file_again_changes_nothing_and_a_changed_row_changes_its_changed_cells_only() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    let again = book.import(FileKind::Participants, &[sem(&[])]);
    assert_eq!((again.trainees.len(), again.unchanged_rows), (0, 1), "{again:?}");

    let changed = book.import(FileKind::Participants, &[sem(&[("hours_per_week", "32"), ("target_groups", "PRO|NUGGER")])]);
    let cells: Vec<String> = changed.trainees[0]
        .writes
        .iter()
        .filter(|write| write.container != Container::Imports)
        .map(|write| format!("{}:{}={:?}", write.container.key(), write.key, write.value))
        .collect();
    assert_eq!(cells, ["trainee:tg:NUGGER=Bool(true)", "placements:hw=Int(3200)", "trainee:tg:VSV=Bool(false)"]);
    assert_eq!(book.dossier("GV-0001").trainee.target_groups, [TargetGroup::Pro, TargetGroup::Nugger].into());
    assert_eq!(
        book.import(FileKind::Participants, &[sem(&[("hours_per_week", "32"), ("target_groups", "PRO|NUGGER")])]).trainees,
        []
    );
}

#[test]
fn an_empty_cell_changes_nothing() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    let plan = book.import(FileKind::Participants, &[sem(&[("given_name", ""), ("hours_per_week", " "), ("target_groups", "")])]);
    assert_eq!(plan.trainees, []);
}

#[test]
fn where_a_person_edited_a_cell_meanwhile_the_file_only_proposes() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    let dossier = book.dossier("GV-0001");
    let (id, placement) = dossier.placements.first_key_value().unwrap();
    let mut edited = placement.clone();
    edited.hours_per_week = Some(crate::placement::Hours(2000));
    apply(book.content("GV-0001"), &edited.edit(placement, &id.to_string()));

    let same = book.import(FileKind::Participants, &[sem(&[])]);
    assert_eq!((same.trainees.len(), same.proposals), (0, 0), "an unchanged file leaves the edit alone");

    let changed = book.import(FileKind::Participants, &[sem(&[("hours_per_week", "32"), ("employer", "Bakkerij Smit")])]);
    assert_eq!(changed.proposals, 1);
    assert!(changed.needs_a_person());
    let after = book.dossier("GV-0001").placements[id].clone();
    assert_eq!(after.hours_per_week, Some(crate::placement::Hours(2000)));
    assert_eq!(after.employer.as_deref(), Some("Bakkerij Smit"), "other cells of the row go on");
    let proposals = book.content("GV-0001")[&Container::Proposals].clone();
    let proposal = &proposals[&format!("placements/{id}/hw")];
    assert_eq!((&proposal["v"], &proposal["s"]), (&Scalar::Int(3200), &Scalar::Bool(false)));
    assert_eq!(proposal["w"], Scalar::Text("participants 2023-04-10".into()));

    let again = book.import(FileKind::Participants, &[sem(&[("hours_per_week", "32"), ("employer", "Bakkerij Smit")])]);
    assert_eq!((again.trainees.len(), again.proposals), (0, 0), "a proposal is made once");

    book.import(FileKind::Participants, &[sem(&[("hours_per_week", "20"), ("employer", "Bakkerij Smit")])]);
    let proposals = book.content("GV-0001")[&Container::Proposals].clone();
    assert_eq!(proposals[&format!("placements/{id}/hw")]["s"], Scalar::Bool(true), "the file now agrees with the person");
}

#[test]
fn rows_that_disagree_about_one_trainee_are_all_refused_and_others_go_on() {
    let mut book = Book::new();
    let other =
        row(3, &[("reference", "GV-0001"), ("given_name", "Sam"), ("programme", "bouw"), ("referral_date", "2023-01-01")]);
    let jip = row(4, &[("reference", "GV-0002"), ("given_name", "Jip"), ("programme", "bouw"), ("referral_date", "2023-01-01")]);
    let plan = book.import(FileKind::Participants, &[sem(&[]), other, jip]);
    assert_eq!(plan.rejected.iter().map(|rejected| rejected.line).collect::<Vec<_>>(), [2, 3]);
    assert!(plan.rejected.iter().all(|rejected| rejected.column.as_deref() == Some("given_name") && rejected.value.is_none()));
    assert_eq!(plan.trainees.len(), 1);

    let twice = [sem(&[]), Row { line: 9, ..sem(&[("intake_date", "2022-01-21")]) }];
    assert_eq!(book.import(FileKind::Participants, &twice).rejected.len(), 2);
    let repeated = book.import(FileKind::Participants, &[sem(&[]), Row { line: 9, ..sem(&[]) }]);
    assert_eq!((repeated.changed_rows, repeated.unchanged_rows, repeated.rejected.len()), (1, 1, 0));
}

#[test]
fn a_wrong_cell_refuses_its_row_with_line_column_reason_and_a_masked_value() {
    let mut book = Book::new();
    type Case<'a> = (&'a [(&'static str, &'a str)], &'a str, Option<&'a str>);
    let cases: &[Case<'_>] = &[
        (&[("birth_date", "31-2-2004")], "birth_date", Some("31-2-2004")),
        (&[("birth_date", "Janssen")], "birth_date", Some("J…")),
        (&[("birth_date", "2031-01-01")], "birth_date", Some("2031-01-01")),
        (&[("reference", "")], "reference", None),
        (&[("reference", "X")], "reference", Some("X")),
        (&[("programme", "")], "programme", None),
        (&[("given_name", "Sem 111222333")], "given_name", Some("S…")),
        (&[("employer", "Bakker 111222333 BV")], "employer", Some("Bakker ••••••••• BV")),
        (&[("employer", "Bakker\nZK-2,Jip,2020-01-01")], "employer", None),
        (&[("family_initial", "Jansen")], "family_initial", Some("J…")),
        (&[("municipality", "Atlantis")], "municipality", Some("Atlantis")),
        (&[("training_result", "PERHAPS")], "training_result", Some("PERHAPS")),
        (&[("target_groups", "PRO|MARSIAN")], "target_groups", Some("PRO|MARSIAN")),
        (&[("hours_per_week", "0")], "hours_per_week", Some("0")),
        (&[("hours_per_week", "veel")], "hours_per_week", Some("v…")),
        (&[("intake_date", "2022-01-09")], "intake_date", Some("2022-01-09")),
        (&[("placement_start", "2022-01-25")], "placement_start", Some("2022-01-25")),
        (&[("placement_end", "2022-04-30")], "placement_end", Some("2022-04-30")),
        (&[("training_end", "2022-02-06")], "training_end", Some("2022-02-06")),
        (&[("outflow_destination", "WORK")], "outflow_date", None),
        (&[("outflow_date", "2022-12-01")], "outflow_destination", None),
        (&[("end_date", "2022-12-01")], "closing_reason", None),
        (&[("end_date", "2022-12-01"), ("closing_reason", "GOAL_REACHED")], "outflow_destination", None),
    ];
    for (changes, column, value) in cases {
        let plan = book.import(FileKind::Participants, &[sem(changes)]);
        assert_eq!(plan.trainees, [], "{changes:?}");
        let [rejected] = plan.rejected.as_slice() else { panic!("{changes:?}: {plan:?}") };
        assert_eq!(
            (rejected.line, rejected.column.as_deref(), rejected.value.as_deref()),
            (2, Some(*column), *value),
            "{changes:?}"
        );
        assert!(!rejected.reason.nl.contains("111222333") && !rejected.reason.nl.contains("ans"), "{rejected:?}");
    }
    let phone = book.import(FileKind::Participants, &[sem(&[("employer", "Bakker, tel. 06-12345678")])]);
    assert_eq!(phone.rejected, [], "a phone number is no BSN");
}

#[test]
fn an_unknown_coach_is_reported_and_assigned_once_the_register_knows_them() {
    let mut book = Book::new();
    let file = [sem(&[("coach", "Chris")])];
    let plan = book.import(FileKind::Participants, &file);
    assert!(plan.notes.iter().any(|note| note.kind == NoteKind::UnknownCoach && note.value.as_deref() == Some("Chris")));
    assert!(book.dossier("GV-0001").assignments.is_empty());
    let chris =
        super::register::plan(&[entry(Section::Coaches, &[("code", "chris"), ("name", "Chris")])], &book.register, day(TODAY));
    apply(&mut book.register, &chris.writes);
    book.import(FileKind::Participants, &file);
    assert_eq!(book.grants, [WantedGrant { person: "chris".into(), from: day("2022-02-01") }]);
    assert_eq!(book.import(FileKind::Participants, &file).trainees, []);
}

#[test]
fn another_coach_in_the_file_is_a_handover_as_of_today() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    book.import(FileKind::Participants, &[sem(&[("coach", "bram")])]);
    let coaches: BTreeMap<String, (Option<Day>, Option<Day>)> =
        book.dossier("GV-0001").assignments.into_values().map(|known| (known.coach.unwrap(), (known.from, known.to))).collect();
    assert_eq!(coaches["anna"], (Some(day("2022-02-01")), Some(day("2023-04-09"))));
    assert_eq!(coaches["bram"], (Some(day(TODAY)), None));
    assert_eq!(book.grants.last().unwrap(), &WantedGrant { person: "bram".into(), from: day(TODAY) });
}

#[test]
fn another_coach_on_the_day_of_the_first_import_replaces_the_one_before() {
    let mut book = Book::new();
    let row = |coach| sem(&[("agreement_date", TODAY), ("coach", coach), ("placement_start", TODAY)]);
    book.import(FileKind::Participants, &[row("anna")]);
    book.import(FileKind::Participants, &[row("bram")]);
    let assignments = book.dossier("GV-0001").assignments;
    assert_eq!(assignments.len(), 2);
    for one in assignments.values() {
        assert!(one.from.zip(one.to).is_none_or(|(from, to)| from <= to), "{one:?}");
        assert_eq!(one.holds_on(day(TODAY)), one.coach.as_deref() == Some("bram"), "{one:?}");
    }
}

#[test]
fn a_telephone_number_that_is_none_refuses_its_row_of_the_register_and_the_others_go_in() {
    let rows = [
        entry(Section::Employers, &[("name", "Bakker Bart"), ("phone", "niet bekend")]),
        entry(Section::Employers, &[("name", "De Linde"), ("phone", "023-512 34 56")]),
    ];
    let plan = register::plan(&rows, &Content::new(), day(TODAY));
    let [refused] = &plan.rejected[..] else { panic!("{:?}", plan.rejected) };
    assert_eq!((refused.column.as_deref(), refused.value.as_deref()), (Some("phone"), Some("niet bekend")));
    assert!(refused.reason.nl.contains("06-12345678"), "{}", refused.reason.nl);
    assert_eq!(plan.changed_rows, 1);
}

#[test]
fn a_person_may_change_what_names_the_trajectory_without_a_second_one_appearing() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    let dossier = book.dossier("GV-0001");
    let (id, trajectory) = dossier.trajectories.first_key_value().unwrap();
    let mut edited = trajectory.clone();
    edited.referral_date = Some(day("2022-01-05"));
    apply(book.content("GV-0001"), &edited.edit(trajectory, &id.to_string()));
    let plan = book.import(FileKind::Participants, &[sem(&[("hours_per_week", "30")])]);
    assert_eq!(plan.proposals, 0);
    assert_eq!(book.dossier("GV-0001").trajectories.len(), 1);
    assert_eq!(book.dossier("GV-0001").trajectories[id].referral_date, Some(day("2022-01-05")));
}

#[test]
fn a_dossier_made_by_hand_is_completed_and_never_overwritten() {
    let mut book = Book::new();
    let trainee = crate::trainee::Trainee {
        organisation: Some("GM0392".into()),
        reference: Some("GV-0001".into()),
        given_name: Some("Samuel".into()),
        ..Default::default()
    };
    let trajectory = crate::trajectory::Trajectory {
        programme: Some("bouw".into()),
        referral_date: Some(day("2022-01-10")),
        ..Default::default()
    };
    let mut content = Content::new();
    apply(&mut content, &trainee.create(""));
    let id = crate::ids::TrajectoryId::from_bytes([9; 16]);
    apply(&mut content, &trajectory.create(&id.to_string()));
    let document = DocumentId::from_bytes([1; 16]);
    book.dossiers.insert(("GM0392".into(), "GV-0001".into()), Existing { document, content });
    let plan = book.import(FileKind::Participants, &[sem(&[])]);
    assert_eq!((plan.proposals, plan.trainees[0].document), (1, Some(document)));
    let dossier = book.dossier("GV-0001");
    assert_eq!(dossier.trainee.given_name.as_deref(), Some("Samuel"));
    assert_eq!(dossier.trajectories.keys().collect::<Vec<_>>(), [&id]);
    assert_eq!(dossier.trajectories[&id].agreement_date, Some(day("2022-02-01")));
    assert_eq!(book.import(FileKind::Participants, &[sem(&[])]).trainees, []);
}

#[test]
fn a_programme_that_the_register_learns_later_changes_nothing_when_the_file_comes_again() {
    let mut book = Book::new();
    let file = [sem(&[("programme", "Nieuw Begin")])];
    book.import(FileKind::Participants, &file);
    assert_eq!(book.dossier("GV-0001").trajectories.values().next().unwrap().programme.as_deref(), Some("Nieuw Begin"));
    let rows = [entry(Section::Programmes, &[("code", "nb"), ("name", "Nieuw Begin")])];
    let plan = super::register::plan(&rows, &book.register, day(TODAY));
    apply(&mut book.register, &plan.writes);
    assert_eq!(book.import(FileKind::Participants, &file).trainees, []);
}

const LEFT: &[(&str, &str)] = &[
    ("reference", "GV-0001"),
    ("school", "de schakel"),
    ("school_type", "PRO"),
    ("left_on", "2017-07-14"),
    ("destination", "Leren (BOL, MBO)"),
];

fn left(line: u64, changes: &[(&'static str, &str)]) -> Row {
    let mut left = row(line, LEFT);
    for (name, text) in changes {
        left.cells.insert(name, (*text).to_owned());
    }
    left
}

#[test]
fn leavers_end_the_running_enrolment_and_a_corrected_day_moves_it() {
    let mut book = Book::new();
    book.import(FileKind::Participants, &[sem(&[])]);
    book.import(FileKind::Leavers, &[left(2, &[])]);
    let enrolments = |book: &mut Book| book.dossier("GV-0001").enrolments.into_values().collect::<Vec<Enrolment>>();
    let [only] = enrolments(&mut book).try_into().unwrap();
    assert_eq!((only.left_on, only.destination), (Some(day("2017-07-14")), Some(OutflowDestination::LearnBol)));
    assert_eq!(book.import(FileKind::Leavers, &[left(2, &[])]).trainees, []);

    book.import(FileKind::Leavers, &[left(2, &[("left_on", "2017-06-30"), ("destination", "WORK")])]);
    let [only] = enrolments(&mut book).try_into().unwrap();
    assert_eq!((only.left_on, only.destination), (Some(day("2017-06-30")), Some(OutflowDestination::Work)));

    let next_year = book.import(FileKind::Leavers, &[left(2, &[("left_on", "2018-06-30")])]);
    assert_eq!(enrolments(&mut book).len(), 2, "leaving again in another year is another enrolment");
    assert!(next_year.notes.iter().any(|note| note.kind == NoteKind::Warning && note.column.as_deref() == Some("left_on")));
    assert_eq!(book.import(FileKind::Participants, &[sem(&[])]).trainees, []);
}

#[test]
fn two_enrolments_of_one_pupil_in_one_file_stay_two() {
    let mut book = Book::new();
    book.import(FileKind::Leavers, &[left(2, &[]), left(3, &[("left_on", "2016-10-01"), ("destination", "OTHER_PRO")])]);
    assert_eq!(book.dossier("GV-0001").enrolments.len(), 2);
}

#[test]
fn trainings_and_placements_find_their_trajectory_or_say_why_not() {
    let mut book = Book::new();
    let course = row(2, &[("reference", "GV-0001"), ("course", "VCA"), ("start", "2022-02-07"), ("result", "PASSED")]);
    let plan = book.import(FileKind::Trainings, std::slice::from_ref(&course));
    assert_eq!(plan.rejected[0].column.as_deref(), Some("reference"), "no dossier yet");
    book.import(FileKind::Participants, &[sem(&[])]);
    book.import(FileKind::Trainings, std::slice::from_ref(&course));
    let trainings: Vec<_> = book.dossier("GV-0001").trainings.into_values().collect();
    assert_eq!(trainings.len(), 1, "the training of the participants row has this start and no course yet");
    assert_eq!(trainings[0].course.as_deref(), Some("VCA"));
    assert_eq!(trainings[0].result, Some(TrainingResult::Passed), "files correct each other; only people's work is protected");
    assert_eq!(book.import(FileKind::Participants, &[sem(&[])]).trainees, [], "and do not take turns");

    let job = row(2, &[("reference", "GV-0001"), ("programme", "bouw"), ("type", "TRIAL"), ("start", "2022-04-04")]);
    book.import(FileKind::Placements, std::slice::from_ref(&job));
    assert_eq!(book.dossier("GV-0001").placements.len(), 2);
    assert_eq!(book.import(FileKind::Placements, std::slice::from_ref(&job)).trainees, []);

    book.import(
        FileKind::Participants,
        &[sem(&[
            ("referral_date", "2023-01-01"),
            ("intake_date", ""),
            ("agreement_date", ""),
            ("coach", ""),
            ("training_start", ""),
            ("training_end", ""),
            ("training_result", ""),
            ("placement_start", ""),
            ("placement_type", ""),
            ("hours_per_week", ""),
            ("employer", ""),
            ("final_phase_date", ""),
        ])],
    );
    assert_eq!(book.dossier("GV-0001").trajectories.len(), 2);
    let unclear =
        book.import(FileKind::Placements, &[row(2, &[("reference", "GV-0001"), ("type", "TRIAL"), ("start", "2023-04-04")])]);
    assert_eq!(unclear.rejected[0].column.as_deref(), Some("trajectory_ref"));
}

#[test]
fn the_register_is_imported_once_edited_by_people_and_refuses_what_is_wrong() {
    let mut content = Content::new();
    let rows = [
        entry(Section::Programmes, &[("code", "waw"), ("name", "Werken aan Werk"), ("success_definition", "PAID_WORK")]),
        entry(
            Section::Targets,
            &[
                ("programme", "waw"),
                ("metric", "STARTED"),
                ("unit", "TRAJECTORIES"),
                ("value", "1200"),
                ("due", "2024-12-31"),
                ("method", "monitor"),
            ],
        ),
        entry(
            Section::Schools,
            &[("name", "Heliomare College"), ("type", "VSO 3"), ("headcounts", "2016-10-01=171|2018-10-01=220")],
        ),
        entry(
            Section::Funding,
            &[
                ("code", "impuls"),
                ("kind", "IMPULS"),
                ("amount_cents", "25680000"),
                ("schools", "Heliomare College"),
                ("programmes", "werken aan werk"),
            ],
        ),
    ];
    let plan = super::register::plan(&rows, &content, day(TODAY));
    assert_eq!((plan.rejected.len(), plan.changed_rows), (0, 4), "{:?}", plan.rejected);
    apply(&mut content, &plan.writes);
    let register = Register::read(&content);
    let school = &register.schools["heliomare-college"];
    assert_eq!((school.school_type, school.cluster), (Some(SchoolType::Vso), Some(3)));
    assert_eq!(school.headcounts[&day("2018-10-01")], 220);
    assert_eq!(register.funding["impuls"].schools.as_deref(), Some("heliomare-college"));
    assert_eq!(register.funding["impuls"].programmes.as_deref(), Some("waw"));
    assert_eq!(super::register::plan(&rows, &content, day(TODAY)).writes, []);

    let mut more = rows.clone();
    more[1].cells.insert("value", "1300".into());
    let plan = super::register::plan(&more, &content, day(TODAY));
    apply(&mut content, &plan.writes);
    let targets: Vec<_> = Register::read(&content).targets.into_values().collect();
    assert_eq!(targets.len(), 2, "a promise is never changed; a new one holds from today");
    assert!(targets.iter().any(|target| target.value == Some(1300) && target.valid_from == Some(day(TODAY))));

    for (section, cells, column) in [
        (
            Section::Targets,
            vec![
                ("programme", "waw"),
                ("metric", "STARTED"),
                ("unit", "PERSONS"),
                ("value", "0"),
                ("due", "2024-12-31"),
                ("method", "m"),
            ],
            "value",
        ),
        (
            Section::Targets,
            vec![("programme", "waw"), ("metric", "STARTED"), ("unit", "PERSONS"), ("value", "5"), ("due", "2024-12-31")],
            "method",
        ),
        (Section::Programmes, vec![("code", "x"), ("name", "X"), ("part_of", "x")], "part_of"),
        (Section::Employers, vec![("name", "Bakker"), ("kvk", "123")], "kvk"),
        (Section::Schools, vec![("name", "S"), ("type", "HAVO")], "type"),
    ] {
        let plan = super::register::plan(&[entry(section, &cells)], &content, day(TODAY));
        assert_eq!(plan.rejected.first().and_then(|rejected| rejected.column.as_deref()), Some(column), "{cells:?}");
    }
}

#[test]
fn labels_and_codes_mean_the_same_in_a_file() {
    for group in TargetGroup::ALL {
        assert_eq!(TargetGroup::from_text(group.label(Lang::Nl)), Some(*group));
    }
}
