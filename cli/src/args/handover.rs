//! Dossiers that change hands, and work that waits for a coordinator.

use clap::{Args, Subcommand};
use veldboek_core::clock::Day;

use super::work::*;

/// `transfer`
#[derive(Debug, Args)]
pub(crate) struct TransferTo {
    #[command(flatten)]
    pub(crate) name: TraineeName,
    /// Code van de opvolger | Code of the successor
    pub(crate) coach: String,
    /// Eerste dag van de opvolger; zonder deze: vandaag | The successor's first day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) on: Option<Day>,
    /// Code van wie overdraagt; zonder deze: de eerste coach van nu | Code of who hands over; without it: the present first coach
    #[arg(long, value_name = "CODE")]
    pub(crate) from: Option<String>,
    /// Warme overdracht: wie overdraagt houdt toegang tot en met deze dag | Warm handover: who hands over keeps access through this day
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) together_until: Option<Day>,
    /// Waarom | Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Wat de opvolger moet weten; staat in het dossier | What the successor should know; it stands in the dossier
    #[arg(long)]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `cover`
#[derive(Debug, Args)]
pub(crate) struct CoverBy {
    #[command(flatten)]
    pub(crate) name: TraineeName,
    /// Code van wie vervangt | Code of who fills in
    pub(crate) coach: String,
    /// Eerste dag; zonder deze: vandaag | First day; without it: today
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) from: Option<Day>,
    /// Laatste dag, ook van de toegang | Last day, of the access too
    #[arg(long, value_name = "DATE", value_parser = value::<Day>)]
    pub(crate) until: Day,
    /// Waarom | Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Wat de vervanger moet weten; staat in het dossier | What the one who fills in should know; it stands in the dossier
    #[arg(long)]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) check: TextCheck,
}

/// `quarantine`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Quarantine {
    #[command(subcommand)]
    pub(crate) command: Option<QuarantineCommand>,
}

/// `quarantine list`, `accept`, `refuse`
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Wat wacht, van wie, waarom, en wat er staat | What waits, whose it is, why, and what it says
    List,
    /// Toelaten, met alles wat erop voortbouwt | Let it in, with all that builds on it
    Accept(QuarantineAccept),
    /// Van de lijst halen wat van u is geweigerd, als u het heeft gelezen of anders vastgelegd; van een dossier dat hier niet meer is, gaat de tekst voorgoed weg | Take what of yours was refused off the list, once you have read it or recorded it differently; of a dossier that is no longer here the text goes for good
    Dismiss(QuarantineDismiss),
    /// Niet toelaten; de schrijver houdt de tekst en hoort waarom | Do not let it in; its author keeps the text and hears why
    Refuse(QuarantineRefuse),
}

/// `quarantine accept`
#[derive(Debug, Args)]
pub(crate) struct QuarantineAccept {
    /// Het kenmerk uit `quarantine list` | The id from `quarantine list`
    pub(crate) change: String,
    /// Waarom; te lezen in de geschiedenis | Why; to be read in the history
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// `quarantine dismiss`
#[derive(Debug, Args)]
pub(crate) struct QuarantineDismiss {
    /// Het kenmerk uit `status`, of van wat uit een bestand kwam uit `quarantine list` | The id from `status`, or of what came in a file from `quarantine list`
    pub(crate) change: String,
}

/// `quarantine refuse`
#[derive(Debug, Args)]
pub(crate) struct QuarantineRefuse {
    /// Het kenmerk uit `quarantine list` | The id from `quarantine list`
    pub(crate) change: String,
    /// Waarom; de schrijver leest het | Why; its author reads it
    #[arg(long)]
    pub(crate) reason: String,
    /// Ook weigeren wat erop voortbouwt; zonder dit legt het apparaat van de schrijver dat opnieuw vast | Refuse what builds on it too; without this its author's device records that anew
    #[arg(long)]
    pub(crate) all: bool,
}
