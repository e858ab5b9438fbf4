//! One device turns hostile. Anna's phone is enrolled, granted and live; whoever holds it knows the protocol and signs with
//! its key. Each attack is stopped at the step that is meant for it, the same push without its one fault is taken in, and
//! colleagues notice nothing.
//!
//! All attacks run once, against one server in a process of its own, over HTTP; each test looks at its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]
#![allow(clippy::print_stdout, reason = "the seed and the table are what is looked at when an attack is not stopped")]

use std::sync::OnceLock;
use std::time::Duration;

use tempfile::tempdir;
use veldboek_core::statement::Role;
use veldboek_tests::Dice;
use veldboek_tests::attacks::Row;
use veldboek_tests::attacks::line::Device;
use veldboek_tests::attacks::requests::{Cast, Setting};
use veldboek_tests::attacks::watch::{Seen, Watch};
use veldboek_tests::process::Server;

const SEED: u64 = 20_250_303;
/// Patience that a test has, and no limit on how often somebody may ask: what is measured is the gate.
const LIMITS: &str =
    "[limits]\nidle_seconds = 1\nbody_seconds = 12\nunsigned_seconds = 2\ndevice_requests_per_minute = 1000000\n";

/// What came of all attacks, and what the honest client and the server's memory showed meanwhile.
fn outcome() -> &'static (Vec<Row>, Seen) {
    static OUTCOME: OnceLock<(Vec<Row>, Seen)> = OnceLock::new();
    OUTCOME.get_or_init(|| attacked(SEED))
}

fn attacked(seed: u64) -> (Vec<Row>, Seen) {
    let folder = tempdir().unwrap();
    let server = Server::start_configured(&folder.path().join("server"), LIMITS);
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let code = server.invite("carla", "Carla de Groot", "coordinator");
    let coordinator = Device::enrol(server.address(), &code, &mut dice).unwrap();
    let mut cast = Cast::around(coordinator, &mut dice).unwrap();
    let honest = cast.coordinator.brings("honest", Role::Coach, &mut dice).unwrap();
    let mut watch = Watch::over(honest, Some(server.process()), seed);
    let setting = Setting {
        idle: Duration::from_secs(1),
        body: Duration::from_secs(12),
        unsigned: Duration::from_secs(2),
        body_bytes: 8 << 20,
    };
    let rows = cast.attack(&setting, &mut watch, &mut dice);
    rows.iter().for_each(|row| println!("{row}"));
    let seen = watch.seen();
    println!("{seen:?}, ratio {:.2}", seen.ratio());
    (rows, seen)
}

/// The rows of one attack, all as they should be.
#[track_caller]
fn stopped(number: u8) -> Vec<&'static Row> {
    let rows: Vec<&Row> = outcome().0.iter().filter(|row| row.number == number).collect();
    assert!(!rows.is_empty(), "attack {number} was not made");
    rows.iter().for_each(|row| assert!(row.passed(), "{row}"));
    rows
}

macro_rules! attacks {
    ($($name:ident = $number:literal, $rows:literal;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(stopped($number).len(), $rows);
        }
    )*};
}

// The name of each attack, its number in the issue, and in how many ways it is tried.
attacks! {
    attack_01_forged_actor = 1, 1;
    attack_02_forged_or_missing_signature = 2, 2;
    attack_03_equivocation = 3, 1;
    attack_04_gap_in_seq = 4, 1;
    attack_05_dependency_bomb = 5, 1;
    attack_06_dependencies_in_another_document = 6, 1;
    attack_07_start_op_jump = 7, 1;
    attack_08_operation_bomb = 8, 1;
    attack_09_inflate_bomb_in_a_chunk_and_in_the_body = 9, 3;
    attack_10_malformed_column_encoding = 10, 2;
    attack_11_operation_on_a_missing_object = 11, 2;
    attack_12_map_over_the_visits_container = 12, 12;
    attack_13_oversize_and_quota = 13, 3;
    attack_14_replay_of_an_old_push_or_nonce = 14, 2;
    attack_15_never_finishing_sync = 15, 4;
    attack_16_dossier_without_grant_or_reassigned = 16, 2;
}

#[test]
fn meanwhile_the_server_takes_less_than_100_mb_more_than_when_idle() {
    let memory = outcome().1.memory;
    // Only where the system tells; and there it must.
    assert_eq!(memory.is_some(), std::path::Path::new("/proc/self/status").exists());
    if let Some(memory) = memory {
        println!("{:.1} MB above idle", memory as f64 / 1e6);
        assert!(memory < 100_000_000, "{memory} bytes");
    }
}

#[test]
fn meanwhile_an_honest_client_syncs_on_all_the_time() {
    // Each of them is a visit that was accepted, or the attack itself had failed; none had to be sent twice.
    let (quiet, attacked) = outcome().1.syncs;
    assert!(quiet >= 100 && attacked == quiet, "{:?}", outcome().1);
    assert_eq!(outcome().1.put_off, 0, "the server was busy for an honest client");
    // How much slower its slowest syncs are is printed, and for the program of the attacks to judge on a machine that does nothing
    // else: a test must not depend on what its machine does besides.
    println!("p99 under attack is {:.2} times that in quiet", outcome().1.ratio());
}
