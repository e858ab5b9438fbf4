//! The `veldboek` program as a library, so that tests can run its commands: arguments in, data on one stream, hints
//! and errors on another, an exit status.

mod args;
mod client;
mod clock;
mod commands;
mod console;
pub mod demo;
mod faults;
mod message;
mod paths;
mod render;
mod signals;
pub mod tables;
mod unlocked;
mod usage;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;

use clap::FromArgMatches;

pub use console::Console;
pub use message::Exit;

/// Runs one command line, the program's name included.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = usage::language(&arguments);
    let cli = match args::command(lang).try_get_matches_from(arguments).and_then(|matches| args::Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error, lang, console),
    };
    console.quiet |= cli.globals.quiet;
    console.color &= !cli.globals.no_color;
    let lang = cli.globals.lang.unwrap_or(lang);
    let format = cli.globals.format;
    // A panic is a fault of ours: one line for the person, no backtrace, and the store is safe by construction.
    match std::panic::catch_unwind(AssertUnwindSafe(|| commands::run(cli, lang, console))) {
        Ok(Ok(output)) => console.show(&output, format, lang),
        Ok(Err(problem)) => console.problem(&problem, lang),
        Err(panic) => console.fault(panic.as_ref(), lang),
    }
}
