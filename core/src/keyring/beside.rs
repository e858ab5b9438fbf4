//! Small files that lie beside the journal and may be lost, sealed under a key that follows from the store's.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Key, Keyring, NONCE};

/// Seals small files that lie beside the journal.
#[derive(Debug)]
pub struct Beside(Key);

impl Beside {
    /// What sealing adds to a content.
    pub const ADDS: usize = NONCE + 16;

    /// Seals a content: a nonce, then the sealed bytes.
    pub fn seal(&self, content: &[u8], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        Some([nonce.as_slice(), &self.0.seal(&nonce, &[], content)?].concat())
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.0.open(nonce, &[], sealed).map(Zeroizing::new)
    }
}

impl Keyring {
    /// What seals a small file of this name that lies beside the journal and may be lost.
    pub fn beside(&self, file: &str) -> Option<Beside> {
        let key = self.key(self.store_key_id())?;
        Some(Beside(key.derived(&format!("veldboek/beside/1/{file}"))))
    }

    /// Seals the content of a small file that lies beside the journal and may be lost.
    pub fn seal_beside(&self, file: &str, content: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        self.beside(file).and_then(|beside| beside.seal(content, rng)).unwrap_or_default()
    }

    /// Opens what [`Keyring::seal_beside`] sealed for the file of this name.
    pub fn open_beside(&self, file: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.beside(file)?.open(sealed)
    }
}
