//! How a command comes by the key of a field book, and the commands that lock and unlock it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::field_book::LEASE_DAYS;
use veldboek_core::keyring::{
    self, Cost, FREE_TRIES, Keyring, KeyringError, LEAST_CHARACTERS, LockState, MOST_TRIES, NewLock, Passphrase, UnlockError,
    WrappingKey,
};
use veldboek_core::record::{Code, Lang};
use zeroize::Zeroizing;

use super::book::{Book, randomness};
use super::context::Context;
use super::look::local;
use super::trouble::goes_too;
use crate::args::{Lock, NewKeys, NewPassphrase, Unlock};
use crate::clock;
use crate::console::ask_hidden;
use crate::message::{Problem, Text, system, text};
use crate::render::{Output, Table};
use crate::unlocked::Unlocked;

/// How often a person is asked again in one command.
const ASKED: u32 = 3;
/// More than a passphrase is not read from a file.
const LONGEST_FILE: u64 = 4096;
const HOUR: i64 = 3_600_000;
/// The most hours that one passphrase is good for.
const LONGEST: i64 = 24;

/// How a command comes by the passphrase.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// The file it is in.
    pub(crate) file: Option<PathBuf>,
    /// Whether there is a person to ask.
    pub(crate) person: bool,
    /// That person's language.
    pub(crate) lang: Lang,
}

impl Access {
    /// For field books that are not locked.
    pub(crate) fn without_passphrase() -> Self {
        Self { file: None, person: false, lang: Lang::En }
    }

    /// The key of the field book in a directory: it lies in a file, was unlocked earlier, or a passphrase gives it.
    pub(crate) fn key(&self, disk: &dyn Disk, dir: &Path, now: Timestamp) -> Result<WrappingKey, Problem> {
        match keyring::lock_state(disk)? {
            LockState::None => Ok(WrappingKey::read(disk)?),
            LockState::Keystore => Err(Problem::Refused(
                text!(
                    "dit veldboek is op slot met de sleutelkluis van een apparaat",
                    "this field book is locked by the keystore of a device"
                ),
                text!("open het met de app die het maakte", "open it with the app that made it"),
            )),
            LockState::Passphrase => {
                if let Some(unlocked) = Unlocked::of(dir)
                    && let Some((key, _)) = unlocked.key(now)
                {
                    match Keyring::open(disk, &key) {
                        // Another passphrase was set since.
                        Err(KeyringError::WrongKey) => unlocked.forget(),
                        Err(error) => return Err(error.into()),
                        Ok(_) => return Ok(key),
                    }
                }
                self.ask(disk, now)
            }
        }
    }

    /// The key behind the passphrase, whatever was unlocked earlier.
    fn ask(&self, disk: &dyn Disk, now: Timestamp) -> Result<WrappingKey, Problem> {
        if let Some(file) = &self.file {
            return Ok(keyring::unlock(disk, &Passphrase::typed(read(file)?), now)?);
        }
        if !self.person {
            return Err(Problem::Refused(
                text!("dit veldboek is op slot", "this field book is locked"),
                text!(
                    "ontgrendel het in een terminal met `veldboek unlock`, of geef de wachtzin met --passphrase-file BESTAND",
                    "unlock it in a terminal with `veldboek unlock`, or give the passphrase with --passphrase-file FILE"
                ),
            ));
        }
        let mut asked = 1;
        loop {
            let standing = keyring::may_try(disk, clock::now().at)?;
            if standing.wrong + 1 >= FREE_TRIES {
                let left = standing.left;
                let goes = goes_too(keyring::made_since_exchange(disk));
                let warning = Text::new(
                    format!("let op: nog {left} pogingen; daarna worden de sleutels vernietigd{}\n", goes.say(Lang::Nl)),
                    format!("note: {left} tries are left; then the keys are destroyed{}\n", goes.say(Lang::En)),
                );
                self.say(&warning);
            }
            let prompt = text!("Wachtzin: ", "Passphrase: ");
            match keyring::unlock(disk, &Passphrase::typed(ask_hidden(prompt.say(self.lang))?), clock::now().at) {
                Err(UnlockError::Wrong { until: None, .. }) if asked < ASKED => {
                    asked += 1;
                    self.say(&text!("Dat is hem niet.\n", "That is not it.\n"));
                }
                unlocked => return Ok(unlocked?),
            }
        }
    }

    /// A passphrase for the keys of a new field book, or nothing when they are to lie in a file.
    pub(super) fn new_keys(&self, given: &NewKeys) -> Result<Option<Passphrase>, Problem> {
        match &self.file {
            Some(file) => Ok(Some(strong(read(file)?)?)),
            None if given.no_passphrase || !self.person => Ok(None),
            None => self.ask_new().map(Some),
        }
    }

    /// A new passphrase, typed twice.
    fn ask_new(&self) -> Result<Passphrase, Problem> {
        let least = LEAST_CHARACTERS;
        self.say(&text!(
            "Kies een wachtzin: minstens {least} tekens, het liefst vier woorden die niets met elkaar te maken hebben.\n\
             Wie hem vergeet, kan dit veldboek niet meer lezen.\n",
            "Choose a passphrase: at least {least} characters, best four words that have nothing to do with each other.\n\
             Who forgets it cannot read this field book any more.\n"
        ));
        let mut asked = 1;
        loop {
            let (one, again) = (text!("Nieuwe wachtzin: ", "New passphrase: "), text!("Nog eens: ", "Once more: "));
            let problem = match strong(ask_hidden(one.say(self.lang))?) {
                Ok(passphrase) if Passphrase::typed(ask_hidden(again.say(self.lang))?) == passphrase => return Ok(passphrase),
                Ok(_) => Problem::Rule(
                    text!("de twee wachtzinnen zijn niet gelijk", "the two passphrases differ"),
                    text!("typ hem twee keer hetzelfde", "type it the same way twice"),
                ),
                Err(problem) => problem,
            };
            if asked == ASKED {
                return Err(problem);
            }
            asked += 1;
            self.say(&Text::new(
                format!("{}; {}\n", problem.what().say(Lang::Nl), problem.hint().say(Lang::Nl)),
                format!("{}; {}\n", problem.what().say(Lang::En), problem.hint().say(Lang::En)),
            ));
        }
    }

    /// Says something to the person at the terminal, between two questions.
    fn say(&self, text: &Text) {
        crate::console::tell(text.say(self.lang));
    }
}

fn read(file: &Path) -> Result<String, Problem> {
    use std::io::Read;
    let failed = |error: std::io::Error| Problem::File(file.to_owned(), system(&error));
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_FILE as usize));
    std::fs::File::open(file).map_err(failed)?.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(failed)?;
    // The first line is the passphrase.
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).map(str::to_owned).map_err(|_| Problem::File(file.to_owned(), text!("geen UTF-8", "not UTF-8")))
}

fn strong(text: String) -> Result<Passphrase, Problem> {
    Passphrase::new(text).map_err(|weak| {
        let (nl, nl_next) = crate::message::halves(&weak.message(Lang::Nl));
        let (en, en_next) = crate::message::halves(&weak.message(Lang::En));
        Problem::Rule(Text::new(nl, en), Text::new(nl_next, en_next))
    })
}

/// What a person should know of keys that lie in a file.
pub(super) fn unprotected() -> Text {
    text!(
        "let op: de sleutels van dit veldboek liggen onbeveiligd in het bestand wrapping.key; wie dit apparaat vindt, kan alles lezen. \
         Zet er een wachtzin op met `veldboek passphrase set`",
        "note: the keys of this field book lie unprotected in the file wrapping.key; whoever finds this device can read everything. \
         Set a passphrase with `veldboek passphrase set`"
    )
}

/// How the keys of an open field book are kept, for programs and for people.
pub(super) fn state(context: &Context<'_>, book: &Book) -> (Value, String) {
    let state = book.inner.keyring().lock_state();
    let until = Unlocked::of(&book.dir).and_then(|unlocked| unlocked.key(book.moment.at)).map(|(_, until)| until);
    let label = state.label(context.lang);
    let shown = match until {
        Some(until) if state == LockState::Passphrase => {
            let until = local(until);
            format!("{label}, {}", text!("ontgrendeld tot {until}", "unlocked until {until}").say(context.lang))
        }
        _ => label.to_owned(),
    };
    let value = json!({
        "state": state.code(),
        "label": label,
        "unlocked_until": until.filter(|_| state == LockState::Passphrase).map(|until| until.to_string()),
        "lease_until": book.inner.lease_until().map(|until| until.to_string()),
    });
    (value, shown)
}

/// What a command that goes on for hours may rely on: the way in which it came by the key still leads to it.
#[derive(Debug)]
pub(super) struct Watched {
    unlocked: Option<Unlocked>,
    until: Timestamp,
    free: bool,
}

impl Watched {
    /// As it is at the beginning.
    pub(super) fn begin(context: &Context<'_>, book: &Book) -> Self {
        let now = clock::now().at;
        let unlocked = Unlocked::of(&book.dir).filter(|unlocked| unlocked.key(now).is_some());
        // A script that holds the passphrase could begin again at any time.
        let free = book.inner.keyring().lock_state() != LockState::Passphrase || context.access().file.is_some();
        Self { unlocked, until: now.plus_millis(LONGEST * HOUR), free }
    }

    /// Whether it may go on.
    pub(super) fn go_on(&self, book: &Book, now: Timestamp) -> Result<(), Problem> {
        if book.inner.keyring().lock_state() != LockState::Passphrase {
            return Ok(());
        }
        let open = match &self.unlocked {
            _ if self.free => true,
            Some(unlocked) => unlocked.key(now).is_some(),
            None => now < self.until,
        };
        if open && !book.inner.lease_is_over(now) {
            return Ok(());
        }
        Err(Problem::Refused(
            text!("het veldboek ging op slot", "the field book was locked"),
            text!("ontgrendel het met `veldboek unlock` en begin opnieuw", "unlock it with `veldboek unlock` and begin again"),
        ))
    }
}

fn existing(context: &Context<'_>) -> Result<(PathBuf, RealDisk), Problem> {
    let dir = context.dir()?;
    if !Book::exists(&dir)? {
        return Err(Problem::NoStore(dir));
    }
    let disk = RealDisk::open(&dir)?;
    Ok((dir, disk))
}

/// `unlock`
pub(super) fn unlock(context: &Context<'_>, options: &Unlock) -> Result<Output, Problem> {
    let (dir, disk) = existing(context)?;
    if keyring::lock_state(&disk)? == LockState::None {
        let book = context.book()?;
        let (value, shown) = state(context, &book);
        let table = Table::sheet([(context.say("slot", "lock"), shown)]);
        return Ok(Output::new(json!({ "lock": value }), table).note(unprotected()));
    }
    let now = clock::now().at;
    let access = context.access();
    let unlocked = Unlocked::of(&dir);
    if let Some(unlocked) = &unlocked {
        unlocked.forget();
    }
    let key = match keyring::lock_state(&disk)? {
        LockState::Passphrase => access.ask(&disk, now)?,
        _ => access.key(&disk, &dir, now)?,
    };
    let book = Book::open_under(&dir, &key)?;
    let over = book.inner.lease_is_over(now);
    let until = now
        .plus_millis(i64::from(options.hours) * HOUR)
        .min(book.inner.lease_until().unwrap_or(Timestamp::from_millis(i64::MAX)));
    let kept = !over && unlocked.as_ref().is_some_and(|unlocked| unlocked.keep(&key, now, until));
    let (value, shown) = state(context, &book);
    let output = Output::new(json!({ "lock": value }), Table::sheet([(context.say("slot", "lock"), shown)]));
    Ok(if over {
        let days = LEASE_DAYS;
        output.note(text!(
            "dit apparaat had {days} dagen of langer geen contact met de server: de wachtzin wordt bij elke opdracht gevraagd tot na \
             een `veldboek sync`",
            "this device had no contact with the server for {days} days or more: the passphrase is asked for at every command until \
             after a `veldboek sync`"
        ))
    } else if !kept {
        output.note(text!(
            "dit systeem heeft geen plaats waar een sleutel tijdelijk veilig ligt (XDG_RUNTIME_DIR): de wachtzin wordt bij elke \
             opdracht gevraagd",
            "this system has no place where a key is safe for a while (XDG_RUNTIME_DIR): the passphrase is asked for at every command"
        ))
    } else {
        output.note(text!("eerder op slot doen kan met `veldboek lock`", "lock it earlier with `veldboek lock`"))
    })
}

/// `lock`
pub(super) fn lock(context: &Context<'_>, options: &Lock) -> Result<Output, Problem> {
    let (dir, disk) = existing(context)?;
    if let Some(unlocked) = Unlocked::of(&dir) {
        unlocked.forget();
    }
    let state = keyring::lock_state(&disk)?;
    if state == LockState::None {
        // There is nothing to lock it with yet.
        return set(context, &options.new);
    }
    Ok(locked(context, state))
}

fn locked(context: &Context<'_>, state: LockState) -> Output {
    let label = state.label(context.lang);
    let value = json!({ "lock": { "state": state.code(), "label": label, "unlocked_until": null } });
    let shown = format!("{label}, {}", context.say("op slot", "locked"));
    Output::new(value, Table::sheet([(context.say("slot", "lock"), shown)]))
}

/// `passphrase set`
pub(super) fn set(context: &Context<'_>, options: &NewPassphrase) -> Result<Output, Problem> {
    let (dir, disk) = existing(context)?;
    let (now, access) = (clock::now().at, context.access());
    let before = keyring::lock_state(&disk)?;
    let key = match before {
        // Also when it is unlocked: whoever finds it so must not be able to shut its owner out.
        LockState::Passphrase => access.ask(&disk, now)?,
        _ => access.key(&disk, &dir, now)?,
    };
    let book = Book::open_under(&dir, &key)?;
    let new = match (&options.new_passphrase_file, &access.file) {
        (Some(file), _) => strong(read(file)?)?,
        (None, Some(file)) if before == LockState::None => strong(read(file)?)?,
        _ if access.person => access.ask_new()?,
        _ => {
            return Err(Problem::Usage(
                text!("er is niemand om een nieuwe wachtzin aan te vragen", "there is nobody to ask for a new passphrase"),
                text!(
                    "doe het in een terminal, of geef hem met --new-passphrase-file BESTAND",
                    "do it in a terminal, or give it with --new-passphrase-file FILE"
                ),
            ));
        }
    };
    book.inner.keyring().relock(&disk, NewLock::Passphrase(&new, Cost::DEVICE), &mut randomness())?;
    if let Some(unlocked) = Unlocked::of(&dir) {
        unlocked.forget();
    }
    let most = MOST_TRIES;
    Ok(locked(context, LockState::Passphrase).note(text!(
        "vanaf nu vraagt dit veldboek om de wachtzin; `veldboek unlock` onthoudt hem voor 8 uur. Na {most} verkeerde worden de sleutels \
         vernietigd",
        "from now on this field book asks for the passphrase; `veldboek unlock` remembers it for 8 hours. After {most} wrong ones the \
         keys are destroyed"
    )))
}
