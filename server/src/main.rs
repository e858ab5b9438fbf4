//! `veldboek-server`: one region's server on one machine.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;
use tokio::net::TcpListener;
use veldboek_core::record::Lang;
use veldboek_core::sync::server::ErasureOrder;
use veldboek_core::words::Words;
use veldboek_server::args::{Cli, Command, DeviceCommand, EraseCommand, KeyCommand, PeopleCommand, Serve, command, locale};
use veldboek_server::config::{self, Settings};
use veldboek_server::failure::ServerError;
use veldboek_server::run::Server;
use veldboek_server::{admin, asking, audit, backup, help, log, render};

/// Asked before a device is revoked.
const REVOKE: Words = Words::new(
    "Dit apparaat intrekken? Het krijgt niets meer en wist zich bij het volgende contact; dat is niet terug te draaien.",
    "Revoke this device? It gets nothing any more and wipes itself at its next contact; that cannot be undone.",
);
/// Asked before a dossier is erased.
const ERASE: Words = Words::new(
    "Dit dossier wissen, hier en op alle apparaten? Dat is niet terug te draaien.",
    "Erase this dossier, here and on every device? That cannot be undone.",
);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let lang = help::asked(&arguments).unwrap_or_else(locale);
    let parsed = command(lang).try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, lang),
    };
    log::start();
    match carry_out(cli, lang) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.say(lang), lang);
            ExitCode::from(error.exit_status())
        }
    }
}

/// Help and version are what was asked for; anything else is wrong usage.
fn not_understood(error: &clap::Error, lang: Lang) -> ExitCode {
    use clap::error::ErrorKind as Kind;
    match error.kind() {
        Kind::DisplayHelp | Kind::DisplayVersion | Kind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
        _ => {}
    }
    let (what, hint) = help::explained(error, lang);
    complain(&what, lang);
    advise(&hint, lang);
    ExitCode::from(2)
}

#[allow(clippy::print_stderr, reason = "what to do next goes where the error went")]
fn advise(hint: &str, lang: Lang) {
    match lang {
        Lang::Nl => eprintln!("tip: {hint}"),
        Lang::En => eprintln!("hint: {hint}"),
    }
}

#[allow(clippy::print_stderr, reason = "errors of a command go to standard error")]
fn complain(what: &str, lang: Lang) {
    match lang {
        Lang::Nl => eprintln!("fout: {what}"),
        Lang::En => eprintln!("error: {what}"),
    }
}

fn carry_out(cli: Cli, lang: Lang) -> Result<(), ServerError> {
    let mut settings = config::load(cli.config.as_deref())?;
    if let Some(store) = cli.store {
        settings.store = store;
    }
    settings.master_key = cli.master_key.or(settings.master_key);
    match cli.command {
        Command::Serve(options) => return serve(settings, options, lang),
        Command::Invite(options) => render::print(&admin::invite(&settings, &options, lang)?, options.output.format, lang),
        Command::Device { command: DeviceCommand::List { output } } => {
            render::print(&admin::devices(&settings, lang)?, output.format, lang);
        }
        Command::Device { command: DeviceCommand::Show { id, output } } => {
            render::print(&admin::device_named(&settings, &id, lang)?, output.format, lang);
        }
        Command::Device { command: DeviceCommand::Revoke { id, reason, accept_unsent, yes, output } } => {
            asking::confirm(REVOKE, yes, lang)?;
            let revoked = admin::revoke(&settings, &id, Some(reason), accept_unsent, lang)?;
            render::print(&revoked, output.format, lang);
        }
        Command::Device { command: DeviceCommand::AllowUnsent { id, output } } => {
            render::print(&admin::allow_unsent(&settings, &id, lang)?, output.format, lang);
        }
        Command::People { command: PeopleCommand::List { output } } => {
            render::print(&admin::people(&settings, lang)?, output.format, lang);
        }
        Command::Erase { command } => {
            let (order, output) = match command {
                EraseCommand::List { output } => (ErasureOrder::List, output),
                EraseCommand::Confirm { one, yes } => {
                    asking::confirm(ERASE, yes, lang)?;
                    (ErasureOrder::Confirm(one.document), one.output)
                }
                EraseCommand::Refuse(one) => (ErasureOrder::Refuse(one.document), one.output),
            };
            render::print(&admin::erasures(&settings, order)?, output.format, lang);
        }
        Command::Key { command: KeyCommand::Rotate { new, output } } => {
            render::print(&admin::rotate_key(&settings, &new)?, output.format, lang);
        }
        Command::Backup(options) => {
            render::print(&backup::backup(&settings, &options, &mut report)?, options.output.format, lang);
        }
        Command::Restore(options) => {
            render::print(&backup::restore(&settings, &options, &mut report)?, options.output.format, lang);
        }
        Command::Reopen(options) => render::print(&admin::reopen(&settings)?, options.output.format, lang),
        Command::Audit(options) => audit::print(&settings, &options, lang)?,
        Command::Verify(options) => {
            let found = admin::verify(&settings, options.head, lang)?;
            render::print(&found, options.output.format, lang);
            if !found.whole {
                return Err(ServerError::Damaged);
            }
            if found.head_missing {
                return Err(ServerError::HeadMissing);
            }
            if !found.contradicted.is_empty() {
                return Err(ServerError::Contradicted);
            }
        }
    }
    Ok(())
}

#[allow(clippy::print_stderr, reason = "progress goes to standard error")]
fn report(what: &str) {
    eprintln!("{what}");
}

fn serve(mut settings: Settings, options: Serve, lang: Lang) -> Result<(), ServerError> {
    settings.region = options.region.or(settings.region);
    settings.listen = options.listen.unwrap_or(settings.listen);
    let runtime = tokio::runtime::Runtime::new().map_err(ServerError::System)?;
    runtime.block_on(async {
        // First the address: a first start that cannot listen should leave no store behind.
        let address = settings.listen.clone();
        let cannot = |source| ServerError::CannotListen { address: address.clone(), source };
        let listener = TcpListener::bind(&settings.listen).await.map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        let server = Server::open(settings)?;
        let stopped = stopped()?;
        render::announce(server.first_start(), &server.identity().region, bound, lang);
        server.run(listener, stopped).await
    })
}

/// Ready when the system or a person wants the server to stop.
fn stopped() -> Result<impl Future<Output = ()>, ServerError> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(ServerError::System)?;
    Ok(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<()>();
        tokio::select! {
            _ = terminated => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}
