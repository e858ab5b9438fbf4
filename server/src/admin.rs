//! Administrative commands beside a running server: they return data, and `render` prints it.

use serde::Serialize;
use veldboek_core::audit::{AuditAction, AuditNote};
use veldboek_core::clock::Timestamp;
use veldboek_core::ids::DeviceId;
use veldboek_core::journal::Journal;
use veldboek_core::keyring::{Keyring, LockState};
use veldboek_core::record::{Code, Lang};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, ErasureOrder, Region, Work};
use veldboek_core::wire::{DeviceInfo, InviteRequest, RevokeRequest, VERSION};

use crate::args::{Invite, NotedHead};
use crate::config::Settings;
use crate::failure::ServerError;
use crate::master_key::{self, MasterKey};
use crate::{setup, time};

/// A code for a person.
#[derive(Debug, Serialize)]
pub struct Invited {
    /// The one-time code.
    pub code: String,
    /// For whom.
    pub person: String,
    /// What that person will do.
    pub role: RoleCode,
    /// Until when it works.
    pub expires: String,
}

/// A device, as it is printed.
#[derive(Debug, Serialize)]
pub struct Device {
    /// The device.
    pub device: String,
    /// Whose it is.
    pub person: String,
    /// That person's name.
    pub name: String,
    /// What that person does.
    pub role: RoleCode,
    /// The organisation that person works for.
    pub organisation: String,
    /// What the person calls the device.
    pub label: String,
    /// Since when.
    pub enrolled: String,
    /// The last contact.
    pub last_contact: Option<String>,
    /// How many changes stayed behind then.
    pub unsynced: Option<u32>,
    /// How its keys are kept, as it last told.
    pub lock: LockCode,
    /// Since when it is no longer trusted.
    pub revoked: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether what it did not send is still taken.
    pub accept_unsent: bool,
    /// When it said that it had wiped itself.
    pub wiped: Option<String>,
    /// How many changes went with it that the server does not have.
    pub lost: Option<u32>,
    /// For one device: the documents that it could hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<String>>,
}

/// A person, as printed.
#[derive(Debug, Serialize)]
pub struct Person {
    /// The person's code.
    pub person: String,
    /// The name as colleagues see it.
    pub name: String,
    /// What the person does.
    pub role: RoleCode,
    /// The organisation the person works for.
    pub organisation: String,
    /// How many devices of the person are trusted.
    pub devices: usize,
}

/// What a revocation came to.
#[derive(Debug, Serialize)]
pub struct Revoked {
    /// The device.
    pub device: String,
    /// Since when it is revoked.
    pub revoked: String,
    /// Its last contact.
    pub last_contact: Option<String>,
    /// How many changes stayed behind on it then.
    pub unsynced: Option<u32>,
    /// Whether they are still taken.
    pub accept_unsent: bool,
    /// How many dossiers it could hold.
    pub documents: usize,
}

/// How keys are kept, with its label.
#[derive(Debug, Serialize)]
pub struct LockCode {
    /// The stable name.
    pub code: &'static str,
    /// What people read.
    pub label: &'static str,
}

impl LockCode {
    fn new(state: Option<LockState>, lang: Lang) -> Self {
        match state {
            Some(state) => Self { code: state.code(), label: state.label(lang) },
            None => Self { code: "UNKNOWN", label: if lang == Lang::Nl { "onbekend" } else { "unknown" } },
        }
    }
}

/// A role with its label.
#[derive(Debug, Serialize)]
pub struct RoleCode {
    /// The stable name.
    pub code: &'static str,
    /// What people read.
    pub label: &'static str,
}

impl RoleCode {
    fn new(role: Role, lang: Lang) -> Self {
        Self { code: role.code(), label: role.label(lang) }
    }
}

/// What `verify` found.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Whether every record is as it was written.
    pub whole: bool,
    /// Whole records.
    pub records: u64,
    /// Of those, the ones whose key was destroyed on purpose.
    pub erased: u64,
    /// Bytes after the last whole record.
    pub unfinished_bytes: u64,
    /// The number of the last record.
    pub seq: u64,
    /// The head of the chain: note it elsewhere.
    pub head: String,
    /// The number of the record with the head that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noted_head_seq: Option<u64>,
    /// Whether the head that was given is missing.
    #[serde(skip)]
    pub head_missing: bool,
    /// Heads that devices saw and that are not in the chain, with the server's own signature on them.
    pub contradicted: Vec<Contradicted>,
    /// Where the chain is broken.
    pub damage: Vec<String>,
    /// Files with what was left by writers that were cut off.
    pub set_aside: Vec<String>,
}

/// A head that a device saw and that is not in the chain.
#[derive(Debug, Serialize)]
pub struct Contradicted {
    /// The device.
    pub device: String,
    /// When it showed it.
    pub at: String,
    /// The number of the record.
    pub number: u64,
    /// Its hash as it was told.
    pub hash: String,
}

/// Makes a one-time code for a person.
///
/// # Errors
/// [`ServerError`].
pub fn invite(settings: &Settings, asked: &Invite, lang: Lang) -> Result<Invited, ServerError> {
    let mut region = setup::open_beside(settings)?;
    let request = InviteRequest {
        version: VERSION,
        person: asked.person.clone(),
        display_name: asked.name.clone(),
        role: asked.role.into(),
        organisation: asked.organisation.clone().unwrap_or_default(),
    };
    let answer = setup::invite(&mut region, request)?;
    Ok(Invited {
        code: answer.code,
        person: asked.person.clone(),
        role: RoleCode::new(asked.role.into(), lang),
        expires: answer.expires.to_string(),
    })
}

/// What `key rotate` did.
#[derive(Debug, Serialize)]
pub struct KeyRotated {
    /// The file with the key from now on.
    pub master_key: String,
    /// Where the one before was.
    pub before: String,
    /// Whether the configuration names the new file already.
    pub configured: bool,
    /// Whether the new file lies in the store itself, where it protects against nobody who copies the store.
    pub in_store: bool,
}

/// Puts another key around the keyring.
///
/// # Errors
/// [`ServerError`].
pub fn rotate_key(settings: &Settings, new: &std::path::Path) -> Result<KeyRotated, ServerError> {
    // Before it happens: afterwards the settings may not name the key that opens the store. A rotation that was cut off and is
    // taken up again was noted then.
    if let Ok(mut region) = setup::open_beside(settings) {
        setup::do_one(&mut region, Work::Audit(AuditNote::new(AuditAction::KeysRotated, None)), time::now())?;
    }
    let disk = setup::existing_disk(settings)?;
    let done = master_key::rotate(&disk, &MasterKey::of(settings), new)?;
    let named = settings.master_key.as_ref().and_then(|named| named.canonicalize().ok());
    Ok(KeyRotated {
        configured: named.as_ref() == Some(&done.now),
        in_store: master_key::lies_in(&settings.store, &done.now),
        master_key: done.now.display().to_string(),
        before: done.before.shown(),
    })
}

/// What `reopen` did.
#[derive(Debug, Serialize)]
pub struct Reopened {
    /// Whether the server was held until now.
    pub was_held: bool,
    /// How many devices are trusted from now on.
    pub trusted: usize,
    /// How many of them it has heard of since it was put back.
    pub heard_of: usize,
    /// How many devices are revoked.
    pub revoked: usize,
}

/// Lets a server that was put back from a backup give again, as the word of whoever administers the machine.
///
/// # Errors
/// [`ServerError`].
pub fn reopen(settings: &Settings) -> Result<Reopened, ServerError> {
    let mut region = setup::open_beside(settings)?;
    let (was_held, since) = (region.is_held(), region.life_began());
    setup::do_one(&mut region, Work::Reopen, time::now())?;
    let devices = ask_devices(settings, None)?;
    let trusted = devices.iter().filter(|info| info.revoked.is_none());
    let heard_of = trusted.clone().filter(|info| info.last_contact.is_some_and(|at| at >= since)).count();
    Ok(Reopened {
        was_held,
        trusted: trusted.count(),
        heard_of,
        revoked: devices.iter().filter(|info| info.revoked.is_some()).count(),
    })
}

/// All devices, oldest first.
///
/// # Errors
/// [`ServerError`].
pub fn devices(settings: &Settings, lang: Lang) -> Result<Vec<Device>, ServerError> {
    let mut found = ask_devices(settings, None)?;
    found.sort_by_key(|info| (info.enrolled, info.device));
    Ok(found.into_iter().map(|info| device(info, false, lang)).collect())
}

/// One device with its documents, named by its id or the beginning of it.
///
/// # Errors
/// [`ServerError::NoDevice`], [`ServerError::SeveralDevices`] when none or several are meant.
pub fn device_named(settings: &Settings, id: &str, lang: Lang) -> Result<Device, ServerError> {
    let one = meant(settings, id)?;
    match ask_devices(settings, Some(one))?.pop() {
        Some(info) => Ok(device(info, true, lang)),
        None => Err(ServerError::NoDevice(id.to_owned())),
    }
}

/// Stops trusting a device.
///
/// # Errors
/// As [`device_named`]; what the region refuses.
pub fn revoke(
    settings: &Settings,
    id: &str,
    reason: Option<String>,
    accept_unsent: bool,
    lang: Lang,
) -> Result<Revoked, ServerError> {
    let device = meant(settings, id)?;
    let request = RevokeRequest { version: VERSION, device, reason, accept_unsent };
    let mut region = setup::open_beside(settings)?;
    let Done::Revoked(answer) = setup::do_one(&mut region, Work::Revoke(None, request), time::now())? else {
        return Err(ServerError::NoDevice(id.to_owned()));
    };
    let documents = device_named(settings, &device.to_string(), lang)?.documents.map_or(0, |documents| documents.len());
    Ok(Revoked {
        device: answer.device.to_string(),
        revoked: answer.at.to_string(),
        last_contact: answer.last_contact.map(|at| at.to_string()),
        unsynced: answer.unsynced,
        accept_unsent: answer.accept_unsent,
        documents,
    })
}

/// Takes what a revoked device did not send after all.
///
/// # Errors
/// As [`revoke`]; [`ServerError::NotRevoked`].
pub fn allow_unsent(settings: &Settings, id: &str, lang: Lang) -> Result<Revoked, ServerError> {
    if device_named(settings, id, lang)?.revoked.is_none() {
        return Err(ServerError::NotRevoked(id.to_owned()));
    }
    revoke(settings, id, None, true, lang)
}

/// The one device whose id begins like this.
fn meant(settings: &Settings, id: &str) -> Result<DeviceId, ServerError> {
    let all = ask_devices(settings, None)?;
    let mut meant = all.iter().filter(|info| info.device.to_string().starts_with(id));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one.device),
        (None, _) => Err(ServerError::NoDevice(id.to_owned())),
        _ => Err(ServerError::SeveralDevices(id.to_owned())),
    }
}

/// Everyone with a device.
///
/// # Errors
/// [`ServerError`].
pub fn people(settings: &Settings, lang: Lang) -> Result<Vec<Person>, ServerError> {
    let mut region = setup::open_beside(settings)?;
    let people = region.people();
    setup::do_one(&mut region, Work::Audit(AuditNote::new(AuditAction::PeopleListed, None)), time::now())?;
    Ok(people
        .into_iter()
        .map(|(person, name, role, organisation, devices)| Person {
            person,
            name,
            role: RoleCode::new(role, lang),
            organisation,
            devices,
        })
        .collect())
}

/// An erasure, as printed.
#[derive(Debug, Serialize)]
pub struct Erased {
    /// The document.
    pub document: String,
    /// `asked` or `erased`.
    pub state: &'static str,
    /// Code of the coordinator who asked.
    pub asked_by: Option<String>,
    /// When it was asked.
    pub asked_at: Option<String>,
    /// When it was erased.
    pub erased_at: Option<String>,
    /// The document in which the dossier goes on, when only an entry was withdrawn.
    pub replaced_by: Option<String>,
    /// How many devices said that they wiped it.
    pub confirmed: u32,
    /// How many changes that the server never had went with it there.
    pub unsent: u32,
    /// The devices that could hold it and did not say so.
    pub waiting: Vec<Unconfirmed>,
}

/// A device that could hold an erased dossier.
#[derive(Debug, Serialize)]
pub struct Unconfirmed {
    /// The device.
    pub device: String,
    /// Whose it is.
    pub person: String,
    /// What the person calls it.
    pub label: String,
    /// Its last contact.
    pub last_contact: Option<String>,
    /// No longer trusted: it will not hear of it any more.
    pub revoked: bool,
}

/// Lists erasures, or decides about one, beside a running server.
///
/// # Errors
/// [`ServerError`].
pub fn erasures(settings: &Settings, order: ErasureOrder) -> Result<Vec<Erased>, ServerError> {
    let mut region = setup::open_beside(settings)?;
    let Done::Erasures(list) = setup::do_one(&mut region, Work::Erasures(None, order), time::now())? else {
        return Ok(Vec::new());
    };
    let text = |at: Timestamp| at.to_string();
    Ok(list
        .into_iter()
        .map(|info| Erased {
            document: info.document.to_string(),
            state: if info.erased_at.is_some() { "erased" } else { "asked" },
            asked_by: info.asked_by,
            asked_at: info.asked_at.map(text),
            erased_at: info.erased_at.map(text),
            replaced_by: info.replaced_by.map(|document| document.to_string()),
            confirmed: info.confirmed,
            unsent: info.unsent,
            waiting: info
                .waiting
                .into_iter()
                .map(|one| Unconfirmed {
                    device: one.device.to_string(),
                    person: one.person,
                    label: one.label,
                    last_contact: one.last_contact.map(text),
                    revoked: one.revoked,
                })
                .collect(),
        })
        .collect())
}

/// Checks every record and the chain; also of a store that is too damaged to be opened.
///
/// # Errors
/// The keyring or the disk cannot be read; damage of the journal is data.
pub fn verify(settings: &Settings, head: Option<NotedHead>, lang: Lang) -> Result<Verified, ServerError> {
    let (disk, wrapping) = setup::existing(settings)?;
    let keyring = Keyring::open(&*disk, &wrapping)?;
    let found = Journal::verify(&*disk, &keyring)?;
    let mut damage: Vec<String> = found.damage.iter().map(|damage| damage.at_server(lang)).collect();
    damage.extend(found.without_key.iter().map(|(seq, key)| match lang {
        Lang::Nl => format!("de sleutel {key} van regel {seq} zit niet in de sleutelbos: zet de nieuwste sleutelbos terug"),
        Lang::En => format!("the key {key} of record {seq} is not in the keyring: put back the newest keyring"),
    }));
    // Shown here, so said no longer at every start.
    Journal::told(&*disk, &found.set_aside)?;
    let contradicted = match Region::contradictions(&disk, &keyring) {
        Ok(notes) => notes,
        // The damage is told already; what lies behind it cannot be read.
        Err(_) if !found.is_whole() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let noted = head.map(|head| found.seq_of(&head.hash).filter(|seq| head.number.is_none_or(|number| number == *seq)));
    Ok(Verified {
        whole: found.is_whole(),
        records: found.records,
        erased: found.gone,
        unfinished_bytes: found.unfinished,
        seq: found.head.0,
        head: data_encoding::HEXLOWER.encode(&found.head.1),
        noted_head_seq: noted.flatten(),
        head_missing: noted == Some(None),
        contradicted: contradicted
            .into_iter()
            .filter(|note| found.seq_of(&note.hash) != Some(note.number))
            .map(|note| Contradicted {
                device: note.device.to_string(),
                at: note.at.to_string(),
                number: note.number,
                hash: data_encoding::HEXLOWER.encode(&note.hash),
            })
            .collect(),
        damage,
        set_aside: found.set_aside.clone(),
    })
}

fn ask_devices(settings: &Settings, one: Option<DeviceId>) -> Result<Vec<DeviceInfo>, ServerError> {
    let mut region = setup::open_beside(settings)?;
    match setup::do_one(&mut region, Work::Devices(None, one), time::now())? {
        Done::Devices(devices) => Ok(devices),
        _ => Ok(Vec::new()),
    }
}

fn device(info: DeviceInfo, with_documents: bool, lang: Lang) -> Device {
    let text = |at: Timestamp| at.to_string();
    Device {
        device: info.device.to_string(),
        person: info.person,
        name: info.display_name,
        role: RoleCode::new(info.role, lang),
        organisation: info.organisation,
        label: info.label,
        enrolled: text(info.enrolled),
        last_contact: info.last_contact.map(text),
        unsynced: info.unsynced,
        lock: LockCode::new(info.lock, lang),
        revoked: info.revoked.map(text),
        reason: info.reason,
        accept_unsent: info.accept_unsent,
        wiped: info.wiped.map(text),
        lost: info.lost,
        documents: with_documents.then(|| info.documents.iter().map(ToString::to_string).collect()),
    }
}
