//! What goes wrong in the core, as problems that a person can act on.

use veldboek_core::disk::DiskError;
use veldboek_core::field_book::{FieldBookError, SyncError};
use veldboek_core::journal::JournalError;
use veldboek_core::keyring::KeyringError;
use veldboek_core::record::Lang;
use veldboek_core::rules::RuleBroken;

use crate::message::{Problem, Text, text};

/// What is wrong before the semicolon, what to do behind it: the core's messages keep to that.
fn halves(nl: String, en: String) -> (Text, Text) {
    let split = |text: String| match text.split_once("; ") {
        Some((what, next)) => (what.to_owned(), next.to_owned()),
        None => (text, String::new()),
    };
    let ((nl, nl_next), (en, en_next)) = (split(nl), split(en));
    (Text::new(nl, en), Text::new(nl_next, en_next))
}

impl From<RuleBroken> for Problem {
    fn from(broken: RuleBroken) -> Self {
        let (what, next) = halves(broken.message(Lang::Nl), broken.message(Lang::En));
        match next.say(Lang::Nl).is_empty() {
            true => Self::Rule(
                what,
                text!("vul de opdracht aan; --help toont wat er kan", "complete the command; --help shows what there is"),
            ),
            false => Self::Rule(what, next),
        }
    }
}

impl From<DiskError> for Problem {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Locked => Self::Rule(
                text!(
                    "een ander programma houdt het veldboek bezet en laat niet los",
                    "another program holds the field book and does not let go"
                ),
                text!("sluit dat programma en probeer het opnieuw", "close that program and try again"),
            ),
            DiskError::Denied { name, detail, .. } => Self::File(name.into(), detail),
            DiskError::Missing { name } => Self::File(name.into(), "No such file or directory".to_owned()),
            DiskError::Full { name, detail, .. } => Self::Rule(
                text!("de schijf is vol ({name}: {detail})", "the disk is full ({name}: {detail})"),
                text!(
                    "maak ruimte en probeer het opnieuw; wat was opgeslagen, is er nog",
                    "free some space and try again; what was saved is still there"
                ),
            ),
            DiskError::Failed { name, detail, .. } => Self::File(name.into(), detail),
            other => Self::Store(other.to_string()),
        }
    }
}

impl From<KeyringError> for Problem {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Disk(error) => error.into(),
            KeyringError::NoWrappingKey => Self::NoWrappingKey,
            KeyringError::WrongKey => Self::Refused(
                text!(
                    "dit veldboek is op slot: het bestand wrapping.key past er niet bij",
                    "this field book is locked: the file wrapping.key does not fit it"
                ),
                text!(
                    "zet het bestand terug dat bij dit veldboek hoort; er is niets gewist",
                    "put back the file that belongs to this field book; nothing was deleted"
                ),
            ),
            KeyringError::Damaged { name, what } => Self::Damaged(format!("{name}: {what}")),
            KeyringError::Newer { .. } => newer(),
            other => Self::Store(other.to_string()),
        }
    }
}

fn newer() -> Problem {
    Problem::Rule(
        text!("een nieuwere versie van Veldboek schreef dit", "a newer version of Veldboek wrote this"),
        text!("installeer de nieuwste versie op dit apparaat", "install the newest version on this device"),
    )
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Disk(error) => error.into(),
            JournalError::Keyring(error) => error.into(),
            JournalError::Damaged(damage) => Self::Damaged(format!(
                "record {}, segment {}, byte {}: {}",
                damage.seq, damage.position.segment, damage.position.offset, damage.what
            )),
            JournalError::KeyMissing { seq, .. } => Self::Damaged(format!("record {seq}: {error}")),
            JournalError::Newer { .. } => newer(),
            other => Self::Store(other.to_string()),
        }
    }
}

impl From<FieldBookError> for Problem {
    fn from(error: FieldBookError) -> Self {
        match error {
            FieldBookError::Disk(error) => error.into(),
            FieldBookError::Journal(error) => error.into(),
            FieldBookError::Keyring(error) => error.into(),
            FieldBookError::Nobody => Self::Nobody,
            FieldBookError::LostJournal => Self::Lost(text!(
                "het journaal van dit veldboek is weg, terwijl de sleutels er zijn",
                "the journal of this field book is missing, while its keys are here"
            )),
            FieldBookError::LostKeyring => Self::Lost(text!(
                "de sleutels van dit veldboek (keyring) zijn weg, terwijl het journaal er is",
                "the keys of this field book (keyring) are missing, while its journal is here"
            )),
            FieldBookError::Closed(_) => Self::Rule(
                text!("dit dossier staat niet meer op dit apparaat", "this dossier is no longer on this device"),
                text!(
                    "de toegang ertoe is beëindigd; vraag uw coördinator als dat niet klopt",
                    "access to it ended; ask your coordinator if that is a mistake"
                ),
            ),
            other => Self::Store(other.to_string()),
        }
    }
}

/// An exchange with the server at an address.
pub(super) fn sync(error: SyncError, url: &str) -> Problem {
    match error {
        SyncError::NotEnrolled => Problem::NotEnrolled,
        SyncError::Nonsense(why) => Problem::Nonsense(url.to_owned(), Text::same(why)),
        SyncError::SomebodyElse { mine, theirs } => Problem::Refused(
            text!(
                "dit veldboek is van '{mine}', de code is voor '{theirs}'",
                "this field book is of '{mine}', the code is for '{theirs}'"
            ),
            text!(
                "vraag een code voor '{mine}', of gebruik een ander veldboek met --store MAP",
                "ask for a code for '{mine}', or use another field book with --store DIR"
            ),
        ),
        SyncError::Store(error) => error.into(),
    }
}
