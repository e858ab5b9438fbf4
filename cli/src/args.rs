//! What may be typed: every command with its options. An option that would do nothing does not exist.
//!
//! A help text is written `Nederlands | English`; [`command`] keeps the half that the reader asked for.

mod form;
mod handover;
mod keys;
mod register;
mod reports;
mod visits;
mod work;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use veldboek_core::record::{Lang, Unreadable};

pub(crate) use form::{Changes, Form};
pub(crate) use handover::*;
pub(crate) use keys::*;
pub(crate) use register::*;
pub(crate) use reports::*;
pub(crate) use visits::*;
pub(crate) use work::*;

use crate::render::Format;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "veldboek",
    version,
    about = "Veldboek: het notitieboek van de jobcoach, ook zonder verbinding | Veldboek: the job coach's field book, with or without a connection",
    after_help = "Begin met `veldboek demo`, of voor echt met `veldboek enrol CODE --server URL`. | Begin with `veldboek demo`, or for real with `veldboek enrol CODE --server URL`.",
    arg_required_else_help = true,
    infer_long_args = false,
    propagate_version = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Algemeen | Everywhere")]
pub(crate) struct Globals {
    /// Map van het veldboek; zonder deze: de gegevensmap van het systeem | Directory of the field book; without it: the platform's data directory
    #[arg(long, global = true, env = "VELDBOEK_STORE", value_name = "DIR", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
    /// Taal van teksten: nl of en; zonder deze: die van het systeem | Language of texts: nl or en; without it: the system's
    #[arg(long, global = true, value_name = "nl|en", value_parser = language)]
    pub(crate) lang: Option<Lang>,
    /// Hoe gegevens worden getoond | How data is shown
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Geen aanwijzingen en voortgang, alleen gegevens en fouten | No hints or progress, only data and errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    /// Zonder kleur | Without colour
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Niet om bevestiging vragen | Do not ask for confirmation
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// De wachtzin staat in dit bestand, voor scripts; zonder dit wordt hij gevraagd | The passphrase is in this file, for scripts; without it, it is asked for
    #[arg(long, global = true, env = "VELDBOEK_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

fn language(text: &str) -> Result<Lang, String> {
    match text {
        "nl" => Ok(Lang::Nl),
        "en" => Ok(Lang::En),
        _ => Err("nl, en".to_owned()),
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Het hele werk op echte cijfers, met een echte server op dit apparaat | The whole job on real figures, with a real server on this machine
    Demo(Demo),
    /// Een nieuw veldboek op dit apparaat beginnen | Begin a field book on this device
    Init(Init),
    /// Dit apparaat bij een server aanmelden met een eenmalige code | Enrol this device with a server, with a one-time code
    Enrol(Enrol),
    /// Dit veldboek ontgrendelen voor de komende uren | Unlock this field book for the coming hours
    Unlock(Unlock),
    /// Dit veldboek op slot doen | Lock this field book
    Lock(Lock),
    /// De wachtzin van dit veldboek | The passphrase of this field book
    #[command(subcommand)]
    Passphrase(PassphraseCommand),
    /// Wie dit apparaat is | Who this device is
    Whoami,
    /// Dossiers van jongeren en kandidaten | Dossiers of trainees
    #[command(subcommand)]
    Trainee(TraineeCommand),
    /// Trajecten: van aanmelding tot uitstroom | Trajectories: from referral to outflow
    #[command(subcommand)]
    Trajectory(TrajectoryCommand),
    /// Plaatsingen: stage, werk, opleiding | Placements: internship, work, education
    #[command(subcommand)]
    Placement(PlacementCommand),
    /// Scholing binnen een traject | Training within a trajectory
    #[command(subcommand)]
    Training(TrainingCommand),
    /// Uitstroom uit een school of een traject | Outflow from a school or a trajectory
    #[command(subcommand)]
    Outflow(OutflowCommand),
    /// Bezoeken plannen, vastleggen en corrigeren | Plan, log and correct visits
    #[command(subcommand)]
    Visit(VisitCommand),
    /// Afspraken uit bezoeken | Agreements made at visits
    #[command(subcommand)]
    Agreement(AgreementCommand),
    /// Wat vandaag, binnenkort of al te lang op een bezoek wacht | What is due today, soon or overdue
    Caseload(Caseload),
    /// Wie een dossier begeleidt, en daarmee wie erbij mag | Who coaches a dossier, and so who may see it
    Assign(Assign),
    /// Een dossier overdragen aan een opvolger, ook warm | Hand a dossier over to a successor, warmly if need be
    Transfer(TransferTo),
    /// Iemand laten vervangen tot en met een dag | Let somebody fill in through a day
    Cover(CoverBy),
    /// Uitwisselen met de server | Exchange with the server
    Sync(Sync),
    /// Wat alleen nog op dit apparaat staat | What is only on this device
    Status,
    /// Uitwisselen met een bestand in plaats van een server | Exchange with a file instead of a server
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Bundelbestanden van anderen opnemen | Take in bundle files of others
    Merge(BundleFiles),
    /// Waarden die een mens moet kiezen | Values that a person has to choose between
    Conflicts(Conflicts),
    /// Werk dat op een besluit van de coördinator wacht | Work that waits for a coordinator's decision
    Quarantine(Quarantine),
    /// Wie wat wanneer in een dossier veranderde | Who changed what when in a dossier
    History(TraineeName),
    /// Cijfers voor directie, raad en financier | Figures for directors, councils and funders
    #[command(subcommand)]
    Report(ReportCommand),
    /// Bestanden inlezen: CSV, en TOML voor het register | Read files: CSV, and TOML for the register
    #[command(subcommand)]
    Import(ImportCommand),
    /// Gegevens van één of alle dossiers als JSON, of één dossier als Automerge-document | One dossier or all as JSON, or one dossier as an Automerge document
    Export(Export),
    /// Programma's en projecten van de regio | Programmes and projects of the region
    #[command(subcommand)]
    Programme(RegisterCommand<ProgrammeForm>),
    /// Doelen van programma's | Targets of programmes
    #[command(subcommand)]
    Target(FactCommand<TargetForm>),
    /// Cijfers met een bron die geen telling van dossiers zijn | Figures with a source that are no counts of dossiers
    #[command(subcommand)]
    Observation(FactCommand<ObservationForm>),
    /// Financieringsbronnen | Funding sources
    #[command(subcommand)]
    Funding(RegisterCommand<FundingForm>),
    /// Scholen | Schools
    #[command(subcommand)]
    School(RegisterCommand<SchoolForm>),
    /// Werkgevers | Employers
    #[command(subcommand)]
    Employer(RegisterCommand<EmployerForm>),
    /// Coaches en coördinatoren | Coaches and coordinators
    #[command(subcommand)]
    Coach(RegisterCommand<CoachForm>),
    /// Een code maken waarmee iemand een apparaat aanmeldt | Make a code with which someone enrols a device
    Invite(Invite),
    /// Apparaten die bij de server zijn aangemeld | Devices that are enrolled with the server
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Nagaan of het veldboek ongeschonden is | Check that the field book is intact
    Verify(Verify),
}

/// `demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Eén regio in plaats van beide: zuid-kennemerland-ijmond of gooi-en-vechtstreek | One region instead of both: zuid-kennemerland-ijmond or gooi-en-vechtstreek
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Alles bewaren in deze (lege) map, ook de bestanden die worden ingelezen | Keep everything in this (empty) directory, also the files that are imported
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// `init`
#[derive(Debug, Default, Args)]
pub(crate) struct Init {
    /// De regio waarvan het register wordt gedeeld | The region whose register is shared
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// De organisatie van nieuwe dossiers | The organisation of new dossiers
    #[arg(long)]
    pub(crate) organisation: Option<String>,
    /// Uw code als coach, bijvoorbeeld `anna` | Your code as a coach, such as `anna`
    #[arg(long, value_name = "CODE")]
    pub(crate) coach: Option<String>,
    /// Hoe collega's u noemen | What colleagues call you
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) keys: NewKeys,
}

/// `enrol`
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// De eenmalige code van uw coördinator | The one-time code from your coordinator
    pub(crate) code: String,
    /// Adres van de server, zoals https://veldboek.example.nl | Address of the server, such as https://veldboek.example.nl
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// Hoe dit apparaat heet in de lijst van apparaten | What this device is called in the list of devices
    #[arg(long)]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) keys: NewKeys,
}

/// `sync`
#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Blijven uitwisselen tot Ctrl-C; anderen kunnen in hetzelfde veldboek gewoon doorwerken | Keep exchanging until Ctrl-C; others can go on working in the same field book
    #[arg(long)]
    pub(crate) watch: bool,
    /// Hoe vaak, in seconden; zonder contact steeds minder vaak | How often, in seconds; without contact less and less often
    #[arg(long, value_name = "SECONDS", requires = "watch", default_value_t = 60, value_parser = seconds)]
    pub(crate) interval: u64,
}

fn seconds(text: &str) -> Result<u64, Unreadable> {
    let seconds: i64 = value(text)?;
    match u64::try_from(seconds) {
        Ok(seconds @ 1..=86_400) => Ok(seconds),
        _ => Err(Unreadable::new(
            format!("'{text}' is geen getal van 1 tot en met 86400"),
            format!("'{text}' is not a number from 1 to 86400"),
        )),
    }
}

/// `bundle`
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Wat de server nog niet heeft in een verzegeld bestand zetten | Write what the server does not have in a sealed file
    Export(BundleExport),
    /// Bundelbestanden van anderen opnemen, hetzelfde als `merge` | Take in bundle files of others, the same as `merge`
    Import(BundleFiles),
}

/// `bundle export`
#[derive(Debug, Args)]
pub(crate) struct BundleExport {
    /// Het nieuwe bestand | The new file
    pub(crate) file: PathBuf,
    /// Ook leesbaar voor deze persoon (code); mag vaker. Coördinatoren en uw eigen apparaten kunnen het altijd | Readable for this person (code) too; may be repeated. Coordinators and your own devices always can
    #[arg(long, value_name = "CODE")]
    pub(crate) to: Vec<String>,
    /// Alles, ook wat de server al heeft | Everything, also what the server has already
    #[arg(long)]
    pub(crate) all: bool,
}

/// `bundle import` and `merge`
#[derive(Debug, Args)]
pub(crate) struct BundleFiles {
    /// De bestanden | The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `conflicts`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Conflicts {
    #[command(subcommand)]
    pub(crate) command: Option<ConflictsCommand>,
}

/// `conflicts list`, `conflicts resolve`
#[derive(Debug, Subcommand)]
pub(crate) enum ConflictsCommand {
    /// Wat er te kiezen valt, met wie wat schreef | What there is to choose, and who wrote what
    List,
    /// Kiezen, voor iedereen | Choose, for everyone
    Resolve(Resolve),
}

/// `conflicts resolve`
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// Het nummer of kenmerk uit `conflicts list` | The number or id from `conflicts list`
    pub(crate) conflict: String,
    /// De waarde met dit nummer kiezen | Choose the value with this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "value", required_unless_present = "value")]
    pub(crate) choose: Option<usize>,
    /// Een andere waarde schrijven | Write another value
    #[arg(long, value_name = "VALUE")]
    pub(crate) value: Option<String>,
    /// Negen cijfers in de waarde zijn geen BSN | Nine digits in the value are no BSN
    #[arg(long, conflicts_with = "choose")]
    pub(crate) no_bsn: bool,
}

/// `import`
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Deelnemers, één regel per traject | Participants, one row per trajectory
    Participants(ImportFile),
    /// Schoolverlaters, één regel per schoolloopbaan | Leavers, one row per school enrolment
    Leavers(ImportFile),
    /// Scholing | Trainings
    Trainings(ImportFile),
    /// Plaatsingen | Placements
    Placements(ImportFile),
    /// Het register van de regio (TOML) | The region's register (TOML)
    Register(ImportRegister),
}

/// `import` of a table
#[derive(Debug, Args)]
pub(crate) struct ImportFile {
    /// Het bestand | The file
    pub(crate) file: PathBuf,
    /// Alleen vertellen wat er zou gebeuren | Only tell what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Onbekende kolommen overslaan | Skip unknown columns
    #[arg(long)]
    pub(crate) ignore_columns: bool,
    /// De organisatie van regels die er geen noemen | The organisation of rows that name none
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}

/// `import register`
#[derive(Debug, Args)]
pub(crate) struct ImportRegister {
    /// Het bestand | The file
    pub(crate) file: PathBuf,
    /// Alleen vertellen wat er zou gebeuren | Only tell what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `export`
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Alles over deze persoon (referentie of kenmerk) | Everything about this person (reference or id)
    pub(crate) trainee: Option<String>,
    /// Hetzelfde, als optie | The same, as an option
    #[arg(long = "trainee", value_name = "TRAINEE", conflicts_with = "trainee", id = "of")]
    pub(crate) of: Option<String>,
    /// In dit nieuwe bestand in plaats van op het scherm | In this new file instead of on the screen
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Eén dossier als Automerge-document in een bestand | One dossier as an Automerge document in a file
    #[arg(long, num_args = 2, value_names = ["TRAINEE", "FILE"], conflicts_with_all = ["trainee", "of", "output"])]
    pub(crate) document: Option<Vec<String>>,
}

/// `invite`
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Code van de persoon, bijvoorbeeld `anna` | Code of the person, such as `anna`
    #[arg(long, value_name = "CODE")]
    pub(crate) person: String,
    /// Hoe collega's de persoon noemen | What colleagues call the person
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// coach of coordinator | coach or coordinator
    #[arg(long, value_name = "ROLE", default_value = "coach")]
    pub(crate) role: String,
    /// De organisatie; zonder deze: die van u | The organisation; without it: yours
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}

/// `device`
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Alle apparaten | All devices
    List,
    /// Eén apparaat, met de dossiers die erop konden staan | One device, with the dossiers that could be on it
    Show(DeviceName),
    /// Een apparaat meteen niet meer vertrouwen: het krijgt niets meer en wist zich bij het volgende contact | Stop trusting a device, at once: it gets nothing any more, and wipes itself at its next contact
    Revoke(DeviceRevoke),
    /// Beheerder: alsnog aannemen wat een ingetrokken apparaat niet verstuurde; het wacht dan op de coördinator | Administrator: take what a revoked device did not send after all; it waits for the coordinator then
    AllowUnsent(DeviceName),
}

/// `device revoke`
#[derive(Debug, Args)]
pub(crate) struct DeviceRevoke {
    /// Het begin van het kenmerk | The beginning of the id
    #[arg(allow_hyphen_values = true)]
    pub(crate) device: String,
    /// Waarom: verloren, gestolen, vervangen. Het apparaat toont het | Why: lost, stolen, replaced. The device shows it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Beheerder: toch aannemen wat alleen daar staat; het wacht dan op de coördinator | Administrator: still take what is only there; it waits for the coordinator then
    #[arg(long)]
    pub(crate) accept_unsent: bool,
}

/// `device show`
#[derive(Debug, Args)]
pub(crate) struct DeviceName {
    /// Het begin van het kenmerk | The beginning of the id
    #[arg(allow_hyphen_values = true)]
    pub(crate) device: String,
}

/// `verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Ook nagaan dat dit vastgelegde laatste deel er nog in zit | Also check that this earlier head is still part of it
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    /// U weet dat het logboek van de server is veranderd en hebt gewaarschuwd: `sync` en `status` zeggen het niet meer; het bewijs blijft | You know that the server's record book was changed and have warned: `sync` and `status` say it no more; the evidence stays
    #[arg(long)]
    pub(crate) acknowledge: bool,
}

/// The whole command, its texts in one language.
pub(crate) fn command(lang: Lang) -> clap::Command {
    veldboek_server::help::localised(Cli::command(), lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        for lang in [Lang::Nl, Lang::En] {
            command(lang).debug_assert();
        }
    }

    #[test]
    fn help_is_wholly_in_one_language() {
        for lang in [Lang::Nl, Lang::En] {
            let mut waiting = vec![command(lang)];
            while let Some(mut command) = waiting.pop() {
                let help = command.render_long_help().to_string();
                assert_eq!(veldboek_server::help::foreign_words(&help, lang), [""; 0], "{help}");
                waiting.extend(command.get_subcommands().cloned());
            }
        }
    }
}
