//! Attacks a running server with everything that one hostile device can do, each attack with its control, and prints what
//! came of it. For a server that is being set up, with data that do not matter: the dossiers that it makes stay there.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use veldboek_tests::Dice;
use veldboek_tests::attacks::line::Device;
use veldboek_tests::attacks::requests::{Cast, Setting};
use veldboek_tests::attacks::watch::Watch;

/// How many times slower the slowest syncs of an honest client may become.
const MOST_SLOWED: f64 = 2.0;
/// How much memory the server may take above idle, in bytes.
const MOST_MEMORY: u64 = 100_000_000;

/// Attacks a running server, each attack with its control.
#[derive(Debug, Parser)]
#[command(
    name = "attack",
    after_help = "It makes people and dossiers that stay: use a server that is being set up. It ends by itself, with the defaults after some ten minutes. Exit status 1 when one attack was not stopped where it should be, or a control was, or when the honest client or the memory suffered more than it may; 2 when it could not begin or go on."
)]
struct Args {
    /// Where the server listens, over plain HTTP: `127.0.0.1:8787`.
    #[arg(long)]
    server: String,
    /// An enrolment code for a coordinator. The program enrols, and invites two coaches of its own.
    #[arg(long, required_unless_present = "store")]
    code: Option<String>,
    /// Instead of a code: the store of a coordinator's device that is enrolled and not locked.
    #[arg(long, conflicts_with = "code")]
    store: Option<PathBuf>,
    /// The server's process on this machine: its memory is watched.
    #[arg(long)]
    pid: Option<u32>,
    /// The server's `limits.idle_seconds`.
    #[arg(long, default_value_t = 20)]
    idle_seconds: u64,
    /// The server's `limits.body_seconds`.
    #[arg(long, default_value_t = 300)]
    body_seconds: u64,
    /// The server's `limits.unsigned_seconds`.
    #[arg(long, default_value_t = 10)]
    unsigned_seconds: u64,
    /// The server's `limits.body_bytes`.
    #[arg(long, default_value_t = 8 << 20)]
    body_bytes: usize,
    /// The seed of everything that is random.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // What cannot be set up stops the attacks with a panic that has said why.
    match std::panic::catch_unwind(|| run(&args)).unwrap_or_else(|_| Err("the attacks could not go on; see above".into())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    let address = args.server.trim_start_matches("http://").trim_end_matches('/');
    let address: SocketAddr =
        address.to_socket_addrs().ok().and_then(|mut all| all.next()).ok_or_else(|| format!("'{address}' is no address"))?;
    Device::server_at(address)?;
    let seed = args.seed.unwrap_or_else(|| jiff::Timestamp::now().as_nanosecond() as u64);
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let coordinator = match (&args.code, &args.store) {
        (Some(code), _) => Device::enrol(address, code, &mut dice)?,
        (None, Some(store)) => Device::of_store(address, store, &mut dice)?,
        (None, None) => return Err("a code or a store is needed".into()),
    };
    let mut cast = Cast::around(coordinator, &mut dice)?;
    let honest = cast.coordinator.brings("probe-honest", veldboek_core::statement::Role::Coach, &mut dice)?;
    let mut watch = Watch::over(honest, args.pid, seed);
    let setting = Setting {
        idle: Duration::from_secs(args.idle_seconds),
        body: Duration::from_secs(args.body_seconds),
        unsigned: Duration::from_secs(args.unsigned_seconds),
        body_bytes: args.body_bytes,
    };
    let rows = cast.attack(&setting, &mut watch, &mut dice);
    println!(" #  {:<44} {:<26} {:<26} {:<10}", "attack", "expected", "came", "control");
    for row in &rows {
        println!("{row}");
    }
    let seen = watch.seen();
    println!(
        "honest client: {} syncs in quiet, {} under attack; p99 {:?} and {:?}, ratio {:.2}; median {:?} and {:?}",
        seen.syncs.0,
        seen.syncs.1,
        seen.p99.0,
        seen.p99.1,
        seen.ratio(),
        seen.median.0,
        seen.median.1
    );
    match seen.memory {
        Some(memory) => println!("memory of the server above idle, at its peak: {:.1} MB", memory as f64 / 1e6),
        None if args.pid.is_some() => println!("memory of the server: this machine does not tell of a process with that number"),
        None => {}
    }
    let failed = rows.iter().filter(|row| !row.passed()).count();
    println!("{} attacks, {failed} not as they should be", rows.len());
    let slowed = seen.ratio() > MOST_SLOWED;
    let grown = seen.memory.is_some_and(|bytes| bytes >= MOST_MEMORY);
    if slowed {
        println!("the honest client was slowed down more than {MOST_SLOWED} times");
    }
    if grown {
        println!("the server took more than {} MB above idle", MOST_MEMORY / 1_000_000);
    }
    Ok(failed == 0 && !slowed && !grown)
}
