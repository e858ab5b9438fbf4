//! What goes wrong in the store, for people who read Dutch. The English version of an error is its `Display`.
//!
//! Every variant is named, so that a new one does not compile before it has its Dutch words.

use crate::bundle::BundleError;
use crate::disk::{Action, DiskError};
use crate::document::DocumentError;
use crate::field_book::{FieldBookError, Forbidden, SyncError, Unsavable};
use crate::journal::{Damage, JournalError};
use crate::keyring::{KeyringError, KeystoreError, UnlockError};
use crate::ledger::LedgerError;
use crate::record::Lang;
use crate::sync::server::RegionError;

fn action(action: Action) -> &'static str {
    match action {
        Action::Open => "openen",
        Action::Append => "schrijven",
        Action::Sync => "vastleggen",
        Action::Read => "lezen",
        Action::Truncate => "inkorten",
        Action::List => "doorlopen",
        Action::Remove => "verwijderen",
        Action::Lock => "vasthouden",
    }
}

impl DiskError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Missing { name }) => {
                format!("er is geen bestand '{name}' in het veldboek; kijk of dit de goede map is")
            }
            (Lang::Nl, Self::BadName { name }) => format!("'{name}' is geen naam voor een bestand in het veldboek"),
            (Lang::Nl, Self::Locked) => {
                "een ander programma houdt het veldboek bezet en laat niet los; sluit dat programma en probeer het opnieuw"
                    .to_owned()
            }
            (Lang::Nl, Self::Denied { action: what, name, .. }) => format!(
                "geen toestemming om '{name}' te {}; gebruik het account waarvan het veldboek is, of geef dit account toegang",
                action(*what)
            ),
            (Lang::Nl, Self::Full { name, .. }) => {
                format!("de schijf is vol ({name}); maak ruimte en probeer het opnieuw: wat was opgeslagen, is er nog")
            }
            (Lang::Nl, Self::Failed { action: what, name, detail }) => format!(
                "de schijf kan '{name}' niet {} (het systeem zegt: {detail}); probeer het opnieuw, en kopieer het veldboek naar een \
                 andere schijf als het blijft gebeuren",
                action(*what)
            ),
            (Lang::Nl, Self::PowerCut) => "de stroom van de nagebootste schijf is uit".to_owned(),
        }
    }
}

impl KeyringError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Disk(error)) => error.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::None) => {
                "hier zijn geen sleutels (keyring); begin eerst een veldboek, of wijs de goede map aan".to_owned()
            }
            (Lang::Nl, Self::Exists) => {
                "hier zijn al sleutels (keyring); open het veldboek in plaats van het opnieuw te beginnen".to_owned()
            }
            (Lang::Nl, Self::NoWrappingKey) => {
                "het bestand 'wrapping.key' ontbreekt, zodat de sleutels niet te openen zijn; zet het terug".to_owned()
            }
            (Lang::Nl, Self::WrongKey) => {
                "het bestand 'wrapping.key' past niet op deze sleutels; zet het bestand terug dat erbij hoort".to_owned()
            }
            (Lang::Nl, Self::Damaged { name, what }) => format!(
                "de sleutels '{name}' zijn beschadigd ({}); kopieer alles en zet dan de sleutels terug uit de nieuwste reservekopie",
                what.say(lang)
            ),
            (Lang::Nl, Self::Destroyed(destroyed)) => format!(
                "de sleutels van dit veldboek zijn op {} vernietigd, zodat het nooit meer te lezen is; meld u opnieuw aan in een nieuw \
                 veldboek: wat de server heeft, komt terug",
                destroyed.at
            ),
            (Lang::Nl, Self::Newer { version }) => format!(
                "een nieuwere versie van Veldboek schreef de sleutels (formaat {version}); installeer de nieuwste versie op dit apparaat"
            ),
        }
    }
}

impl KeystoreError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::NotNow(why)) => format!(
                "de sleutelkluis van dit apparaat ging niet open ({why}); ontgrendel het apparaat, laat zien dat u het bent en probeer \
                 het opnieuw"
            ),
            (Lang::Nl, Self::Gone(why)) => format!(
                "de sleutelkluis van dit apparaat heeft de sleutel van dit veldboek niet meer ({why}); meld u opnieuw aan in een nieuw \
                 veldboek: wat de server heeft, komt terug"
            ),
        }
    }
}

impl UnlockError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Keystore(error)) => error.message(lang),
            (_, Self::Keyring(error)) => error.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::NoPassphrase) => "op dit veldboek zit geen wachtzin; het gaat zonder wachtzin open".to_owned(),
            (Lang::Nl, Self::TooSoon { until, left, .. }) => format!(
                "te vaak een verkeerde wachtzin; opnieuw proberen kan vanaf {until}, en na nog {left} verkeerde worden de sleutels \
                 vernietigd"
            ),
            (Lang::Nl, Self::Wrong { left, .. }) => {
                format!("de wachtzin is onjuist; probeer het opnieuw, na nog {left} verkeerde worden de sleutels vernietigd")
            }
            (Lang::Nl, Self::NoMemory) => {
                "er is te weinig vrij geheugen om een wachtzin te proberen; sluit andere programma's en probeer het opnieuw"
                    .to_owned()
            }
        }
    }
}

impl Damage {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        let Self { seq, position, what, .. } = self;
        match lang {
            Lang::En => self.to_string(),
            Lang::Nl => format!(
                "het journaal is beschadigd bij regel {seq} (segment {}, byte {}: {}); er is niets veranderd. Kopieer eerst alles naar \
                 een andere schijf, kijk dan met 'verify' wat er geraakt is, en zet een reservekopie terug of meld dit apparaat opnieuw aan",
                position.segment,
                position.offset,
                what.say(lang)
            ),
        }
    }
}

impl Damage {
    /// The same to whoever administers a server.
    pub fn at_server(&self, lang: Lang) -> String {
        let Self { seq, position, what, .. } = self;
        let (segment, byte, what) = (position.segment, position.offset, what.say(lang));
        match lang {
            Lang::En => format!(
                "the journal is damaged at record {seq} (segment {segment}, byte {byte}: {what}); nothing was changed. Copy the whole \
                 store to another disk first; `veldboek-server verify` shows all of the damage; then put back a backup"
            ),
            Lang::Nl => format!(
                "het journaal is beschadigd bij regel {seq} (segment {segment}, byte {byte}: {what}); er is niets veranderd. Kopieer \
                 eerst de hele opslag naar een andere schijf; `veldboek-server verify` toont alle schade; zet dan een reservekopie terug"
            ),
        }
    }
}

impl JournalError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Disk(error)) => error.message(lang),
            (_, Self::Keyring(error)) => error.message(lang),
            (_, Self::Damaged(damage)) => damage.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Newer { seq, .. }) => {
                format!("een nieuwere versie van Veldboek schreef regel {seq}; installeer de nieuwste versie op dit apparaat")
            }
            (Lang::Nl, Self::KeyMissing { seq, .. }) => format!(
                "de sleutel van regel {seq} ontbreekt: de sleutels (keyring) zijn ouder dan het journaal; zet de nieuwste terug"
            ),
            (Lang::Nl, Self::NoKey { key }) => format!("er is geen sleutel {key} om de regel mee te verzegelen"),
            (Lang::Nl, Self::TooLarge { bytes }) => format!("een regel van {bytes} bytes is te groot; verdeel wat bewaard moet worden"),
            (Lang::Nl, Self::Behind) => "het journaal is gegroeid sinds het werd gelezen; lees eerst wat nieuw is".to_owned(),
            (Lang::Nl, Self::Rewound) => {
                "het journaal is korter dan het was: een ander programma nam er een deel van terug; open het veldboek opnieuw".to_owned()
            }
            (Lang::Nl, Self::NoRecord(at)) => {
                format!("op segment {}, byte {} staat geen regel; lees het journaal opnieuw", at.segment, at.offset)
            }
            (Lang::Nl, Self::Unsure) => {
                "de schijf faalde bij het schrijven en wat half geschreven was, kon niet worden teruggenomen; open het veldboek opnieuw"
                    .to_owned()
            }
        }
    }
}

impl LedgerError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Note(_)) => {
                "het journaal bevat iets dat deze versie niet kan lezen; installeer de nieuwste versie op dit apparaat".to_owned()
            }
            (Lang::Nl, Self::Record(seq, _)) => {
                format!("regel {seq} van het journaal is niet te lezen; draai `verify`, en laat de map zoals zij is")
            }
        }
    }
}

impl DocumentError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Automerge(_)) => {
                "een document kan niet worden verwerkt; draai `verify` om het veldboek na te gaan".to_owned()
            }
            (Lang::Nl, Self::WrongContainer(name)) => format!("'{name}' hoort niet in dit soort document"),
        }
    }
}

impl FieldBookError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Disk(error)) => error.message(lang),
            (_, Self::Journal(error)) => error.message(lang),
            (_, Self::Keyring(error)) => error.message(lang),
            (_, Self::Ledger(error)) => error.message(lang),
            (_, Self::Document(error)) => error.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Missing) => "er is hier nog geen veldboek".to_owned(),
            (Lang::Nl, Self::Exists) => "er is hier al een veldboek".to_owned(),
            (Lang::Nl, Self::UnknownDossier(name)) => format!("geen dossier heet '{name}'"),
            (Lang::Nl, Self::Closed(id)) => format!(
                "dossier {id} staat niet meer op dit apparaat, want de toegang is beëindigd; vraag uw coördinator als dat niet klopt"
            ),
            (Lang::Nl, Self::StaleReading) => {
                "het dossier is zo veranderd dat niet meer na te gaan is wat er op het scherm stond; toon het opnieuw".to_owned()
            }
            (Lang::Nl, Self::Ambiguous(name, ids)) => format!("meer dossiers heten '{name}'; noem er een bij het kenmerk: {ids}"),
            (Lang::Nl, Self::LostJournal) => {
                "het journaal van dit veldboek is weg, terwijl de sleutels er zijn; zet de map 'journal' terug uit een reservekopie, en \
                 verander verder niets"
                    .to_owned()
            }
            (Lang::Nl, Self::LostKeyring) => {
                "de sleutels van dit veldboek (keyring) zijn weg, terwijl het journaal er is; zet ze terug uit een reservekopie, en \
                 verander verder niets"
                    .to_owned()
            }
            (Lang::Nl, Self::NotAChoice) => "dit is geen van de waarden om uit te kiezen; toon de conflicten opnieuw".to_owned(),
            (Lang::Nl, Self::TwoOfOneName) => {
                "hier valt niets te kiezen: twee dossiers hebben dezelfde referentie; geef een van de twee een andere".to_owned()
            }
            (Lang::Nl, Self::Withdrawing) => {
                "uit dit dossier is net al iets ingetrokken, dat nog niet gewist is; synchroniseer eerst en trek dit dan in".to_owned()
            }
            (Lang::Nl, Self::Unfit(why)) => format!("dit kan niet worden opgeslagen: {}", why.message(lang)),
            (Lang::Nl, Self::Erased(id)) => format!(
                "dossier {id} is op verzoek gewist en er kan niets meer in worden geschreven; vraag uw coördinator als dat niet klopt"
            ),
            (Lang::Nl, Self::WrittenOnce) => {
                "hier valt niets te kiezen: dit wordt eenmaal vastgelegd en beide waarden blijven staan; de eerste wordt gelezen".to_owned()
            }
            (Lang::Nl, Self::NotAllowed(what)) => what.message(lang),
            (Lang::Nl, Self::Ended(id, last)) => format!(
                "uw toegang tot dossier {id} eindigde na {last}; wissel uit als zij is verlengd, of vraag uw coördinator. Een bezoek kunt u \
                 nog vastleggen: het wacht op de coördinator"
            ),
            (Lang::Nl, Self::Nobody) => "dit veldboek weet nog niet van wie het is".to_owned(),
            (Lang::Nl, Self::Wiped) => {
                "dit apparaat is ingetrokken en alles erop is vernietigd; vraag uw coördinator om een code en meld het opnieuw aan"
                    .to_owned()
            }
            (Lang::Nl, Self::Revoked) => {
                "dit apparaat is ingetrokken; vraag uw coördinator, en meld het opnieuw aan als het zich heeft gewist (`sync`)"
                    .to_owned()
            }
        }
    }
}

impl Forbidden {
    /// What only others may do.
    pub fn message(self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, what) => what.to_string(),
            (Lang::Nl, Self::AskErasure) => {
                "alleen een coördinator van de organisatie van het dossier vraagt om het wissen ervan".to_owned()
            }
            (Lang::Nl, Self::Withdraw) => {
                "alleen wie iets zelf vastlegde, of een coördinator van de organisatie, trekt het in".to_owned()
            }
        }
    }
}

impl Unsavable {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::TooLarge) => "het is te groot; leg het in delen vast".to_owned(),
            (Lang::Nl, Self::TooManyEntries) => "dit zijn te veel onderdelen tegelijk; trek ze in delen in".to_owned(),
            (Lang::Nl, Self::NotAnew) => "dit dossier kan niet opnieuw worden geschreven; vraag uw beheerder".to_owned(),
            (Lang::Nl, Self::OutOfBounds(_)) => {
                "een code of toelichting is te lang of geen geldige, of een periode eindigt voor zij begint; pas het aan"
                    .to_owned()
            }
            (Lang::Nl, Self::Unreadable(_)) => {
                "het programma maakte een wijziging die niet terug te lezen is; meld dit aan wie Veldboek onderhoudt".to_owned()
            }
        }
    }
}

impl SyncError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Store(error)) => error.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::NotEnrolled) => {
                "dit apparaat is nog niet aangemeld bij een server; gebruik `enrol` met de code van uw coördinator".to_owned()
            }
            (Lang::Nl, Self::Nonsense(why)) => format!(
                "het antwoord van de server is niet te vertrouwen ({}); er is niets van gebruikt, en hier ging niets verloren",
                why.say(lang)
            ),
            (Lang::Nl, Self::SomebodyElse { mine, theirs }) => format!(
                "dit veldboek is van '{mine}', maar de code is voor '{theirs}'; vraag een code voor '{mine}', of gebruik een ander \
                 veldboek"
            ),
        }
    }
}

impl BundleError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::NoRecipients) => {
                "er is niemand die deze bundel zou kunnen openen; wissel één keer uit met de server en maak haar dan opnieuw"
                    .to_owned()
            }
            (Lang::Nl, Self::BadRecipient(device)) => format!(
                "apparaat {device} heeft een sleutel waarvoor niet te verzegelen is; meld dat apparaat opnieuw aan en maak de bundel dan \
                 opnieuw"
            ),
            (Lang::Nl, Self::Format(_)) => {
                "dit bestand is geen hele bundel; kopieer het nog eens, of vraag om een nieuwe bundel".to_owned()
            }
            (Lang::Nl, Self::OtherRegion(region)) => {
                format!("deze bundel is van de regio '{region}'; open haar in een veldboek van die regio")
            }
            (Lang::Nl, Self::NotForThisDevice { sender }) => format!(
                "deze bundel is niet voor dit apparaat gemaakt; vraag de gebruiker van apparaat {sender} om een nieuwe, nadat u beiden \
                 hebt uitgewisseld met de server"
            ),
            (Lang::Nl, Self::Changed { sender }) => format!(
                "deze bundel is onderweg veranderd of beschadigd; kopieer haar nog eens, of vraag de gebruiker van apparaat {sender} om \
                 een nieuwe"
            ),
        }
    }
}

impl RegionError {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (_, Self::Store(error)) => error.message(lang),
            (_, Self::Unfit(why)) => why.message(lang),
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::Missing) => {
                "hier is nog geen opslag van een server; `serve` maakt haar bij de eerste start".to_owned()
            }
            (Lang::Nl, Self::Exists) => "hier is al een opslag van een server".to_owned(),
            (Lang::Nl, Self::NotWelcome) => "dit apparaat is niet (meer) aangemeld; vraag uw coördinator om een code".to_owned(),
            (Lang::Nl, Self::WrongCode) => "deze code is niet (meer) geldig; vraag uw coördinator om een nieuwe".to_owned(),
            (Lang::Nl, Self::ExpiredCode) => {
                "deze code is verlopen of te vaak verkeerd ingevoerd; vraag uw coördinator om een nieuwe".to_owned()
            }
            (Lang::Nl, Self::NoSuchDevice) => "geen apparaat heeft dit kenmerk; `device list` toont ze".to_owned(),
            (Lang::Nl, Self::NotAllowed) => "alleen een coördinator of beheerder mag dit".to_owned(),
        }
    }
}
