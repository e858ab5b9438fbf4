//! Devices and people, as administrators and coordinators see them.

use super::authority::{reader, works_for};
use super::*;

/// How a device stands with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its public keys.
    pub keys: PublicKeys,
    /// Code of its person.
    pub person: String,
    /// The person's role.
    pub role: Role,
    /// Revoked: nothing is answered.
    pub revoked: bool,
}

impl Region {
    /// How every enrolled device stands.
    pub fn standings(&self) -> impl Iterator<Item = (DeviceId, Standing)> + '_ {
        self.state.ledger.certificates.iter().map(|(device, certificate)| (*device, self.state.standing(device, certificate)))
    }

    /// How one device stands; `None` when it never enrolled.
    pub fn standing(&self, device: &DeviceId) -> Option<Standing> {
        self.state.ledger.certificates.get(device).map(|certificate| self.state.standing(device, certificate))
    }

    /// Writes down the last contacts that were only heard: on a period, and when the server stops.
    ///
    /// # Errors
    /// Store errors.
    pub fn note_contacts(&mut self, rng: &mut dyn CryptoRng) -> Result<(), RegionError> {
        let (notes, lines) = (self.state.contacts.unwritten(), self.state.attempts.unwritten());
        if notes.is_empty() && lines.is_empty() {
            return Ok(());
        }
        self.keyring.refresh(&*self.disk)?;
        let mut writer = self.journal.write()?;
        let state = &mut self.state;
        writer.read_new(&self.keyring, &mut |record| state.take(record))?;
        state.trouble.take().map_or(Ok(()), Err)?;
        let key = self.keyring.store_key_id();
        let note = |note: &ContactNote| NewRecord { kind: Kind::Contact, key, payload: note.encode() };
        let line = |line: &AuditNote| NewRecord { kind: Kind::Audit, key, payload: line.encode() };
        let records: Vec<NewRecord> = notes.iter().map(note).chain(lines.iter().map(line)).collect();
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        for appended in appended {
            self.state.chain.passes(appended.seq, appended.position);
        }
        notes.into_iter().for_each(|note| self.state.contacts.take(note));
        lines.iter().for_each(|line| self.state.attempts.take(line));
        Ok(())
    }

    /// Whether anyone ever enrolled; a server without people invites its administrator.
    pub fn has_people(&self) -> bool {
        !self.state.ledger.certificates.is_empty()
    }

    /// The people: code, name, role, organisation, number of live devices.
    pub fn people(&self) -> Vec<(String, String, Role, String, usize)> {
        let mut people: BTreeMap<String, (String, Role, String, usize)> = BTreeMap::new();
        for (device, certificate) in &self.state.ledger.certificates {
            let live = usize::from(!self.state.ledger.revoked.contains_key(device));
            let entry = people
                .entry(certificate.person.clone())
                .or_insert_with(|| (certificate.display_name.clone(), certificate.role, certificate.organisation.clone(), 0));
            // Whoever was given an organisation later has one.
            if entry.2.is_empty() {
                entry.2.clone_from(&certificate.organisation);
            }
            entry.3 += live;
        }
        people.into_iter().map(|(person, (name, role, organisation, live))| (person, name, role, organisation, live)).collect()
    }
}

impl State {
    /// The dossiers that whoever finds the device could see, at the most: those that were open to it at some time since it last
    /// said how far it had read (a phone that lies in a drawer drops nothing), those in which work that it made or brought waits
    /// or was refused, and those that were erased without its word that it wiped them. What it began itself and never sent,
    /// nobody can know.
    fn dossiers_on(&self, device: &DeviceId, certificate: &Certificate) -> Vec<DocumentId> {
        let contact = self.contacts.of(device);
        // What it did between the backup and this life of the server is forgotten with the rest; its certificate may be a record
        // of yesterday.
        let older = certificate.from < self.life_began;
        // Content comes with the first exchange.
        if contact.is_none() && !older {
            return Vec::new();
        }
        let reader = reader(certificate);
        let certified = self.certified.get(device).copied().filter(|_| !older);
        let read = contact.and_then(|note| note.position).max(certified).unwrap_or(0);
        let until = self.ledger.revocations.get(device).map_or(u64::MAX, |facts| facts.number);
        let mut documents: BTreeSet<DocumentId> = self.feed.could_hold(&reader, read, until).into_iter().collect();
        if reader.content {
            let told = |document: &DocumentId| self.ledger.erasures.receipt_of(document, device).is_some();
            let erased = self.erasure_notes.values().filter(|note| note.devices.contains(device) && !told(&note.document));
            documents.extend(erased.map(|note| note.document));
            let waits = self.quarantine.documents_of(device, older);
            documents.extend(waits.filter(|document| Some(*document) != self.ledger.register()));
        }
        documents.into_iter().collect()
    }

    fn standing(&self, device: &DeviceId, certificate: &Certificate) -> Standing {
        Standing {
            keys: certificate.keys,
            person: certificate.person.clone(),
            role: certificate.role,
            revoked: self.ledger.revoked.contains_key(device),
        }
    }
}

impl Batch<'_> {
    pub(super) fn devices(&self, by: Option<DeviceId>, one: Option<DeviceId>) -> Result<Vec<DeviceInfo>, RegionError> {
        // Administrators see all devices, coordinators those of their organisation, of administrators none.
        let mut coordinator = None;
        if let Some(device) = by {
            let certificate = self.state.live(&device).ok_or(RegionError::NotWelcome)?;
            match certificate.role {
                Role::Administrator => {}
                Role::Coordinator => coordinator = Some(certificate),
                Role::Coach => return Err(RegionError::NotAllowed),
            }
        }
        let mut devices = Vec::new();
        for (device, certificate) in &self.state.ledger.certificates {
            let shown = |by: &Certificate| certificate.role != Role::Administrator && works_for(by, &certificate.organisation);
            if !coordinator.is_none_or(shown) || one.is_some_and(|wanted| wanted != *device) {
                continue;
            }
            let contact = self.state.contacts.of(device);
            let documents = if one.is_some() { self.state.dossiers_on(device, certificate) } else { Vec::new() };
            let revoked = self.state.ledger.revocations.get(device);
            let wiped = self.state.wiped.get(device);
            devices.push(DeviceInfo {
                device: *device,
                person: certificate.person.clone(),
                role: certificate.role,
                label: certificate.label.clone(),
                enrolled: certificate.from,
                last_contact: contact.map(|note| note.at),
                unsynced: contact.map(|note| note.unsynced),
                revoked: revoked.map(|facts| facts.at),
                display_name: certificate.display_name.clone(),
                organisation: certificate.organisation.clone(),
                documents,
                lock: contact.and_then(|note| note.lock).and_then(LockState::from_number),
                wiped: wiped.map(|(at, _)| *at),
                reason: revoked.and_then(|facts| facts.reason.clone()),
                accept_unsent: revoked.is_some_and(|facts| facts.accept_unsent),
                lost: wiped.map(|(_, lost)| *lost),
            });
        }
        if one.is_some() && devices.is_empty() {
            return Err(RegionError::NoSuchDevice);
        }
        Ok(devices)
    }
}
