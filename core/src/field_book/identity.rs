//! Whose field book it is, and at which server it is enrolled.

use super::*;

/// Whose field book it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// This device.
    pub device: DeviceId,
    /// Code of the person.
    pub person: Option<String>,
    /// What colleagues call the person.
    pub display_name: Option<String>,
    /// The role, once enrolled.
    pub role: Option<Role>,
    /// Code of the organisation of new dossiers.
    pub organisation: Option<String>,
    /// The region.
    pub region: String,
    /// The server, once enrolled.
    pub server: Option<ServerIdentity>,
}

/// The server this device is enrolled at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// Its name.
    pub id: ServerId,
    /// Its public keys.
    pub keys: PublicKeys,
    /// Where it is.
    pub url: String,
}

impl FieldBook {
    /// Whose field book it is.
    pub fn identity(&self) -> Identity {
        let setup = self.ledger.setup.as_ref();
        let device = self.keyring.device_keys().device();
        let certificate = self.ledger.certificates.get(&device);
        let server = setup.and_then(|setup| {
            Some(ServerIdentity { id: setup.server?, keys: setup.server_keys?, url: setup.server_url.clone()? })
        });
        Identity {
            device,
            person: certificate.map(|c| c.person.clone()).or_else(|| setup?.person.clone()),
            display_name: certificate.map(|c| c.display_name.clone()).or_else(|| setup?.display_name.clone()),
            role: certificate.map(|c| c.role),
            organisation: certificate.map(|c| c.organisation.clone()).or_else(|| setup?.organisation.clone()),
            region: setup.map(|setup| setup.region.clone()).unwrap_or_default(),
            server,
        }
    }

    /// The organisation whose coordinators see a dossier; none of one that is not known here.
    pub fn organisation_of(&self, document: DocumentId) -> Option<String> {
        let (opening, _) = self.ledger.documents.get(&document)?.opening.as_ref()?;
        Some(opening.organisation.clone())
    }

    /// The keys of this device, for signing requests.
    pub fn device_keys(&self) -> &DeviceKeys {
        self.keyring.device_keys()
    }
}
