//! Why a command of the server was not carried out, and with which exit status it ends.

use std::path::PathBuf;

use veldboek_core::disk::DiskError;
use veldboek_core::field_book::FieldBookError;
use veldboek_core::journal::{Damage, JournalError};
use veldboek_core::keyring::KeyringError;
use veldboek_core::record::Lang;
use veldboek_core::sync::server::RegionError;

use crate::config::ConfigError;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no store.
    #[error("there is no server store in {store}; name it with --store or --config, or make one with `veldboek-server serve`")]
    NoStore {
        /// Where it was looked for.
        store: PathBuf,
    },
    /// Another process serves this store.
    #[error("another server already serves the store in {store}; stop that one, or give this one a --store of its own")]
    AlreadyServing {
        /// The store.
        store: PathBuf,
    },
    /// The store is of another region.
    #[error(
        "the store in {store} belongs to region '{is}', not to '{asked}'; leave the region away, or point --store elsewhere: \
         the name of a region cannot be changed"
    )]
    OtherRegion {
        /// The store.
        store: PathBuf,
        /// The region it belongs to.
        is: String,
        /// The region that was asked for.
        asked: String,
    },
    /// The first start ended before anything was stored.
    #[error("the first start of the store in {store} was cut short and left nothing of value; remove the folder and start again")]
    CutShort {
        /// The store.
        store: PathBuf,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; is the port taken, or the address not of this machine? choose another with --listen"
    )]
    CannotListen {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the server cannot be used.
    #[error("cannot use {path}: {source}; check who owns the store")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file with the master key cannot be read or made.
    #[error(
        "cannot use the master key {path}: {source}; check master_key in the configuration, and that this user may read the file"
    )]
    MasterKey {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file for a new master key cannot be read or made.
    #[error(
        "cannot use the new master key {path}: {source}; is there such a folder, and may this user write in it? nothing was changed"
    )]
    NewMasterKey {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no master key; it is 32 bytes, or 64 hexadecimal digits as `openssl rand -hex 32` makes them")]
    NotAMasterKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is another one than the keyring's.
    #[error("the master key in {place} does not fit this store; put back the one that does: nothing was changed")]
    OtherMasterKey {
        /// Where it is.
        place: String,
    },
    /// The key to rotate to is the one in use.
    #[error("{place} holds the key that is in use already; name a file that does not exist yet, and a new key is made there")]
    SameMasterKey {
        /// The file.
        place: PathBuf,
    },
    /// The system has no thread or signal to give.
    #[error("the system refused what a server needs: {0}; restart the machine, or give it more memory")]
    System(std::io::Error),
    /// The writer ended while others still needed it.
    #[error(
        "the thread that writes ended by itself; nothing that was acknowledged is lost, start the server again and report it"
    )]
    WriterEnded,
    /// There is something where a copy should come.
    #[error("there is something in {folder} already; name a new folder for each backup, and nothing is overwritten")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// There is a store where one should be put back.
    #[error(
        "there is a store in {store} already; move it aside first (its keyring may be newer than that of the backup), then restore"
    )]
    StoreThere {
        /// The store.
        store: PathBuf,
    },
    /// It is no whole copy.
    #[error(
        "{folder} holds no whole backup; name the folder that `backup` made, and the keyring's with --keyring if that is kept apart"
    )]
    NoBackup {
        /// The folder.
        folder: PathBuf,
    },
    /// The kept keyring is newer than the store's.
    #[error(
        "the keyring in {folder} is newer than the one of this store: it is another store's, or this one was put back from a backup; name another --keyring"
    )]
    NewerKeyring {
        /// The folder.
        folder: PathBuf,
    },
    /// The person at the terminal did not say yes.
    #[error("not confirmed: nothing was changed; answer y, or give --yes")]
    NotConfirmed,
    /// No device has such a name.
    #[error("no device is called '{0}'; `device list` shows them")]
    NoDevice(String),
    /// Only what a revoked device did not send needs leave.
    #[error("device '{0}' is not revoked, and may send as always; `device revoke --accept-unsent` does both at once")]
    NotRevoked(String),
    /// Several devices have such a name.
    #[error("several devices begin with '{0}'; give more of the id")]
    SeveralDevices(String),
    /// The region refused, or its store failed.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// The keys cannot be opened.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// `verify` found damage; it was printed as data.
    #[error("the store is damaged; copy it to another disk before anything else, then put back a backup")]
    Damaged,
    /// `verify --head` did not find the head.
    #[error(
        "the head that was noted earlier is not in this chain: records were removed or changed, or the head is of another store; \
         copy the store, and compare with a backup"
    )]
    HeadMissing,
    /// Devices saw what is not in the chain.
    #[error(
        "devices saw records that are not in this chain any more: it was cut short, rewritten, or quietly replaced by an older \
         copy; copy the store, find out who had access, and put back a backup with `restore`"
    )]
    Contradicted,
}

impl ServerError {
    /// What is the matter and what to do next. What the system or the TOML reader said is quoted as they said it.
    pub fn say(&self, lang: Lang) -> String {
        match (self.damage(), lang) {
            (Some(damage), _) => damage.at_server(lang),
            (None, Lang::En) => self.to_string(),
            (None, Lang::Nl) => self.dutch(),
        }
    }

    /// The damage of the journal that was met, whose words for a device do not fit a server.
    fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Journal(JournalError::Damaged(damage))
            | Self::Region(RegionError::Store(FieldBookError::Journal(JournalError::Damaged(damage)))) => Some(damage),
            _ => None,
        }
    }

    fn dutch(&self) -> String {
        match self {
            Self::Config(error) => error.dutch(),
            Self::NoStore { store } => format!(
                "in {} staat geen opslag van een server; noem die met --store of --config, of maak er een met `veldboek-server serve`",
                store.display()
            ),
            Self::AlreadyServing { store } => format!(
                "een andere server gebruikt de opslag in {} al; stop die, of geef deze een eigen --store",
                store.display()
            ),
            Self::OtherRegion { store, is, asked } => format!(
                "de opslag in {} hoort bij regio '{is}', niet bij '{asked}'; laat de regio weg, of wijs met --store een andere \
                 opslag aan: de naam van een regio kan niet veranderen",
                store.display()
            ),
            Self::CutShort { store } => format!(
                "de eerste start van de opslag in {} is afgebroken en er is niets van waarde in; verwijder de map en begin opnieuw",
                store.display()
            ),
            Self::CannotListen { address, source } => format!(
                "kan niet luisteren op {address} ({source}); is de poort bezet, of het adres niet van deze machine? kies een \
                 ander met --listen"
            ),
            Self::File { path, source } => {
                format!("kan {} niet gebruiken ({source}); kijk van wie de opslag is", path.display())
            }
            Self::MasterKey { path, source } => format!(
                "kan de hoofdsleutel {} niet gebruiken ({source}); kijk naar master_key in de configuratie, en of deze gebruiker het \
                 bestand mag lezen",
                path.display()
            ),
            Self::NewMasterKey { path, source } => format!(
                "kan de nieuwe hoofdsleutel {} niet gebruiken ({source}); is die map er, en mag deze gebruiker erin schrijven? er is \
                 niets veranderd",
                path.display()
            ),
            Self::NotAMasterKey { path } => format!(
                "in {} staat geen hoofdsleutel; dat zijn 32 bytes, of 64 hexadecimale cijfers zoals `openssl rand -hex 32` die maakt",
                path.display()
            ),
            Self::OtherMasterKey { place } => {
                format!("de hoofdsleutel in {place} past niet bij deze opslag; zet de juiste terug: er is niets veranderd")
            }
            Self::SameMasterKey { place } => format!(
                "in {} staat de sleutel die al in gebruik is; noem een bestand dat nog niet bestaat, dan wordt er een nieuwe gemaakt",
                place.display()
            ),
            Self::System(source) => {
                format!(
                    "het systeem weigert wat een server nodig heeft ({source}); herstart de machine, of geef haar meer geheugen"
                )
            }
            Self::WriterEnded => {
                "het schrijvende deel van de server is uit zichzelf gestopt; niets dat bevestigd was is weg: start \
                                  de server opnieuw en meld dit"
                    .to_owned()
            }
            Self::NotEmpty { folder } => format!(
                "in {} staat al iets; noem voor elke reservekopie een nieuwe map, dan wordt er niets overschreven",
                folder.display()
            ),
            Self::StoreThere { store } => format!(
                "in {} staat al een opslag; zet die eerst opzij (haar sleutelbos kan nieuwer zijn dan die van de reservekopie) en \
                 zet dan terug",
                store.display()
            ),
            Self::NoBackup { folder } => format!(
                "in {} staat geen hele reservekopie; noem de map die `backup` maakte, en met --keyring die van de sleutelbos als \
                 die apart wordt bewaard",
                folder.display()
            ),
            Self::NewerKeyring { folder } => format!(
                "de sleutelbos in {} is nieuwer dan die van deze opslag: die is van een andere, of deze is uit een reservekopie \
                 teruggezet; noem een andere --keyring",
                folder.display()
            ),
            Self::NotConfirmed => "niet bevestigd: er is niets veranderd; antwoord j, of geef --yes".to_owned(),
            Self::NoDevice(id) => format!("geen apparaat heet '{id}'; `device list` toont ze"),
            Self::NotRevoked(id) => format!(
                "apparaat '{id}' is niet ingetrokken en mag gewoon versturen; `device revoke --accept-unsent` doet beide tegelijk"
            ),
            Self::SeveralDevices(id) => format!("meer apparaten beginnen met '{id}'; geef meer van het kenmerk"),
            Self::Region(error) => error.message(Lang::Nl),
            Self::Keyring(error) => error.message(Lang::Nl),
            Self::Journal(error) => error.message(Lang::Nl),
            Self::Disk(error) => error.message(Lang::Nl),
            Self::Damaged => "de opslag is beschadigd; kopieer haar eerst naar een andere schijf en zet dan een reservekopie \
                              terug"
                .to_owned(),
            Self::Contradicted => "apparaten zagen regels die niet meer in deze keten staan: zij is ingekort, herschreven of \
                                   stilletjes door een oudere kopie vervangen; kopieer de opslag, zoek uit wie erbij kon, en \
                                   zet met `restore` een reservekopie terug"
                .to_owned(),
            Self::HeadMissing => {
                "de eerder genoteerde kop staat niet in deze keten: er zijn regels verwijderd of veranderd, of de \
                                  kop is van een andere opslag; kopieer de opslag en vergelijk met een reservekopie"
                    .to_owned()
            }
        }
    }

    /// The exit status of the contract: 1 could not be done, 2 wrong usage, 5 refused, 6 damage.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Config(ConfigError::Unreadable { .. }) => 1,
            Self::Config(_) => 2,
            Self::Region(error) => of_region(error),
            Self::Keyring(error) => of_keyring(error),
            Self::Journal(error) => of_journal(error),
            Self::Damaged | Self::HeadMissing | Self::Contradicted => 6,
            Self::MasterKey { .. } | Self::NewMasterKey { .. } | Self::NotAMasterKey { .. } | Self::OtherMasterKey { .. } => 5,
            _ => 1,
        }
    }
}

fn of_region(error: &RegionError) -> u8 {
    match error {
        RegionError::NotWelcome | RegionError::WrongCode | RegionError::ExpiredCode | RegionError::NotAllowed => 5,
        RegionError::Store(FieldBookError::Keyring(error)) => of_keyring(error),
        RegionError::Store(FieldBookError::Journal(error)) => of_journal(error),
        // What the journal holds whole but cannot be understood was not written like that.
        RegionError::Store(FieldBookError::Ledger(_)) => 6,
        _ => 1,
    }
}

fn of_keyring(error: &KeyringError) -> u8 {
    match error {
        KeyringError::Damaged { .. } => 6,
        KeyringError::NoWrappingKey | KeyringError::WrongKey | KeyringError::Destroyed(_) => 5,
        _ => 1,
    }
}

fn of_journal(error: &JournalError) -> u8 {
    match error {
        JournalError::Damaged(_) | JournalError::Rewound => 6,
        JournalError::Keyring(error) => of_keyring(error),
        _ => 1,
    }
}
