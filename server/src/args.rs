//! The commands of `veldboek-server` and their options.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use veldboek_core::audit::AuditAction;
use veldboek_core::clock::Day;
use veldboek_core::ids::DocumentId;
use veldboek_core::record::{Code, Lang, Unreadable, choices};
use veldboek_core::statement::{Role, is_person_code};

use crate::help;

const EXAMPLES: &str = "\
Voorbeelden:
  veldboek-server serve --region gooi-en-vechtstreek
  veldboek-server serve --config /etc/veldboek/server.toml
  veldboek-server invite --person anna --name 'Anna Veldhuizen' --role coach --organisation werkpartners
  veldboek-server device list --format json
  veldboek-server audit --document UgHN-0ck28fh-mmdQ3HhBQ --action READ --format jsonl
  veldboek-server verify

Eindstatus: 0 gedaan; 1 niet gelukt; 2 verkeerd gebruik; 5 geweigerd; 6 schade gevonden in de opslag. | \
Examples:
  veldboek-server serve --region gooi-en-vechtstreek
  veldboek-server serve --config /etc/veldboek/server.toml
  veldboek-server invite --person anna --name 'Anna Veldhuizen' --role coach --organisation werkpartners
  veldboek-server device list --format json
  veldboek-server backup /backup/veldboek-2025-03-31 --keyring /backup/keyring
  veldboek-server audit --document UgHN-0ck28fh-mmdQ3HhBQ --action READ --format jsonl
  veldboek-server verify

Exit status: 0 done; 1 could not be done; 2 wrong usage; 5 refused; 6 damage found in the store.";

/// De server van Veldboek voor één regio | The Veldboek server of one region
#[derive(Debug, Parser)]
#[command(
    name = "veldboek-server",
    version,
    about = "De server van Veldboek voor één regio | The Veldboek server of one region",
    after_help = EXAMPLES,
    max_term_width = 110
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Het configuratiebestand (TOML) | The configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// De map van de opslag; zonder deze: die van de configuratie, anders `veldboek-store` hier | The folder of the store; without it: the configuration's, else `veldboek-store` here
    #[arg(long, global = true, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Het bestand met de hoofdsleutel; gaat voor wat de configuratie zegt | The file with the master key; goes before what the configuration says
    #[arg(long, global = true, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// Taal van wat wordt getoond: nl of en; zonder deze: die van het systeem, anders Nederlands | Language of what is printed: nl or en; without it: the system's, else Dutch
    #[arg(long, global = true, value_name = "nl|en", value_parser = language)]
    pub lang: Option<Lang>,
}

/// The language of the system, for who does not ask for one.
pub fn locale() -> Lang {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The first of these that is set counts, as everywhere on the system. "C" says that nobody chose.
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
    if locale.starts_with("en") { Lang::En } else { Lang::Nl }
}

/// The command line with its texts in one language.
pub fn command(lang: Lang) -> clap::Command {
    help::localised(Cli::command(), lang)
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// De apparaten van de regio bedienen; de eerste start maakt de opslag | Serve the region's devices; the first start makes the store
    Serve(Serve),
    /// Een eenmalige aanmeldcode voor iemand maken | Make a one-time enrolment code for a person
    Invite(Invite),
    /// De apparaten van de regio | The devices of the region
    Device {
        /// Which ones.
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// De mensen van de regio | The people of the region
    People {
        /// Which ones.
        #[command(subcommand)]
        command: PeopleCommand,
    },
    /// Dossiers wissen: wat is gevraagd, en welke apparaten het niet hebben bevestigd | Erasing dossiers: what was asked, and which devices have not confirmed
    Erase {
        /// What to do.
        #[command(subcommand)]
        command: EraseCommand,
    },
    /// De sleutel om de sleutels van de server | The key around the server's keyring
    Key {
        /// What to do with it.
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// De hele opslag kopiëren, naast een draaiende server, en de kopie nagaan | Copy the whole store, beside a running server, and check the copy
    Backup(Backup),
    /// Een kopie terugzetten waar geen opslag is; de apparaten brengen terug wat erna kwam | Put a copy back where no store is; the devices bring back what came after it
    Restore(Restore),
    /// Een teruggezette server vrijgeven, als de coördinatoren hebben gesynchroniseerd en ingetrokken is wat ontbrak | Reopen a server that was put back, once the coordinators have synced and what was missing is revoked
    Reopen(Reopen),
    /// Wie wat deed, wanneer en vanaf welk apparaat: het logboek doorzoeken en uitvoeren | Who did what, when and from which device: search the record book and export it
    Audit(Audit),
    /// Elke regel van de opslag nagaan, en de keten die ze verbindt | Check every record of the store and the chain that binds them
    Verify(Verify),
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Adres en poort om op te luisteren; poort 0 neemt een vrije | Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// De regio; één keer nodig, en voorgoed bewaard | The region; needed once, and kept for ever
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub region: Option<String>,
}

/// Options of `invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// Code van de persoon: 2 tot 32 tekens uit a-z, 0-9 en '-' | The person's code: 2 to 32 of a-z, 0-9 and '-'
    #[arg(long, value_name = "CODE", value_parser = person)]
    pub person: String,
    /// De naam zoals collega's die zien | The person's name as colleagues see it
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: String,
    /// Wat de persoon doet | What the person does
    #[arg(long, value_enum)]
    pub role: RoleName,
    /// De organisatie waar de persoon werkt; coaches en coördinatoren hebben er een nodig | The organisation the person works for; coaches and coordinators need one
    #[arg(long, value_name = "ORG", value_parser = name, required_if_eq_any([("role", "coach"), ("role", "coordinator")]))]
    pub organisation: Option<String>,
    /// How to print the code.
    #[command(flatten)]
    pub output: Output,
}

/// Roles as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Job coach.
    Coach,
    /// Coordinator of an organisation.
    Coordinator,
    /// Administrator: people, devices, backups; no dossiers.
    Administrator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Coach => Role::Coach,
            RoleName::Coordinator => Role::Coordinator,
            RoleName::Administrator => Role::Administrator,
        }
    }
}

/// Commands about devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Alle apparaten | All devices
    List {
        /// How to print them.
        #[command(flatten)]
        output: Output,
    },
    /// Eén apparaat | One device
    Show {
        /// Het kenmerk van het apparaat, of het begin ervan | The device's id, or the beginning of it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// How to print it.
        #[command(flatten)]
        output: Output,
    },
    /// Een apparaat meteen niet meer vertrouwen: het krijgt niets meer, en wist zich bij het volgende contact | Stop trusting a device, at once: it gets nothing any more, and wipes itself at its next contact
    Revoke {
        /// Het kenmerk van het apparaat, of het begin ervan | The device's id, or the beginning of it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Waarom: verloren, gestolen, vervangen. Het apparaat toont het | Why: lost, stolen, replaced. The device shows it
        #[arg(long, value_name = "TEXT", value_parser = name)]
        reason: String,
        /// Toch aannemen wat alleen daar staat: het wacht in quarantaine op de coördinator | Still take what only this device has: it waits in quarantine for the coordinator
        #[arg(long)]
        accept_unsent: bool,
        /// Niet vragen of het zeker is; zonder terminal wordt nooit gevraagd | Do not ask whether it is certain; without a terminal nothing is ever asked
        #[arg(long)]
        yes: bool,
        /// Hoe het resultaat wordt getoond | How to print the outcome
        #[command(flatten)]
        output: Output,
    },
    /// Alsnog aannemen wat een ingetrokken apparaat niet verstuurde, in quarantaine, voordat het zich wist | Take what a revoked device did not send after all, into quarantine, before it wipes itself
    AllowUnsent {
        /// Het kenmerk van het apparaat, of het begin ervan | The device's id, or the beginning of it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Hoe het resultaat wordt getoond | How to print the outcome
        #[command(flatten)]
        output: Output,
    },
}

/// Commands about people.
#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Iedereen met een apparaat | Everyone with a device
    List {
        /// How to print them.
        #[command(flatten)]
        output: Output,
    },
}

/// Commands about erasing.
#[derive(Debug, Subcommand)]
pub enum EraseCommand {
    /// Wat is gevraagd en wat is gewist, met de apparaten die niet hebben gezegd dat zij het wisten | What was asked and what was erased, with the devices that have not said that they wiped it
    List {
        /// How to print it.
        #[command(flatten)]
        output: Output,
    },
    /// Een dossier wissen waar een coördinator om vroeg; dat is niet terug te draaien | Erase a dossier for which a coordinator asked; it cannot be undone
    Confirm {
        /// Which one.
        #[command(flatten)]
        one: EraseOne,
        /// Niet vragen of het zeker is; zonder terminal wordt nooit gevraagd | Do not ask whether it is certain; without a terminal nothing is ever asked
        #[arg(long)]
        yes: bool,
    },
    /// Een dossier waar een coördinator om vroeg, laten zoals het is | Leave a dossier for which a coordinator asked as it is
    Refuse(EraseOne),
}

/// Options of `erase confirm` and `erase refuse`.
#[derive(Debug, Args)]
pub struct EraseOne {
    /// Het kenmerk van het document, zoals `erase list` het toont | The id of the document, as `erase list` shows it
    #[arg(allow_hyphen_values = true, value_parser = document)]
    pub document: DocumentId,
    /// How to print what came of it.
    #[command(flatten)]
    pub output: Output,
}

/// Commands about the master key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// De sleutels met een andere sleutel verzegelen; werkt naast een draaiende server | Seal the keyring with another key; works beside a running server
    Rotate {
        /// Het bestand met de nieuwe sleutel: 32 bytes of 64 hexadecimale cijfers; wordt gemaakt als het er niet is | The file with the new key: 32 bytes or 64 hexadecimal digits; made when it does not exist
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
        /// How to print the result.
        #[command(flatten)]
        output: Output,
    },
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// De nieuwe map voor de kopie; er mag niets in staan | The new folder for the copy; nothing may be in it
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Waar de kopie van de sleutelbos wordt bewaard: alleen de nieuwste blijft daar. Zonder deze: in de kopie zelf, waarvan u dan alleen de nieuwste bewaart | Where the copy of the keyring is kept: only the newest stays there. Without it: in the copy itself, of which you then keep only the newest
    #[arg(long, value_name = "DIR")]
    pub keyring: Option<PathBuf>,
    /// How to print the result.
    #[command(flatten)]
    pub output: Output,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// De map van de kopie | The folder of the copy
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Waar de kopie van de nieuwste sleutelbos is, als die niet in de kopie zelf staat | Where the copy of the newest keyring is, if not in the copy itself
    #[arg(long, value_name = "DIR")]
    pub keyring: Option<PathBuf>,
    /// How to print the result.
    #[command(flatten)]
    pub output: Output,
}

/// Options of `reopen`.
#[derive(Debug, Args)]
pub struct Reopen {
    /// How to print the result.
    #[command(flatten)]
    pub output: Output,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Een eerder genoteerde kop van de keten, 64 hexadecimale cijfers, of NUMMER:KOP zoals `veldboek verify` op een apparaat hem toont: die moet er nog in zitten | A chain head that was noted earlier, 64 hexadecimal digits, or NUMBER:HASH as a device's `veldboek verify` shows it: it must still be part of the chain
    #[arg(long, value_name = "HASH", value_parser = head)]
    pub head: Option<NotedHead>,
    /// How to print the result.
    #[command(flatten)]
    pub output: Output,
}

/// Options of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Alleen wat deze persoon deed, of wat over deze persoon gaat | Only what this person did, or what was done about this person
    #[arg(long, value_name = "CODE", value_parser = person)]
    pub person: Option<String>,
    /// Alleen wat van dit apparaat kwam of erover gaat: het kenmerk of het begin ervan | Only what came from this device, or is about it: its id or the beginning of it
    #[arg(long, value_name = "ID")]
    pub device: Option<String>,
    /// Alleen wat over dit document gaat, met zijn kenmerk | Only what is about this document, by its id
    #[arg(long, value_name = "ID", value_parser = document)]
    pub document: Option<DocumentId>,
    /// Alleen dit soort regels, zoals READ; CONTACT toont contacten, die anders weg blijven | Only this kind of line, such as READ; CONTACT shows contacts, which are left out otherwise
    #[arg(long, value_name = "CODE", value_parser = action)]
    pub action: Option<AuditAction>,
    /// Vanaf deze dag (tijd van Amsterdam) | From this day on (Amsterdam time)
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<Day>,
    /// Tot en met deze dag | Up to and including this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<Day>,
    /// Hoe de regels te tonen | How to print the lines
    #[arg(long, value_enum, default_value_t = LineFormat::Table)]
    pub format: LineFormat,
}

/// The formats of lines that are printed as they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineFormat {
    /// Voor mensen | For people
    Table,
    /// Eén JSON-lijst | One JSON array
    Json,
    /// Een JSON-object op elke regel, voor archief en andere programma's | A JSON object on each line, for archives and other programs
    Jsonl,
    /// Voor een rekenblad | For a spreadsheet
    Csv,
}

/// A head that was noted elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotedHead {
    /// The number of its record, if that was noted too.
    pub number: Option<u64>,
    /// Its hash.
    pub hash: [u8; 32],
}

/// How data is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Voor mensen, voor programma's of voor een rekenblad | For people, for scripts or for a spreadsheet
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// The formats of printed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For scripts.
    Json,
    /// For spreadsheets.
    Csv,
}

fn language(text: &str) -> Result<Lang, Unreadable> {
    match text {
        "nl" => Ok(Lang::Nl),
        "en" => Ok(Lang::En),
        _ => Err(Unreadable::new(format!("'{text}' is niet nl of en"), format!("'{text}' is not nl or en"))),
    }
}

fn day(text: &str) -> Result<Day, Unreadable> {
    text.parse().map_err(|_| {
        Unreadable::new(
            format!("'{text}' is geen bestaande datum; schrijf 2025-03-31 of 31-3-2025"),
            format!("'{text}' is not a date that exists; write it as 2025-03-31 or 31-3-2025"),
        )
    })
}

fn document(text: &str) -> Result<DocumentId, Unreadable> {
    text.parse().map_err(|_| {
        Unreadable::new(
            "het moeten 22 letters, cijfers, '-' of '_' zijn, zoals `erase list` ze toont",
            "it should be 22 letters, digits, '-' or '_', as `erase list` prints them",
        )
    })
}

fn person(text: &str) -> Result<String, Unreadable> {
    if is_person_code(text) {
        Ok(text.to_owned())
    } else {
        Err(Unreadable::new(
            format!("'{text}' heeft geen 2 tot 32 tekens uit a-z, 0-9 en '-', zoals 'anna' of 'b-jansen'"),
            format!("'{text}' is not 2 to 32 characters of a-z, 0-9 and '-', such as 'anna' or 'b-jansen'"),
        ))
    }
}

fn action(text: &str) -> Result<AuditAction, Unreadable> {
    AuditAction::from_text(text).ok_or_else(|| {
        Unreadable::new(format!("kies uit: {}", choices::<AuditAction>()), format!("choose from: {}", choices::<AuditAction>()))
    })
}

fn name(text: &str) -> Result<String, Unreadable> {
    let text = text.trim();
    if (1..=120).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Unreadable::new("het moeten 1 tot 120 tekens op één regel zijn", "it should be 1 to 120 characters on one line"))
    }
}

fn head(text: &str) -> Result<NotedHead, Unreadable> {
    let wrong = || {
        Unreadable::new(
            "het moeten 64 hexadecimale cijfers zijn, zoals `verify` ze toont, of een nummer en ':' ervoor",
            "it should be 64 hexadecimal digits, as `verify` prints them, or a number and ':' before them",
        )
    };
    let (number, hash) = match text.split_once(':') {
        Some((number, hash)) => (Some(number.parse().map_err(|_| wrong())?), hash),
        None => (None, text),
    };
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| wrong())?;
    Ok(NotedHead { number, hash: bytes.try_into().map_err(|_| wrong())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_consistent() {
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
                assert_eq!(help::foreign_words(&help, lang), [""; 0], "{help}");
                waiting.extend(command.get_subcommands().cloned());
            }
        }
    }

    #[test]
    fn a_noted_head_has_a_number_or_none() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(head(&hash).unwrap().number, None);
        assert_eq!(head(&format!("41:{hash}")).unwrap(), NotedHead { number: Some(41), ..head(&hash).unwrap() });
        for wrong in ["", "41:", &hash[1..], &format!("x:{hash}"), &format!("41:{hash}0")] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_coach_has_an_organisation_and_an_administrator_needs_none() {
        let invite = |rest: &[&str]| {
            let words = ["veldboek-server", "invite", "--person", "anna", "--name", "Anna"];
            Cli::try_parse_from(words.iter().chain(rest))
        };
        assert!(invite(&["--role", "coach"]).is_err());
        assert!(invite(&["--role", "coach", "--organisation", "werkpartners"]).is_ok());
        assert!(invite(&["--role", "administrator"]).is_ok());
        assert!(invite(&["--role", "director"]).is_err());
    }
}
