//! What goes wrong in the core, as problems that a person can act on.

use veldboek_core::disk::DiskError;
use veldboek_core::field_book::{FieldBookError, SyncError};
use veldboek_core::journal::JournalError;
use veldboek_core::keyring::{Cause, Destroyed, KeyringError, KeystoreError, UnlockError};
use veldboek_core::record::Lang;
use veldboek_core::rules::RuleBroken;

use super::look::local;
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

/// A message of the core in both languages.
pub(super) fn both(message: impl Fn(Lang) -> String) -> Text {
    Text::new(message(Lang::Nl), message(Lang::En))
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
            DiskError::Denied { name, .. } => Self::File(name.into(), text!("geen toestemming", "permission denied")),
            DiskError::Missing { name } => Self::File(name.into(), text!("het bestaat niet", "there is no such file")),
            DiskError::Full { name, detail, .. } => Self::Rule(
                text!("de schijf is vol ({name})", "the disk is full ({name}: {detail})"),
                text!(
                    "maak ruimte en probeer het opnieuw; wat was opgeslagen, is er nog",
                    "free some space and try again; what was saved is still there"
                ),
            ),
            DiskError::Failed { name, detail, .. } => {
                Self::File(name.into(), text!("het systeem zegt: {detail}", "the system says: {detail}"))
            }
            other @ (DiskError::BadName { .. } | DiskError::PowerCut) => Self::Store(both(|lang| other.message(lang))),
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
            KeyringError::Damaged { name, what } => Self::Damaged(both(|lang| format!("{name}: {}", what.say(lang)))),
            KeyringError::Newer { .. } => newer(),
            KeyringError::Destroyed(destroyed) => gone(&destroyed),
            other @ (KeyringError::None | KeyringError::Exists) => Self::Store(both(|lang| other.message(lang))),
        }
    }
}

/// The keys are no more.
fn gone(destroyed: &Destroyed) -> Problem {
    let at = local(destroyed.at);
    let lost = match destroyed.unsynced {
        Some(0) => text!("", ""),
        Some(count) => text!(
            "; {count} wijzigingen van na de laatste uitwisseling zijn verloren",
            "; {count} changes made after the last exchange are lost"
        ),
        None => text!("; wat alleen hier stond, is verloren", "; what was only here is lost"),
    };
    let (nl, en) = (lost.say(Lang::Nl), lost.say(Lang::En));
    let what = match destroyed.cause {
        Cause::WrongTries => text!(
            "de sleutels van dit veldboek zijn op {at} vernietigd, na tien verkeerde wachtzinnen{nl}",
            "the keys of this field book were destroyed at {at}, after ten wrong passphrases{en}",
        ),
        Cause::Wiped | Cause::Other => text!(
            "de sleutels van dit veldboek zijn op {at} vernietigd{nl}",
            "the keys of this field book were destroyed at {at}{en}",
        ),
    };
    Problem::Refused(
        what,
        text!(
            "vraag uw coördinator een code en meld u aan in een nieuw veldboek (`veldboek enrol CODE --server URL --store MAP`); wat de              server heeft, komt terug",
            "ask your coordinator for a code and enrol in a new field book (`veldboek enrol CODE --server URL --store DIR`); what the              server has comes back"
        ),
    )
}

/// What is lost with the keys, as the end of a sentence.
pub(super) fn goes_too(unsynced: Option<u64>) -> Text {
    match unsynced {
        Some(0) => text!(
            "; sinds de laatste uitwisseling is hier niets geschreven",
            "; nothing was written here since the last exchange"
        ),
        Some(count) => text!(
            ", en met hen {count} wijzigingen van na de laatste uitwisseling",
            ", and with them {count} changes made after the last exchange"
        ),
        None => text!(", en met hen wat nog niet op de server staat", ", and with them what is not on the server yet"),
    }
}

impl From<UnlockError> for Problem {
    fn from(error: UnlockError) -> Self {
        let stays = |left: u32, unsynced| {
            let goes = goes_too(unsynced);
            let (nl, en) = (goes.say(Lang::Nl), goes.say(Lang::En));
            text!(
                "nog {left} pogingen; daarna worden de sleutels vernietigd{nl}",
                "{left} tries are left; then the keys are destroyed{en}",
            )
        };
        match error {
            UnlockError::Keyring(error) => error.into(),
            UnlockError::TooSoon { until, left, unsynced } => {
                let at = local(until);
                Self::Refused(
                    text!(
                        "te vaak een verkeerde wachtzin: opnieuw proberen kan vanaf {at}",
                        "too many wrong passphrases: the next try is possible from {at}"
                    ),
                    stays(left, unsynced),
                )
            }
            UnlockError::Wrong { left, until: Some(until), unsynced } => {
                let at = local(until);
                Self::Refused(
                    text!(
                        "de wachtzin is onjuist; opnieuw proberen kan vanaf {at}",
                        "the passphrase is wrong; the next try is possible from {at}"
                    ),
                    stays(left, unsynced),
                )
            }
            UnlockError::Wrong { left, until: None, .. } => Self::Refused(
                text!("de wachtzin is onjuist", "the passphrase is wrong"),
                text!(
                    "probeer het opnieuw: nog {left} pogingen, dan worden de sleutels vernietigd",
                    "try again: {left} tries are left, then the keys are destroyed"
                ),
            ),
            UnlockError::NoPassphrase => Self::Rule(
                text!("op dit veldboek zit geen wachtzin", "this field book has no passphrase"),
                text!("zet er een op met `veldboek passphrase set`", "set one with `veldboek passphrase set`"),
            ),
            UnlockError::NoMemory => Self::Rule(
                text!(
                    "er is te weinig vrij geheugen om de wachtzin te proberen",
                    "there is too little free memory to try the passphrase"
                ),
                text!("sluit andere programma's en probeer het opnieuw", "close other programs and try again"),
            ),
            UnlockError::Keystore(KeystoreError::NotNow(why) | KeystoreError::Gone(why)) => Self::Refused(
                text!(
                    "de sleutelkluis van het apparaat ging niet open ({why})",
                    "the keystore of the device did not open ({why})"
                ),
                text!("open het met de app die het maakte", "open it with the app that made it"),
            ),
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
            JournalError::Damaged(damage) => Self::Damaged(both(|lang| {
                let (seq, at, what) = (damage.seq, damage.position, damage.what.say(lang));
                let record = if lang == Lang::Nl { "regel" } else { "record" };
                format!("{record} {seq}, segment {}, byte {}: {what}", at.segment, at.offset)
            })),
            JournalError::KeyMissing { .. } => Self::Damaged(both(|lang| error.message(lang))),
            JournalError::Newer { .. } => newer(),
            other => Self::Store(both(|lang| other.message(lang))),
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
            FieldBookError::Erased(_) => Self::Rule(
                text!("dit dossier is op verzoek gewist", "this dossier was erased on request"),
                text!("vraag uw coördinator als dat niet klopt", "ask your coordinator if that is a mistake"),
            ),
            FieldBookError::NotAllowed(what) => Self::Rule(
                both(|lang| what.message(lang)),
                text!("vraag uw coördinator om dit te doen", "ask your coordinator to do this"),
            ),
            FieldBookError::Revoked | FieldBookError::Wiped => Self::Refused(
                text!("dit apparaat is ingetrokken", "this device was revoked"),
                text!(
                    "vraag uw coördinator om een code en meld het opnieuw aan met `veldboek enrol CODE --server URL`",
                    "ask your coordinator for a code and enrol again with `veldboek enrol CODE --server URL`"
                ),
            ),
            FieldBookError::Withdrawing => Self::Rule(
                text!(
                    "uit dit dossier is net al iets ingetrokken, dat nog niet gewist is",
                    "something was withdrawn from this dossier a moment ago and is not erased yet"
                ),
                text!("voer eerst `veldboek sync` uit en trek dit dan in", "run `veldboek sync` first, then withdraw this"),
            ),
            FieldBookError::Closed(_) => Self::Rule(
                text!("dit dossier staat niet meer op dit apparaat", "this dossier is no longer on this device"),
                text!(
                    "de toegang ertoe is beëindigd; vraag uw coördinator als dat niet klopt",
                    "access to it ended; ask your coordinator if that is a mistake"
                ),
            ),
            other => Self::Store(both(|lang| other.message(lang))),
        }
    }
}

/// An exchange with the server at an address.
pub(super) fn sync(error: SyncError, url: &str) -> Problem {
    match error {
        SyncError::NotEnrolled => Problem::NotEnrolled,
        SyncError::Nonsense(why) => Problem::Nonsense(url.to_owned(), both(|lang| why.say(lang).to_owned())),
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

#[cfg(test)]
mod tests {
    use veldboek_core::bundle::BundleError;
    use veldboek_core::clock::{Day, Timestamp};
    use veldboek_core::disk::Action;
    use veldboek_core::document::DocumentError;
    use veldboek_core::envelope::BadEnvelope;
    use veldboek_core::field_book::{ExchangeError, Forbidden, Unsavable};
    use veldboek_core::ids::{DeviceId, DocumentId, KeyId};
    use veldboek_core::journal::{Damage, Position};
    use veldboek_core::ledger::LedgerError;
    use veldboek_core::report::ReportError;
    use veldboek_core::report::budget::BudgetError;
    use veldboek_core::statement::Role;
    use veldboek_core::sync::server::{RegionError, Unfit};
    use veldboek_core::wire::{FormatError, KnownAs};
    use veldboek_core::words::Words;
    use veldboek_server::help::foreign_words;

    use super::*;

    /// The match names every variant, so that a new one does not compile before it is here, and each of them is told.
    macro_rules! every {
        ($errors:expr; $($variant:pat),+ $(,)?) => {{
            let told: Vec<&str> = $errors.iter().map(|error| match error { $($variant => stringify!($variant)),+ }).collect();
            $(assert!(told.contains(&stringify!($variant)), "{} is not told", stringify!($variant));)+
        }};
    }
    fn day() -> Day {
        "2025-03-31".parse().unwrap()
    }

    fn store() -> Vec<FieldBookError> {
        let file = || "journal/00000001.vbj".to_owned();
        let disk = |make: fn(String, String) -> DiskError| FieldBookError::Disk(make(file(), "EIO".to_owned()));
        let what = Words::new("de inhoud is niet volledig", "its content is incomplete");
        let position = Position { segment: 1, offset: 7 };
        let damage = Box::new(Damage { seq: 3, position, what, resumes: None });
        let key = KeyId::from_bytes([1; 16]);
        vec![
            disk(|name, _| DiskError::Missing { name }),
            disk(|name, _| DiskError::BadName { name }),
            disk(|_, _| DiskError::Locked),
            disk(|name, detail| DiskError::Denied { action: Action::Open, name, detail }),
            disk(|name, detail| DiskError::Full { action: Action::Append, name, detail }),
            disk(|name, detail| DiskError::Failed { action: Action::Sync, name, detail }),
            disk(|_, _| DiskError::PowerCut),
            FieldBookError::Keyring(KeyringError::None),
            FieldBookError::Keyring(KeyringError::Exists),
            FieldBookError::Keyring(KeyringError::NoWrappingKey),
            FieldBookError::Keyring(KeyringError::WrongKey),
            FieldBookError::Keyring(KeyringError::Damaged { name: "keyring.7".into(), what }),
            FieldBookError::Keyring(KeyringError::Newer { version: 9 }),
            FieldBookError::Keyring(KeyringError::Destroyed(destroyed())),
            FieldBookError::Journal(JournalError::Damaged(damage)),
            FieldBookError::Journal(JournalError::Newer { seq: 3, what: "record kind 99".into() }),
            FieldBookError::Journal(JournalError::KeyMissing { seq: 3, key }),
            FieldBookError::Journal(JournalError::NoKey { key }),
            FieldBookError::Journal(JournalError::TooLarge { bytes: 9 }),
            FieldBookError::Journal(JournalError::Behind),
            FieldBookError::Journal(JournalError::Rewound),
            FieldBookError::Journal(JournalError::NoRecord(position)),
            FieldBookError::Journal(JournalError::Unsure),
            FieldBookError::Ledger(LedgerError::Record(3, "unexpected type".into())),
            FieldBookError::Document(DocumentError::Automerge("missing ops".into())),
            FieldBookError::Document(DocumentError::WrongContainer("visits")),
            FieldBookError::Missing,
            FieldBookError::Exists,
            FieldBookError::UnknownDossier("WF-1".into()),
            FieldBookError::Closed(DocumentId::from_bytes([1; 16])),
            FieldBookError::Ambiguous("WF-1".into(), "x, y".into()),
            FieldBookError::LostJournal,
            FieldBookError::LostKeyring,
            FieldBookError::Unfit(Unsavable::TooLarge),
            FieldBookError::Unfit(Unsavable::TooManyEntries),
            FieldBookError::Unfit(Unsavable::NotAnew),
            FieldBookError::Unfit(Unsavable::OutOfBounds(FormatError::Malformed("too long".into()))),
            FieldBookError::Unfit(Unsavable::Unreadable(BadEnvelope::Actor)),
            FieldBookError::Nobody,
            FieldBookError::Wiped,
            FieldBookError::Revoked,
            FieldBookError::Erased(DocumentId::from_bytes([1; 16])),
            FieldBookError::Ended(DocumentId::from_bytes([1; 16]), day()),
            FieldBookError::StaleReading,
            FieldBookError::NotAChoice,
            FieldBookError::TwoOfOneName,
            FieldBookError::Withdrawing,
            FieldBookError::WrittenOnce,
            FieldBookError::NotAllowed(Forbidden::AskErasure),
            FieldBookError::NotAllowed(Forbidden::Withdraw),
        ]
    }

    /// What a server refuses, as its administrator hears it and as it goes over the line.
    fn region() -> Vec<RegionError> {
        let known = KnownAs { person: "anna".into(), role: Role::Coordinator, organisation: "school-1".into() };
        let unfit = [
            Unfit::EnrolledAlready,
            Unfit::KnownOtherwise(known),
            Unfit::NoOrganisation,
            Unfit::ErasedAlready,
            Unfit::NotAsked,
            Unfit::OwnDevice,
            Unfit::AlreadyWiped,
            Unfit::Held,
            Unfit::TooManyInvitations,
            Unfit::NotItsWord("the device did not sign this"),
            Unfit::Unsignable("a code is out of bounds".into()),
        ];
        every!(unfit; Unfit::EnrolledAlready, Unfit::KnownOtherwise(_), Unfit::NoOrganisation, Unfit::ErasedAlready, Unfit::NotAsked, Unfit::OwnDevice,
            Unfit::AlreadyWiped, Unfit::Held, Unfit::TooManyInvitations, Unfit::NotItsWord(_), Unfit::Unsignable(_));
        let mut all = vec![
            RegionError::Missing,
            RegionError::Exists,
            RegionError::Store(FieldBookError::Exists),
            RegionError::NotWelcome,
            RegionError::WrongCode,
            RegionError::ExpiredCode,
            RegionError::NoSuchDevice,
            RegionError::NotAllowed,
        ];
        all.extend(unfit.map(RegionError::Unfit));
        every!(all; RegionError::Missing, RegionError::Exists, RegionError::Store(_), RegionError::NotWelcome,
            RegionError::WrongCode, RegionError::ExpiredCode, RegionError::NoSuchDevice, RegionError::NotAllowed,
            RegionError::Unfit(_));
        all
    }

    fn destroyed() -> Destroyed {
        Destroyed { at: Timestamp::from_millis(1_743_400_000_000), cause: Cause::WrongTries, unsynced: Some(1) }
    }

    #[test]
    fn every_error_of_the_store_is_among_those_that_are_told() {
        let all = store();
        every!(all; FieldBookError::Missing, FieldBookError::Exists, FieldBookError::Wiped, FieldBookError::Revoked,
            FieldBookError::Disk(_), FieldBookError::Journal(_), FieldBookError::Keyring(_), FieldBookError::Ledger(_),
            FieldBookError::Document(_), FieldBookError::UnknownDossier(_), FieldBookError::Closed(_), FieldBookError::Erased(_),
            FieldBookError::Ended(..), FieldBookError::StaleReading, FieldBookError::Ambiguous(..), FieldBookError::LostJournal,
            FieldBookError::LostKeyring, FieldBookError::Unfit(_), FieldBookError::NotAChoice, FieldBookError::TwoOfOneName,
            FieldBookError::WrittenOnce, FieldBookError::NotAllowed(_), FieldBookError::Nobody, FieldBookError::Withdrawing);
        let unsavable: Vec<Unsavable> = store()
            .into_iter()
            .filter_map(|error| if let FieldBookError::Unfit(why) = error { Some(why) } else { None })
            .collect();
        every!(unsavable; Unsavable::TooLarge, Unsavable::TooManyEntries, Unsavable::NotAnew, Unsavable::OutOfBounds(_), Unsavable::Unreadable(_));
        let keyrings: Vec<KeyringError> = store()
            .into_iter()
            .filter_map(|error| if let FieldBookError::Keyring(error) = error { Some(error) } else { None })
            .collect();
        let keyrings = keyrings.into_iter().chain([KeyringError::Disk(DiskError::Locked)]).collect::<Vec<_>>();
        every!(keyrings; KeyringError::None, KeyringError::Exists, KeyringError::NoWrappingKey, KeyringError::WrongKey,
            KeyringError::Damaged { .. }, KeyringError::Newer { .. }, KeyringError::Destroyed(_), KeyringError::Disk(_));
    }

    #[test]
    fn what_a_server_refuses_is_told_in_the_language_of_the_reader() {
        for error in region() {
            let (nl, en) = (error.message(Lang::Nl), error.message(Lang::En));
            assert_eq!(foreign_words(&nl, Lang::Nl), [""; 0], "{nl}");
            assert_eq!(foreign_words(&en, Lang::En), [""; 0], "{en}");
            assert_ne!(nl, en);
        }
        let known = region().into_iter().find(|error| matches!(error, RegionError::Unfit(Unfit::KnownOtherwise(_)))).unwrap();
        assert!(known.message(Lang::Nl).starts_with("'anna' is bekend als coördinator van 'school-1'; "));
    }

    fn reports() -> Vec<ReportError> {
        let (funding, school) = (|| "impuls".to_owned(), || "tender".to_owned());
        let budget = vec![
            BudgetError::UnknownFunding(funding()),
            BudgetError::NotInForce { funding: funding(), from: Some(day()), to: Some(day()), day: day() },
            BudgetError::NotCountedYet { reference_date: day(), as_of: day() },
            BudgetError::NoAmount(funding()),
            BudgetError::NoSchools(funding()),
            BudgetError::UnknownSchools { funding: funding(), schools: vec![school()] },
            BudgetError::SchoolTwice { funding: funding(), school: school() },
            BudgetError::MissingHeadcount { date: day(), schools: vec![school()] },
            BudgetError::NegativeHeadcount { school: school(), date: day(), count: -1 },
            BudgetError::NobodyThere(day()),
            BudgetError::TooLarge(funding()),
        ];
        let mut errors: Vec<ReportError> = budget.into_iter().map(ReportError::Budget).collect();
        errors.extend([
            ReportError::UnknownProgramme("zorg".into()),
            ReportError::UnknownSchool(school()),
            ReportError::EmptyPeriod(day(), day()),
        ]);
        errors
    }

    #[test]
    fn what_goes_wrong_is_told_in_the_language_of_the_reader() {
        let device = DeviceId::from_bytes([1; 16]);
        let bundles = [
            BundleError::NoRecipients,
            BundleError::BadRecipient(device),
            BundleError::OtherRegion("gooi".into()),
            BundleError::NotForThisDevice { sender: device },
            BundleError::Changed { sender: device },
        ];
        let nonsense = Words::new("het ontvangstbewijs ontbreekt", "it has no receipt");
        let problems = store()
            .into_iter()
            .map(Problem::from)
            .chain(reports().into_iter().map(Problem::from))
            .chain(
                bundles.into_iter().map(|error| super::super::bundle::problem(ExchangeError::Bundle(error), "x.bundle".as_ref())),
            )
            .chain([sync(SyncError::Nonsense(nonsense), "http://x")])
            .chain(
                [std::io::ErrorKind::NotFound, std::io::ErrorKind::PermissionDenied, std::io::ErrorKind::StorageFull]
                    .map(|kind| Problem::File("x".into(), crate::message::system(&kind.into()))),
            );
        for problem in problems {
            for lang in [Lang::Nl, Lang::En] {
                for text in [problem.what(), problem.hint()] {
                    let said = text.say(lang).to_owned();
                    assert_eq!(foreign_words(&said, lang), [""; 0], "{lang:?}: {said}");
                }
            }
            assert_ne!(problem.what().say(Lang::Nl), problem.what().say(Lang::En));
        }
    }
}
