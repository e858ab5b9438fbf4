//! The real server in this process, on a loopback port: begun, cut off and begun again.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use veldboek_server::config::Settings;
use veldboek_server::run::Server;

use crate::message::{Problem, text};

/// A server that serves.
pub(super) struct Running {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The first administrator's code, at the first start.
    pub(super) code: Option<String>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), String>>,
}

impl Running {
    /// Starts the server of a store; at the first start its region is made.
    pub(super) fn start(store: &Path, region: &str, address: Option<SocketAddr>) -> Result<Self, Problem> {
        let mut settings = Settings::for_store(store);
        settings.region = Some(region.to_owned());
        let server = Server::open(settings).map_err(|error| failed(&error))?;
        let code = server.first_start().map(|first| first.code.clone());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| failed(&error))?;
        let (stop, stopped) = oneshot::channel();
        let (report, bound) = mpsc::channel();
        let wanted = address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = match TcpListener::bind(wanted).await {
                    Ok(listener) => listener,
                    Err(error) => return Err(error.to_string()),
                };
                let _ = report.send(listener.local_addr());
                let shutdown = async {
                    let _ = stopped.await;
                };
                server.run(listener, shutdown).await.map_err(|error| error.to_string())
            })
        });
        match bound.recv() {
            Ok(Ok(address)) => Ok(Self { address, code, stop, thread }),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(ended(thread)),
        }
    }

    /// Where devices find it.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes what is in hand and ends.
    pub(super) fn stop(self) -> Result<(), Problem> {
        let _ = self.stop.send(());
        match self.thread.join() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(failed(&"panic")),
        }
    }
}

fn ended(thread: JoinHandle<Result<(), String>>) -> Problem {
    match thread.join() {
        Ok(Err(error)) => failed(&error),
        _ => failed(&"panic"),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    Problem::Rule(
        text!("de server van de demo: {error}", "the demo's server: {error}"),
        text!("probeer het opnieuw", "try again"),
    )
}
