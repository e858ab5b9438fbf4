//! Logging. What is never logged is written down in `docs/logging.md`; this file holds the means to keep to it.

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// An id in a log line: enough to tell two apart, too little to look one up.
pub struct Short<T>(pub T);

impl<T: fmt::Display> fmt::Display for Short<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.to_string();
        f.write_str(whole.get(..6).unwrap_or(&whole))
    }
}

/// Logs to standard error, as `RUST_LOG` says, else what an administrator wants to see; and makes panics say where, not what.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A second start, in a test, keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .try_init();
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => tracing::error!(file = place.file(), line = place.line(), "panic"),
        None => tracing::error!("panic"),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shortened_whatever_it_is() {
        assert_eq!(Short("AbCdEfGhIj").to_string(), "AbCdEf");
        assert_eq!(Short("ab").to_string(), "ab");
        assert_eq!(Short("ééééé").to_string(), "ééé");
    }
}
