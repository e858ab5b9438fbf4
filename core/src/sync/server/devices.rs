//! Devices and people, as administrators and coordinators see them.

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
        let notes = self.state.contacts.unwritten();
        if notes.is_empty() {
            return Ok(());
        }
        self.keyring.refresh(&*self.disk)?;
        let mut writer = self.journal.write()?;
        let state = &mut self.state;
        writer.read_new(&self.keyring, &mut |record| state.take(record))?;
        state.trouble.take().map_or(Ok(()), Err)?;
        let key = self.keyring.store_key_id();
        let note = |note: &ContactNote| NewRecord { kind: Kind::Contact, key, payload: note.encode() };
        writer.append(&self.keyring, rng, &notes.iter().map(note).collect::<Vec<_>>())?;
        writer.commit()?;
        notes.into_iter().for_each(|note| self.state.contacts.take(note));
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
            entry.3 += live;
        }
        people.into_iter().map(|(person, (name, role, organisation, live))| (person, name, role, organisation, live)).collect()
    }
}

impl State {
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
        if let Some(device) = by {
            let certificate = self.state.live(&device).ok_or(RegionError::NotWelcome)?;
            if certificate.role == Role::Coach {
                return Err(RegionError::NotAllowed);
            }
        }
        let mut devices = Vec::new();
        for (device, certificate) in &self.state.ledger.certificates {
            if one.is_some_and(|wanted| wanted != *device) {
                continue;
            }
            let contact = self.state.contacts.of(device);
            let documents = match (one, self.state.reader(device)) {
                (Some(_), Some(reader)) => self.state.feed.visible(&reader),
                _ => Vec::new(),
            };
            devices.push(DeviceInfo {
                device: *device,
                person: certificate.person.clone(),
                role: certificate.role,
                label: certificate.label.clone(),
                enrolled: certificate.from,
                last_contact: contact.map(|note| note.at),
                unsynced: contact.map(|note| note.unsynced),
                revoked: self.state.ledger.revoked.get(device).copied(),
                display_name: certificate.display_name.clone(),
                organisation: certificate.organisation.clone(),
                documents,
            });
        }
        if one.is_some() && devices.is_empty() {
            return Err(RegionError::Unfit("no device has this id; `device list` shows them".into()));
        }
        Ok(devices)
    }
}
