//! What the line carries, measured on the socket: a coach with forty dossiers of a hundred visits each writes one visit more.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::collections::BTreeMap;
use std::sync::Arc;

use veldboek_core::cache::NoCache;
use veldboek_core::codes::{Competence, PartySpoken, Score};
use veldboek_core::disk::RealDisk;
use veldboek_core::field_book::{FieldBook, Job, Target};
use veldboek_core::ids::{AgreementId, TraineeId, TrajectoryId, VisitId};
use veldboek_core::keyring::WrappingKey;
use veldboek_core::record::Record;
use veldboek_core::trainee::Trainee;
use veldboek_core::trajectory::Trajectory;
use veldboek_core::visit::{Agreement, Visit};
use veldboek_tests::process::{Exchange, Person, Town, number, rows, text};
use veldboek_tests::{Dice, FieldClock};

const DOSSIERS: usize = 40;
const VISITS: usize = 100;
const SEED: u64 = 4000;

const WORDS: &[&str] = &[
    "kas",
    "gieter",
    "chef",
    "pauze",
    "rooster",
    "kassa",
    "magazijn",
    "op tijd",
    "te laat",
    "rustig",
    "zelfstandig",
    "vraagt",
    "ruimt",
    "op",
    "werkt",
    "aan",
    "met",
    "de",
    "het",
    "een",
    "collega",
    "klant",
    "week",
    "morgen",
    "afspraak",
    "goed",
    "moe",
    "vrolijk",
    "planten",
    "dozen",
    "steiger",
    "keuken",
    "veilig",
    "tempo",
    "bespreken",
    "opnieuw",
    "oefenen",
];

/// Three hundred characters that no visit before it has.
const UNSEEN: &str = "Vandaag hielp Mischa voor het eerst zélf een bejaarde bezoekster bij de pinautomaat; zenuwachtig, maar \
hoffelijk. Bedrijfsleider Özgür prijst haar geduld, twijfelt over drukke zaterdagen. Wij spraken af: vrijdags proefdraaien, \
daarna evalueren. Thuis speelt huurachterstand, wijkteam gebeld. Jas stuk";

/// Anna founds forty dossiers and writes a hundred visits in each, every visit a change of its own.
fn write_caseload(anna: &Person) {
    let disk = Arc::new(RealDisk::open(&anna.store).unwrap());
    let key = WrappingKey::read(&*disk).unwrap();
    let mut book = FieldBook::open(disk, Arc::new(NoCache), &key).unwrap();
    let (mut dice, mut clock) = (Dice::new(SEED), FieldClock::start());
    let day = |text: &str| Some(text.parse().unwrap());
    let mut trajectories = Vec::new();
    let jobs = (0..DOSSIERS)
        .map(|index| {
            let trainee = Trainee {
                id: Some(TraineeId::fresh(clock.0, &mut dice)),
                organisation: Some("werkpartners".into()),
                reference: Some(format!("WF-2025-{index:04}")),
                given_name: Some("Sanne".into()),
                ..Trainee::default()
            };
            let trajectory = Trajectory {
                programme: Some("kans".into()),
                referral_date: day("2024-10-01"),
                intake_date: day("2024-10-10"),
                agreement_date: day("2024-11-01"),
                ..Trajectory::default()
            };
            let id = TrajectoryId::fresh(clock.0, &mut dice);
            trajectories.push(id);
            let writes = [trainee.create(""), trajectory.create(&id.to_string())].concat();
            Job::new(Target::New, writes)
        })
        .collect();
    let documents = book.perform_all(jobs, clock.now(), &mut dice).unwrap();
    let mut jobs = Vec::new();
    for _ in 0..VISITS {
        for (document, trajectory) in documents.iter().zip(&trajectories) {
            clock.pass_minutes(1);
            let id = VisitId::fresh(clock.0, &mut dice);
            let summary: Vec<&str> = (0..25).map(|_| WORDS[dice.below(WORDS.len() as u64) as usize]).collect();
            let visit = Visit {
                trajectory: Some(*trajectory),
                coach: Some("anna".into()),
                started_at: Some(clock.now().local),
                duration_min: Some(45),
                parties: [PartySpoken::Trainee].into(),
                summary: Some(summary.join(" ")),
                scores: BTreeMap::from([(Competence::OnTime, Score::Two), (Competence::Learn, Score::One)]),
                recorded_at: Some(clock.0),
                finalised_at: Some(clock.0),
                ..Visit::default()
            };
            let agreement = Agreement {
                visit: Some(id),
                text: Some(summary[..4].join(" ")),
                owner: Some(PartySpoken::Trainee),
                ..Agreement::default()
            };
            let agreed = AgreementId::fresh(clock.0, &mut dice).to_string();
            let writes = [visit.create(&id.to_string()), agreement.create(&agreed)].concat();
            jobs.push(Job::new(Target::Existing(*document), writes));
        }
    }
    book.perform_all(jobs, clock.now(), &mut dice).unwrap();
}

/// The one exchange that a `sync` made, and that the program counted the same bytes as the wire.
#[track_caller]
fn one_exchange(town: &Town) -> Exchange {
    town.wire.carried();
    let synced = town.anna.does(&["sync"]);
    let carried = town.wire.carried();
    assert_eq!(carried.len(), 1, "{carried:?}");
    let only = carried[0].clone();
    assert_eq!(number(&synced, "round_trips"), 1);
    assert_eq!(number(&synced, "body_bytes_sent") as usize, only.body_up);
    assert_eq!(number(&synced, "body_bytes_received") as usize, only.body_down);
    assert!(number(&synced, "header_bytes_sent") as usize <= only.authentication);
    assert_eq!(synced["up_to_date"], true);
    only
}

#[test]
fn one_visit_in_a_large_caseload_costs_its_own_size_and_nothing_new_costs_next_to_nothing() {
    assert_eq!(UNSEEN.chars().count(), 300);
    println!("seed {SEED}");
    let mut town = Town::found();
    write_caseload(&town.anna);
    let first = town.anna.does(&["sync"]);
    assert_eq!(number(&first, "accepted") as usize, DOSSIERS * (VISITS + 1), "{first}");

    // Both begin anew: the server is another process from here on, and every command of a coach is.
    town.stop_server();
    town.start_server(None);
    let visit = [
        "visit",
        "log",
        "WF-2025-0017",
        "--started-at",
        "2025-06-02 10:15",
        "--duration",
        "50",
        "--party",
        "TRAINEE",
        "--summary",
        UNSEEN,
        "--score",
        "PACE=2",
        "--score",
        "CUSTOMER=3",
        "--score",
        "FEEDBACK=1",
        "--agreement",
        "Vrijdag drie uur proefdraaien achter de kassa",
        "--agreement-owner",
        "EMPLOYER",
        "--agreement-due",
        "2025-06-06",
    ];
    town.anna.does(&visit);
    let one = one_exchange(&town);
    let bodies = one.body_up + one.body_down;
    println!("one new visit: 1 round trip, {} + {} = {bodies} bytes in bodies", one.body_up, one.body_down);
    println!("  authentication, apart: {} bytes of headers", one.authentication);
    assert!(bodies <= 1_500, "{one:?}");
    assert!(one.authentication <= 350, "{one:?}");

    let none = one_exchange(&town);
    let bodies = none.body_up + none.body_down;
    println!("nothing new: 1 round trip, {} + {} = {bodies} bytes in bodies", none.body_up, none.body_down);
    println!("  authentication, apart: {} bytes of headers", none.authentication);
    assert!(bodies <= 200, "{none:?}");
    assert!(none.authentication <= 350, "{none:?}");

    // What went over so narrow a line is whole on the other side.
    let carla = &town.carla;
    carla.does(&["sync"]);
    let list = carla.does(&["visit", "list", "WF-2025-0017", "--from", "2025-06-02", "--to", "2025-06-02"]);
    let there = rows(&list).iter().find(|row| text(row, "summary") == UNSEEN).expect("the visit, word for word");
    assert_eq!(there["scores"].as_object().unwrap().len(), 3);
    assert_eq!(there["agreements"].as_array().unwrap().len(), 1);
    assert_eq!(rows(&carla.does(&["visit", "list", "WF-2025-0017"])).len(), VISITS + 1);
}
