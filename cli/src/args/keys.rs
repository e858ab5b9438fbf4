//! Options of the commands that lock and unlock.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// How the keys of a new field book are kept.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewKeys {
    /// Zonder wachtzin: de sleutels liggen onbeveiligd in een bestand, voor proeven en tests | Without a passphrase: the keys lie unprotected in a file, for trials and tests
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) no_passphrase: bool,
}

/// From 1 to 24.
fn hours(text: &str) -> Result<u8, String> {
    text.trim().parse().ok().filter(|hours| (1..=24).contains(hours)).ok_or_else(|| "1 … 24".to_owned())
}

/// `unlock`
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// Zo lang blijft het ontgrendeld, 1 tot 24 uur | How long it stays unlocked, 1 to 24 hours
    #[arg(long, value_name = "HOURS", default_value_t = 8, value_parser = hours)]
    pub(crate) hours: u8,
}

/// `lock`
#[derive(Debug, Args)]
pub(crate) struct Lock {
    #[command(flatten)]
    pub(crate) new: NewPassphrase,
}

/// `passphrase`
#[derive(Debug, Subcommand)]
pub(crate) enum PassphraseCommand {
    /// Een wachtzin instellen, of een andere | Set a passphrase, or another one
    Set(NewPassphrase),
}

/// A passphrase to be set.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewPassphrase {
    /// De nieuwe wachtzin staat in dit bestand | The new passphrase is in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}
