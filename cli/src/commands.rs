//! The commands: each takes its options and returns data; one place prints it.

mod book;
mod bundle;
mod calendar;
mod conflicts;
mod contacts;
mod context;
mod demo;
mod devices;
mod erasing;
mod exchange;
mod find;
mod handover;
mod import;
mod keys;
mod look;
mod own_devices;
mod person;
mod places;
mod quarantine;
mod register;
mod reports;
mod revoked;
mod setup;
mod torn;
mod trouble;
mod view;
mod visits;
mod watch;
mod work;

use veldboek_core::record::Lang;

use crate::args::{BundleCommand, Cli, Command, PassphraseCommand};
use crate::console::Console;
use crate::message::Problem;
use crate::render::Output;

/// Runs one command, and says what a writer that was cut off left behind.
pub(crate) fn run(cli: Cli, lang: Lang, console: &mut Console) -> Result<Output, Problem> {
    let dir = crate::paths::store(cli.globals.store.as_deref());
    let shows_it = matches!(cli.command, Command::Verify(_));
    let outcome = perform(cli, lang, console);
    if let Ok(dir) = dir.as_deref()
        && let Ok(true) = book::Book::exists(dir)
    {
        torn::tell(dir, shows_it && outcome.is_ok(), lang, console);
    }
    outcome
}

fn perform(cli: Cli, lang: Lang, console: &mut Console) -> Result<Output, Problem> {
    let context = &mut context::Context { globals: cli.globals, lang, console };
    let outcome = dispatch(context, cli.command);
    // A dossier of which the last day has passed is not unknown: say what happened to it.
    if let Err(Problem::Unknown { wanted, .. }) = &outcome
        && let Ok(mut book) = context.book()
        && let Ok(Some(ended)) = book.inner.find_ended(wanted)
    {
        return Err(handover::over(&ended));
    }
    outcome
}

fn dispatch(context: &mut context::Context<'_>, command: Command) -> Result<Output, Problem> {
    match command {
        Command::Init(init) => setup::init(context, init),
        Command::Enrol(enrol) => setup::enrol(context, &enrol),
        Command::Unlock(options) => keys::unlock(context, &options),
        Command::Lock(options) => keys::lock(context, &options),
        Command::Passphrase(PassphraseCommand::Set(options)) => keys::set(context, &options),
        Command::Whoami => setup::whoami(context),
        Command::Invite(invite) => setup::invite(context, invite),
        Command::Device(command) => devices::device(context, &command),
        Command::Trainee(command) => work::trainee(context, command),
        Command::Trajectory(command) => work::trajectory(context, command),
        Command::Placement(command) => places::placement(context, command),
        Command::Training(command) => places::training(context, command),
        Command::Outflow(command) => places::outflow(context, command),
        Command::Visit(command) => visits::visit(context, command),
        Command::Agreement(command) => visits::agreement(context, command),
        Command::Caseload(options) => {
            let mut book = context.book()?;
            visits::caseload(context, &mut book, &options)
        }
        Command::Assign(assign) => visits::assign(context, assign),
        Command::Transfer(transfer) => handover::transfer(context, transfer),
        Command::Cover(cover) => handover::cover(context, cover),
        Command::Quarantine(options) => quarantine::quarantine(context, options),
        Command::Sync(options) => exchange::sync(context, &options),
        Command::Status => exchange::status(context),
        Command::Bundle(BundleCommand::Export(export)) => bundle::export(context, &export),
        Command::Bundle(BundleCommand::Import(files)) | Command::Merge(files) => bundle::merge(context, &files),
        Command::Conflicts(options) => conflicts::conflicts(context, options.command),
        Command::History(name) => look::history(context, &name),
        Command::Export(export) => look::export(context, &export),
        Command::Verify(verify) => look::verify(context, &verify),
        Command::Report(command) => reports::report(context, &mut context.book()?, command),
        Command::Programme(command) => register::keyed(context, command),
        Command::Funding(command) => register::keyed(context, command),
        Command::School(command) => register::keyed(context, command),
        Command::Employer(command) => register::keyed(context, command),
        Command::Coach(command) => register::keyed(context, command),
        Command::Target(command) => register::dated(context, command, |mut target, given, today| {
            // The newer promise holds from today, unless the person says from when.
            if !given.has("valid_from") {
                target.valid_from = Some(today);
            }
            target
        }),
        Command::Observation(command) => register::dated(context, command, |observation, _, _| observation),
        Command::Import(command) => import::import(context, command),
        Command::Demo(options) => demo::demo(context, &options),
    }
}
