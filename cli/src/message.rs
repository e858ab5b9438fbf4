//! What people read, in Dutch and in English: every problem in one sentence, and what to do next.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use veldboek_core::record::Lang;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    nl: String,
    en: String,
}

impl Text {
    /// A text from its two versions.
    pub(crate) fn new(nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nl: nl.into(), en: en.into() }
    }

    /// A text that reads the same in both languages, such as one that came from elsewhere.
    pub(crate) fn same(text: impl Display) -> Self {
        let text = text.to_string();
        Self { nl: text.clone(), en: text }
    }

    /// The version in this language.
    pub(crate) fn say(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        }
    }
}

/// A text in both languages: two format strings over the same names.
macro_rules! text {
    ($nl:literal, $en:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = &$value;)*
        $crate::message::Text::new(format!($nl), format!($en))
    }};
}
pub(crate) use text;

/// What the operating system says of a file, as far as there are words of our own for it; else in its words.
pub(crate) fn system(error: &io::Error) -> Text {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => text!("het bestaat niet", "there is no such file"),
        Kind::PermissionDenied => text!("geen toestemming", "permission denied"),
        Kind::AlreadyExists => text!("het bestaat al", "it exists already"),
        Kind::IsADirectory => text!("het is een map", "it is a directory"),
        Kind::NotADirectory => text!("het is geen map", "it is not a directory"),
        Kind::StorageFull | Kind::QuotaExceeded => text!("de schijf is vol", "the disk is full"),
        Kind::ReadOnlyFilesystem => text!("de schijf is alleen te lezen", "the disk can only be read"),
        Kind::InvalidData => text!("het is geen tekst", "it is no text"),
        _ => text!("het systeem zegt: {error}", "the system says: {error}"),
    }
}

/// A message of the core and, behind a semicolon, what to do next.
pub(crate) fn halves(message: &str) -> (String, String) {
    let (what, next) = message.split_once("; ").unwrap_or((message, ""));
    (what.to_owned(), next.to_owned())
}

/// How a command ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Could not be done; the message says what to do next.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Done, but something that this command brought in needs a person.
    Attention = 3,
    /// No contact with the server.
    NoContact = 4,
    /// Refused by the server, or the field book is locked.
    Refused = 5,
    /// Damage found in the store.
    Damaged = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The platform names no data directory.
    NoDataDirectory,
    /// There is no field book in this directory.
    NoStore(PathBuf),
    /// There is one already.
    StoreExists(PathBuf),
    /// The key file is missing: the field book stays locked.
    NoWrappingKey,
    /// Nobody said whose field book it is.
    Nobody,
    /// A file or directory cannot be read or written.
    File(PathBuf, Text),
    /// The store would not open or write.
    Store(Text),
    /// The store is damaged.
    Damaged(Text),
    /// A part of the store is missing.
    Lost(Text),
    /// Nothing is called this.
    Unknown {
        /// What kind of thing was looked for.
        kind: Text,
        /// As the person wrote it.
        wanted: String,
        /// What to do to find it.
        hint: Text,
    },
    /// More than one thing answers to this.
    Ambiguous {
        /// What kind of thing was looked for.
        kind: Text,
        /// As the person wrote it.
        wanted: String,
        /// The names to choose from.
        candidates: Vec<String>,
    },
    /// A rule of the trade stands in the way, or a value is not one.
    Rule(Text, Text),
    /// The options do not go together.
    Usage(Text, Text),
    /// A destructive command without `--yes` and without a terminal, or the person said no.
    NotConfirmed,
    /// The server does not answer.
    NoContact(String, Text),
    /// What answered is not a field book server, or not the one that this device knows.
    Nonsense(String, Text),
    /// The server refused.
    Refused(Text, Text),
    /// The server wants another role for this.
    OtherRole,
    /// What was asked of the server did not happen, and no later exchange does it: what that is, and what to do.
    Undone(Box<Problem>, Text),
    /// The server says that this device was revoked; with its signed word, to be checked before it is obeyed.
    Revoked(Vec<u8>),
    /// This device does not belong to a server yet.
    NotEnrolled,
}

impl Problem {
    /// For a command that no later exchange makes good: what to do when there is no contact.
    pub(crate) fn undone(self, next: Text) -> Self {
        match self {
            Self::NoContact(..) => Self::Undone(Box::new(self), next),
            other => other,
        }
    }

    /// The exit status that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(..) => Exit::Usage,
            Self::NoContact(..) | Self::Nonsense(..) => Exit::NoContact,
            Self::Undone(why, _) => why.exit(),
            Self::Refused(..) | Self::OtherRole | Self::Revoked(_) | Self::NotEnrolled | Self::NoWrappingKey => Exit::Refused,
            Self::Damaged(_) | Self::Lost(_) => Exit::Damaged,
            _ => Exit::Failed,
        }
    }

    /// What is the matter, in one sentence.
    pub(crate) fn what(&self) -> Text {
        match self {
            Self::NoDataDirectory => {
                text!("dit systeem noemt geen map voor gegevens", "this system names no directory for data")
            }
            Self::NoStore(path) => {
                text!("er is nog geen veldboek in {path}", "there is no field book in {path} yet", path = path.display())
            }
            Self::StoreExists(path) => {
                text!("er is al een veldboek in {path}", "there is a field book in {path} already", path = path.display())
            }
            Self::NoWrappingKey => text!(
                "dit veldboek is op slot: het sleutelbestand wrapping.key ontbreekt",
                "this field book is locked: the key file wrapping.key is missing"
            ),
            Self::Nobody => {
                text!("dit veldboek weet nog niet van wie het is", "this field book does not know yet whose it is")
            }
            Self::File(path, why) => {
                let path = path.display();
                Text::new(
                    format!("{path} kan niet worden gelezen of geschreven: {}", why.nl),
                    format!("{path} cannot be read or written: {}", why.en),
                )
            }
            Self::Store(why) => Text::new(
                format!("het veldboek kan niet worden gebruikt: {}", why.nl),
                format!("the field book cannot be used: {}", why.en),
            ),
            Self::Lost(what) => what.clone(),
            Self::Damaged(why) => {
                Text::new(format!("het veldboek is beschadigd: {}", why.nl), format!("the field book is damaged: {}", why.en))
            }
            Self::Unknown { kind, wanted, .. } => {
                Text::new(format!("{} '{wanted}' is niet gevonden", kind.nl), format!("no {} '{wanted}' was found", kind.en))
            }
            Self::Ambiguous { kind, wanted, candidates } => {
                let list = candidates.join(", ");
                Text::new(
                    format!("'{wanted}' kan meer dan één {} zijn: {list}", kind.nl),
                    format!("'{wanted}' can be more than one {}: {list}", kind.en),
                )
            }
            Self::Rule(what, _) | Self::Usage(what, _) | Self::Refused(what, _) => what.clone(),
            Self::NotConfirmed => text!("niets gedaan: dit was niet bevestigd", "nothing was done: it was not confirmed"),
            Self::NoContact(url, why) => Text::new(
                format!("geen contact met de server {url}: {}", why.nl),
                format!("no contact with the server {url}: {}", why.en),
            ),
            Self::Nonsense(url, why) => Text::new(
                format!("wat op {url} antwoordt is niet de server van dit veldboek: {}", why.nl),
                format!("what answers at {url} is not the server of this field book: {}", why.en),
            ),
            Self::OtherRole => text!("hiervoor is een andere rol nodig", "this needs another role"),
            Self::Undone(why, _) => why.what(),
            Self::Revoked(_) => text!("dit apparaat is ingetrokken", "this device was revoked"),
            Self::NotEnrolled => {
                text!("dit apparaat is nog niet bij een server aangemeld", "this device is not enrolled with a server yet")
            }
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Text {
        match self {
            Self::NoDataDirectory => {
                text!("geef een map met --store MAP of VELDBOEK_STORE", "name a directory with --store DIR or VELDBOEK_STORE")
            }
            Self::NoStore(_) => text!(
                "begin met `veldboek init`, of met `veldboek enrol CODE --server URL` als u een code kreeg; \
                 een ander veldboek opent u met --store MAP",
                "begin with `veldboek init`, or with `veldboek enrol CODE --server URL` if you were given a code; \
                 another field book is opened with --store DIR"
            ),
            Self::StoreExists(_) => text!(
                "gebruik het (`veldboek status`), of kies een andere map met --store MAP",
                "use it (`veldboek status`), or choose another directory with --store DIR"
            ),
            Self::NoWrappingKey => text!(
                "zet het bestand terug uit uw reservekopie; zonder die sleutel is het veldboek niet te lezen. Verwijder niets",
                "put the file back from your backup; without that key the field book cannot be read. Delete nothing"
            ),
            Self::Nobody => text!(
                "meld het aan met `veldboek enrol CODE --server URL`, of begin een nieuw met `veldboek init --coach CODE`",
                "enrol it with `veldboek enrol CODE --server URL`, or begin a new one with `veldboek init --coach CODE`"
            ),
            Self::File(..) => text!(
                "controleer of het bestand er is en of u er rechten op hebt",
                "check that the file is there and that you may use it"
            ),
            Self::Store(_) => text!(
                "controleer de rechten en de ruimte op de schijf; er is niets gewist",
                "check the permissions and the space on the disk; nothing was deleted"
            ),
            Self::Lost(_) => text!(
                "zet het terug uit een back-up van deze map en verander verder niets; wat hier weg is staat misschien nog op de server",
                "put it back from a backup of this folder and change nothing else; what is gone here may still be on the server"
            ),
            Self::Damaged(_) => text!(
                "maak een kopie van de map, verwijder niets en draai `veldboek verify`; wat de server heeft, komt terug met `veldboek sync`",
                "copy the directory, delete nothing and run `veldboek verify`; what the server has comes back with `veldboek sync`"
            ),
            Self::Unknown { hint, .. } | Self::Rule(_, hint) | Self::Usage(_, hint) | Self::Refused(_, hint) => hint.clone(),
            Self::Ambiguous { .. } => {
                text!("noem er een van, of schrijf meer tekens", "name one of these, or write more characters")
            }
            Self::NotConfirmed => text!("herhaal het met --yes als u het zeker weet", "repeat it with --yes if you are sure"),
            Self::NoContact(..) => text!(
                "uw werk staat veilig op dit apparaat; probeer `veldboek sync` later nog eens, of controleer het adres en de verbinding",
                "your work is safe on this device; try `veldboek sync` again later, or check the address and the connection"
            ),
            Self::OtherRole => text!("vraag een coördinator", "ask a coordinator"),
            Self::Undone(_, next) => next.clone(),
            Self::Nonsense(..) => text!(
                "controleer het adres; op openbare wifi moet u soms eerst in een browser inloggen. Er is niets verloren",
                "check the address; public wifi sometimes wants you to log in with a browser first. Nothing was lost"
            ),
            Self::Revoked(_) => text!(
                "vraag uw coördinator om een code en meld het opnieuw aan met `veldboek enrol CODE --server URL`",
                "ask your coordinator for a code and enrol again with `veldboek enrol CODE --server URL`"
            ),
            Self::NotEnrolled => text!(
                "vraag uw coördinator om een code en voer `veldboek enrol CODE --server URL` uit",
                "ask your coordinator for a code and run `veldboek enrol CODE --server URL`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_exit_status_and_a_next_step() {
        let url = || "http://127.0.0.1:1".to_owned();
        let some = || Text::same("x");
        let problems = [
            (Problem::NoStore("/x".into()), Exit::Failed),
            (Problem::Usage(some(), some()), Exit::Usage),
            (Problem::NoContact(url(), some()), Exit::NoContact),
            (Problem::Nonsense(url(), some()), Exit::NoContact),
            (Problem::Refused(some(), some()), Exit::Refused),
            (Problem::NoWrappingKey, Exit::Refused),
            (Problem::Damaged(some()), Exit::Damaged),
            (Problem::NotConfirmed, Exit::Failed),
            (Problem::OtherRole, Exit::Refused),
            (Problem::NoContact(url(), some()).undone(some()), Exit::NoContact),
        ];
        for (problem, exit) in problems {
            assert_eq!(problem.exit(), exit);
            for lang in [Lang::Nl, Lang::En] {
                assert!(!problem.what().say(lang).is_empty());
                assert!(!problem.hint().say(lang).is_empty());
            }
        }
    }
}
