//! What an app hears of trouble: something to do, in the language of its person, for every kind there is.

use veldboek_core::clock::Timestamp;
use veldboek_core::disk::Action;
use veldboek_core::document::DocumentError;
use veldboek_core::envelope::BadEnvelope;
use veldboek_core::field_book::{Forbidden, Unsavable};
use veldboek_core::ids::{DocumentId, KeyId};
use veldboek_core::journal::{Damage, Position};
use veldboek_core::keyring::{Cause, Destroyed};
use veldboek_core::wire::FormatError;
use veldboek_core::words::Words;

use super::*;

#[test]
fn each_answer_of_the_server_is_something_to_do() {
    let told = |code: ErrorCode| FieldBookError::refused(&code.into(), Lang::Nl);
    assert!(matches!(told(ErrorCode::UnknownDevice), FieldBookError::NotEnrolled { .. }));
    assert!(matches!(told(ErrorCode::Revoked), FieldBookError::Revoked { reason } if reason.contains("ingetrokken")));
    assert!(matches!(told(ErrorCode::Busy), FieldBookError::TryLater { .. }));
    assert!(matches!(told(ErrorCode::WrongCode), FieldBookError::BadInput { fields, .. } if fields == ["code"]));
    assert!(matches!(told(ErrorCode::TooLarge), FieldBookError::Server { code, .. } if code == "TOO_LARGE"));
}

#[test]
fn a_possible_bsn_asks_for_a_declaration_and_a_full_disk_for_room() {
    let field = veldboek_core::rules::FieldName { name: "summary", label_nl: "verslag" };
    let broken = RuleBroken::PossibleBsn { field, positions: vec![std::ops::Range { start: 3, end: 12 }] };
    assert!(matches!(FieldBookError::rule(&broken, Lang::Nl), FieldBookError::PossibleBsn { field, .. } if field == "summary"));
    let full = DiskError::Full {
        action: veldboek_core::disk::Action::Append,
        name: "journal/00000001.vbj".into(),
        detail: "no space left".into(),
    };
    let error = Trouble::from(SyncError::Store(StoreError::Journal(JournalError::Disk(full)))).told(Lang::Nl);
    assert!(matches!(error, FieldBookError::NoSpace { .. }));
    assert!(error.unsettles());
}

/// Every kind of trouble; the match names every variant, so that a new one does not compile before it is here.
macro_rules! every {
    ($errors:expr; $($variant:pat),+ $(,)?) => {{
        let told: Vec<&str> = $errors.iter().map(|error| match error { $($variant => stringify!($variant)),+ }).collect();
        $(assert!(told.contains(&stringify!($variant)), "{} is not told", stringify!($variant));)+
    }};
}

fn stores() -> Vec<StoreError> {
    let (name, detail) = (|| "journal/00000001.vbj".to_owned(), || "EIO".to_owned());
    let what = Words::new("de inhoud is niet volledig", "its content is incomplete");
    let position = Position { segment: 1, offset: 7 };
    let key = KeyId::from_bytes([1; 16]);
    let document = DocumentId::from_bytes([1; 16]);
    let at = Timestamp::from_millis(1_743_400_000_000);
    let disks = vec![
        DiskError::Missing { name: name() },
        DiskError::BadName { name: name() },
        DiskError::Locked,
        DiskError::Denied { action: Action::Open, name: name(), detail: detail() },
        DiskError::Full { action: Action::Append, name: name(), detail: detail() },
        DiskError::Failed { action: Action::Sync, name: name(), detail: detail() },
        DiskError::PowerCut,
    ];
    every!(disks; DiskError::Missing { .. }, DiskError::BadName { .. }, DiskError::Locked, DiskError::Denied { .. },
        DiskError::Full { .. }, DiskError::Failed { .. }, DiskError::PowerCut);
    let keyrings = vec![
        KeyringError::None,
        KeyringError::Exists,
        KeyringError::NoWrappingKey,
        KeyringError::WrongKey,
        KeyringError::Damaged { name: "keyring.7".into(), what },
        KeyringError::Newer { version: 9 },
        KeyringError::Destroyed(Destroyed { at, cause: Cause::WrongTries, unsynced: Some(1) }),
        KeyringError::Disk(DiskError::Locked),
    ];
    every!(keyrings; KeyringError::None, KeyringError::Exists, KeyringError::NoWrappingKey, KeyringError::WrongKey,
        KeyringError::Damaged { .. }, KeyringError::Newer { .. }, KeyringError::Destroyed(_), KeyringError::Disk(_));
    let journals = vec![
        JournalError::Damaged(Box::new(Damage { seq: 3, position, what, resumes: None })),
        JournalError::Newer { seq: 3, what: "record kind 99".into() },
        JournalError::KeyMissing { seq: 3, key },
        JournalError::NoKey { key },
        JournalError::TooLarge { bytes: 9 },
        JournalError::Behind,
        JournalError::Rewound,
        JournalError::NoRecord(position),
        JournalError::Unsure,
        JournalError::Keyring(KeyringError::None),
        JournalError::Disk(DiskError::Locked),
    ];
    every!(journals; JournalError::Damaged(_), JournalError::Newer { .. }, JournalError::KeyMissing { .. },
        JournalError::NoKey { .. }, JournalError::TooLarge { .. }, JournalError::Behind, JournalError::Rewound,
        JournalError::NoRecord(_), JournalError::Unsure, JournalError::Keyring(_), JournalError::Disk(_));
    let unsavable = [
        Unsavable::TooLarge,
        Unsavable::TooManyEntries,
        Unsavable::NotAnew,
        Unsavable::OutOfBounds(FormatError::Malformed("too long".into())),
        Unsavable::Unreadable(BadEnvelope::Actor),
    ];
    every!(unsavable; Unsavable::TooLarge, Unsavable::TooManyEntries, Unsavable::NotAnew, Unsavable::OutOfBounds(_), Unsavable::Unreadable(_));
    let mut all = vec![
        StoreError::Missing,
        StoreError::Exists,
        StoreError::Wiped,
        StoreError::Revoked,
        StoreError::Ledger(LedgerError::Record(3, "unexpected type".into())),
        StoreError::Document(DocumentError::Automerge("missing ops".into())),
        StoreError::Document(DocumentError::WrongContainer("visits")),
        StoreError::UnknownDossier("WF-1".into()),
        StoreError::Closed(document),
        StoreError::Erased(document),
        StoreError::Ended(document, "2025-03-31".parse().unwrap()),
        StoreError::StaleReading,
        StoreError::Ambiguous("WF-1".into(), "x, y".into()),
        StoreError::LostJournal,
        StoreError::LostKeyring,
        StoreError::NotAChoice,
        StoreError::TwoOfOneName,
        StoreError::Withdrawing,
        StoreError::WrittenOnce,
        StoreError::NotAllowed(Forbidden::AskErasure),
        StoreError::NotAllowed(Forbidden::Withdraw),
        StoreError::Nobody,
    ];
    all.extend(disks.into_iter().map(StoreError::Disk));
    all.extend(keyrings.into_iter().map(StoreError::Keyring));
    all.extend(journals.into_iter().map(StoreError::Journal));
    all.extend(unsavable.map(StoreError::Unfit));
    every!(all; StoreError::Missing, StoreError::Exists, StoreError::Wiped, StoreError::Revoked, StoreError::Disk(_),
        StoreError::Journal(_), StoreError::Keyring(_), StoreError::Ledger(_), StoreError::Document(_),
        StoreError::UnknownDossier(_), StoreError::Closed(_), StoreError::Erased(_), StoreError::Ended(..),
        StoreError::StaleReading, StoreError::Ambiguous(..), StoreError::LostJournal, StoreError::LostKeyring,
        StoreError::Unfit(_), StoreError::NotAChoice, StoreError::TwoOfOneName, StoreError::Withdrawing,
        StoreError::WrittenOnce, StoreError::NotAllowed(_), StoreError::Nobody);
    all
}

fn exchanges() -> Vec<SyncError> {
    let mut all = vec![
        SyncError::NotEnrolled,
        SyncError::Nonsense(Words::new("het ontvangstbewijs ontbreekt", "it has no receipt")),
        SyncError::SomebodyElse { mine: "anna".into(), theirs: "bram".into() },
    ];
    all.extend(stores().into_iter().map(SyncError::Store));
    every!(all; SyncError::NotEnrolled, SyncError::Nonsense(_), SyncError::SomebodyElse { .. }, SyncError::Store(_));
    all
}

fn unlocks() -> Vec<UnlockError> {
    let until = Timestamp::from_millis(1_743_400_000_000);
    let all = vec![
        UnlockError::NoPassphrase,
        UnlockError::TooSoon { until, left: 3, unsynced: Some(2) },
        UnlockError::Wrong { left: 3, until: None, unsynced: None },
        UnlockError::NoMemory,
        UnlockError::Keystore(KeystoreError::NotNow("geen vinger".into())),
        UnlockError::Keystore(KeystoreError::Gone("leeg".into())),
        UnlockError::Keyring(KeyringError::WrongKey),
    ];
    every!(all; UnlockError::NoPassphrase, UnlockError::TooSoon { .. }, UnlockError::Wrong { .. }, UnlockError::NoMemory,
        UnlockError::Keystore(_), UnlockError::Keyring(_));
    all
}

/// Words that only one of the two languages has.
fn only_in(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::En => &["the", "this", "and", "not", "from", "it", "you", "who", "another", "with"],
        Lang::Nl => &["de", "het", "een", "niet", "van", "dit", "er", "deze", "en", "zijn", "met"],
    }
}

#[test]
fn whatever_goes_wrong_is_told_in_the_language_of_the_reader() {
    let told = |lang: Lang| -> Vec<String> {
        let exchanges = exchanges().into_iter().map(|error| Trouble::from(error).told(lang));
        let unlocks = unlocks();
        let unlocks = unlocks.iter().map(|error| FieldBookError::unlock(error, lang));
        exchanges.chain(unlocks).map(|error| error.reason().to_owned()).collect()
    };
    for (nl, en) in told(Lang::Nl).into_iter().zip(told(Lang::En)) {
        assert_ne!(nl, en);
        for (text, other) in [(&nl, Lang::En), (&en, Lang::Nl)] {
            let plain = text.to_lowercase();
            let mut words = plain.split(|char: char| !char.is_alphanumeric() && char != '.').map(|word| word.trim_matches('.'));
            let foreign = words.find(|word| only_in(other).contains(word));
            assert_eq!(foreign, None, "{text}");
        }
    }
}

impl FieldBookError {
    fn reason(&self) -> &str {
        match self {
            Self::NotEnrolled { reason }
            | Self::Revoked { reason }
            | Self::AccessEnded { reason }
            | Self::Wiped { reason }
            | Self::WrongKey { reason }
            | Self::NeedsUnlock { reason }
            | Self::PassphraseRefused { reason, .. }
            | Self::KeysDestroyed { reason, .. }
            | Self::Locked { reason }
            | Self::NoSpace { reason }
            | Self::Damaged { reason }
            | Self::UpdateNeeded { reason }
            | Self::BadInput { reason, .. }
            | Self::PossibleBsn { reason, .. }
            | Self::NotFound { reason }
            | Self::TryLater { reason }
            | Self::NotTheServer { reason }
            | Self::Server { reason, .. }
            | Self::Unknown { reason } => reason,
        }
    }
}
