//! `veldboek-server`: one region's server on one machine.

use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;
use veldboek_server::args::{Cli, Command, DeviceCommand, PeopleCommand, Serve};
use veldboek_server::config::{self, Settings};
use veldboek_server::failure::ServerError;
use veldboek_server::run::Server;
use veldboek_server::{admin, log, render};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start();
    match carry_out(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

#[allow(clippy::print_stderr, reason = "errors of a command go to standard error")]
fn complain(error: &ServerError) {
    eprintln!("error: {error}");
}

fn carry_out(cli: Cli) -> Result<(), ServerError> {
    let mut settings = config::load(cli.config.as_deref())?;
    if let Some(store) = cli.store {
        settings.store = store;
    }
    match cli.command {
        Command::Serve(options) => serve(settings, options),
        Command::Invite(options) => {
            render::print(&admin::invite(&settings, &options)?, options.output.format);
            Ok(())
        }
        Command::Device { command: DeviceCommand::List { output } } => {
            render::print(&admin::devices(&settings)?, output.format);
            Ok(())
        }
        Command::Device { command: DeviceCommand::Show { id, output } } => {
            render::print(&admin::device_named(&settings, &id)?, output.format);
            Ok(())
        }
        Command::People { command: PeopleCommand::List { output } } => {
            render::print(&admin::people(&settings)?, output.format);
            Ok(())
        }
        Command::Verify(options) => {
            let found = admin::verify(&settings, options.head)?;
            render::print(&found, options.output.format);
            match () {
                () if !found.whole => Err(ServerError::Damaged),
                () if options.head.is_some() && found.noted_head_seq.is_none() => Err(ServerError::HeadMissing),
                () => Ok(()),
            }
        }
    }
}

fn serve(mut settings: Settings, options: Serve) -> Result<(), ServerError> {
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
        announce(&server, bound);
        server.run(listener, stopped()?).await
    })
}

#[allow(clippy::print_stdout, reason = "people and tests wait for these lines")]
fn announce(server: &Server, bound: std::net::SocketAddr) {
    if let Some(first) = server.first_start() {
        println!("region {}: nobody is enrolled yet.", server.identity().region);
        println!();
        println!("  administrator's code   {}   (good once, until {})", first.code, first.expires);
        println!("  to use it              veldboek enrol {} --server http://{bound}", first.code);
        println!("  escrow copy of the key {}", first.escrow.display());
        println!("                         move it to a safe: paper or a stick, not this machine");
        println!();
    }
    println!("listening on http://{bound}");
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
