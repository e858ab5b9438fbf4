//! The exchange as a file: by USB stick, by mail, between two phones in one room.
//!
//! A bundle is sealed to the devices that may read it. Who carried or made it proves nothing; every statement, change and
//! receipt within is signed by itself.

use minicbor::encode::Encoder;
use rand_core::CryptoRng;

use crate::cbor::{self, FormatError, MAX_NAME};
use crate::ids::DeviceId;
use crate::keys::{DeviceKeys, PublicKeys};
use crate::seal::{self, CannotOpen, Wrapped};

/// The version that this program writes and reads.
pub const VERSION: u32 = 1;
use crate::limits::MAX_PARTS;
pub use crate::limits::{MAX_BUNDLE, MAX_RECIPIENTS};

/// Why a bundle is not made or not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Nobody to seal it to.
    #[error("the bundle would be for nobody; sync once, so that this device learns who may read it, and export again")]
    NoRecipients,
    /// One of the devices has a key that cannot be sealed to.
    #[error("device {0} has a sealing key that cannot be used; enrol that device again, then export the bundle again")]
    BadRecipient(DeviceId),
    /// No bundle, or damaged.
    #[error("this file is not a whole bundle: {0}")]
    Format(#[from] FormatError),
    /// Of another region: its documents mean nothing here.
    #[error("this bundle is of region '{0}', this field book of another; open it in a field book of that region")]
    OtherRegion(String),
    /// Sealed to others.
    #[error(
        "this bundle was not made for this device; ask whoever uses device {sender} to export it again for you, after both have synced"
    )]
    NotForThisDevice {
        /// The device that made it.
        sender: DeviceId,
    },
    /// Sealed to this device, and changed since.
    #[error(
        "this bundle was changed or damaged on the way; copy it again, or ask whoever uses device {sender} to export it again"
    )]
    Changed {
        /// The device that made it.
        sender: DeviceId,
    },
}

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Content {
    /// Signed statements; they count before the changes.
    #[n(0)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_PARTS>",
        skip_if = "Vec::is_empty"
    )]
    pub statements: Vec<Vec<u8>>,
    /// Envelopes, each after those that it builds on.
    #[n(1)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_PARTS>",
        skip_if = "Vec::is_empty"
    )]
    pub changes: Vec<Vec<u8>>,
    /// [Receipts](crate::wire::Receipt) of changes that the server admitted. A change without one is provisional.
    #[n(2)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_PARTS>",
        skip_if = "Vec::is_empty"
    )]
    pub receipts: Vec<Vec<u8>>,
}

/// A sealed bundle whose outside was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The outside up to the content: sealed in as associated data.
    clear: Vec<u8>,
    region: String,
    sender: DeviceId,
    recipients: Vec<Wrapped>,
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

impl Bundle {
    /// Seals a content to these devices; the bytes of the file.
    ///
    /// # Errors
    /// [`BundleError::NoRecipients`], [`BundleError::BadRecipient`], and [`BundleError::Format`] when it is too large.
    pub fn seal(
        content: &Content,
        region: &str,
        sender: DeviceId,
        recipients: &[PublicKeys],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, BundleError> {
        if recipients.is_empty() {
            return Err(BundleError::NoRecipients);
        }
        if recipients.len() > MAX_RECIPIENTS {
            return Err(FormatError::TooLarge { len: recipients.len(), limit: MAX_RECIPIENTS }.into());
        }
        let key = seal::content_key(rng);
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let mut wrapped = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            wrapped.push(seal::wrap(&key, recipient, rng).ok_or(BundleError::BadRecipient(recipient.device()))?);
        }
        let clear = outside(region, sender, &wrapped, &nonce);
        let content = zeroize::Zeroizing::new(cbor::to_vec(content));
        let sealed = seal::seal(&key, &nonce, &clear, &content);
        let mut file = Encoder::new(clear);
        // Writing to memory cannot fail.
        let _ = file.bytes(&sealed);
        let file = file.into_writer();
        if file.len() > MAX_BUNDLE {
            return Err(FormatError::TooLarge { len: file.len(), limit: MAX_BUNDLE }.into());
        }
        Ok(file)
    }

    /// Reads the outside of a bundle.
    ///
    /// # Errors
    /// [`BundleError::Format`] when it is no bundle, damaged, or of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let fields = cbor::fields(bytes, MAX_BUNDLE)?;
        for range in fields.values() {
            cbor::strict(cbor::at(bytes, range))?;
        }
        let missing = || FormatError::malformed("a part of the bundle is missing or has the wrong length");
        let field = |key: u64| fields.get(&key).map(|range| cbor::at(bytes, range)).ok_or_else(missing);
        match cbor::from_slice::<u32>(field(0)?, MAX_BUNDLE)? {
            VERSION => {}
            0 => return Err(missing().into()),
            newer => return Err(FormatError::Newer(newer).into()),
        }
        let part = |key: u64| cbor::content(bytes, fields.get(&key));
        let mut text = minicbor::Decoder::new(field(1)?);
        let region = cbor::text::<(), MAX_NAME>(&mut text, &mut ()).map_err(FormatError::from)?;
        let sender = DeviceId::from_slice(cbor::at(bytes, &part(2)?)).ok_or_else(missing)?;
        let mut list = minicbor::Decoder::new(field(3)?);
        let recipients = cbor::list::<(), Wrapped, MAX_RECIPIENTS>(&mut list, &mut ()).map_err(FormatError::from)?;
        let nonce = cbor::at(bytes, &part(4)?).try_into().map_err(|_| missing())?;
        let sealed = part(5)?;
        let clear = bytes.get(..fields.get(&5).ok_or_else(missing)?.start).ok_or_else(missing)?;
        Ok(Self { clear: clear.to_vec(), region, sender, recipients, nonce, sealed: cbor::at(bytes, &sealed).to_vec() })
    }

    /// The region whose documents it holds.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The device that says it made the bundle.
    pub const fn sender(&self) -> DeviceId {
        self.sender
    }

    /// The devices that it is sealed to.
    pub fn recipients(&self) -> impl Iterator<Item = DeviceId> + '_ {
        self.recipients.iter().map(|wrapped| wrapped.device)
    }

    /// Opens the bundle on a device of this region.
    ///
    /// # Errors
    /// [`BundleError::OtherRegion`], [`BundleError::NotForThisDevice`], [`BundleError::Changed`]; [`BundleError::Format`] when
    /// the content is of a newer version or none.
    pub fn open(&self, region: &str, keys: &DeviceKeys) -> Result<Content, BundleError> {
        if self.region != region {
            return Err(BundleError::OtherRegion(self.region.clone()));
        }
        let sender = self.sender;
        let device = keys.device();
        let wrapped =
            self.recipients.iter().find(|wrapped| wrapped.device == device).ok_or(BundleError::NotForThisDevice { sender })?;
        let changed = |CannotOpen| BundleError::Changed { sender };
        let key = seal::unwrap(wrapped, keys).map_err(changed)?;
        let content = seal::open(&key, &self.nonce, &self.clear, &self.sealed).map_err(changed)?;
        Ok(cbor::from_slice(&content, MAX_BUNDLE)?)
    }
}

/// The outside of a bundle with everything but the value of its last key.
fn outside(region: &str, sender: DeviceId, recipients: &[Wrapped], nonce: &[u8; 24]) -> Vec<u8> {
    struct Outside<'a>(&'a str, DeviceId, &'a [Wrapped], &'a [u8; 24]);
    impl<C> minicbor::Encode<C> for Outside<'_> {
        fn encode<W: minicbor::encode::Write>(
            &self,
            e: &mut Encoder<W>,
            ctx: &mut C,
        ) -> Result<(), minicbor::encode::Error<W::Error>> {
            e.map(6)?.u8(0)?.u32(VERSION)?.u8(1)?.str(self.0)?.u8(2)?.bytes(self.1.as_bytes())?.u8(3)?;
            e.array(self.2.len() as u64)?;
            for wrapped in self.2 {
                wrapped.encode(e, ctx)?;
            }
            e.u8(4)?.bytes(self.3)?.u8(5)?.ok()
        }
    }
    cbor::to_vec(Outside(region, sender, recipients, nonce))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests_support::Counting;

    fn keys(number: u8) -> DeviceKeys {
        DeviceKeys::from_bytes(&[number; 64])
    }

    fn content() -> Content {
        Content { statements: vec![vec![1, 2]], changes: vec![vec![3], vec![4; 300]], receipts: Vec::new() }
    }

    fn sealed(recipients: &[PublicKeys]) -> Result<Vec<u8>, BundleError> {
        Bundle::seal(&content(), "ijmond", keys(1).device(), recipients, &mut Counting(7))
    }

    #[test]
    fn the_named_devices_open_it_and_no_other() {
        let file = sealed(&[keys(2).public(), keys(3).public()]).unwrap();
        let bundle = Bundle::decode(&file).unwrap();
        assert_eq!((bundle.region(), bundle.sender()), ("ijmond", keys(1).device()));
        assert_eq!(bundle.recipients().collect::<Vec<_>>(), [keys(2).device(), keys(3).device()]);
        assert_eq!(bundle.open("ijmond", &keys(2)), Ok(content()));
        assert_eq!(bundle.open("ijmond", &keys(3)), Ok(content()));
        let sender = keys(1).device();
        assert_eq!(bundle.open("ijmond", &keys(4)), Err(BundleError::NotForThisDevice { sender }));
        assert_eq!(bundle.open("gooi", &keys(2)), Err(BundleError::OtherRegion("ijmond".into())));
        assert!(!file.windows(20).any(|window| window == [4; 20]), "the content can be read");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let file = sealed(&[keys(2).public()]).unwrap();
        for at in 0..file.len() {
            for flip in [1, 0x80] {
                let mut changed = file.clone();
                changed[at] ^= flip;
                let result = Bundle::decode(&changed).and_then(|bundle| bundle.open("ijmond", &keys(2)));
                assert!(result.is_err(), "byte {at}");
            }
        }
        for cut in [0, 1, 40, file.len() - 1] {
            assert!(matches!(Bundle::decode(&file[..cut]), Err(BundleError::Format(_))), "{cut}");
        }
        assert!(matches!(Bundle::decode(&[file.as_slice(), &[0]].concat()), Err(BundleError::Format(_))));
        let mut sealed_part = file.clone();
        *sealed_part.last_mut().unwrap() ^= 1;
        let bundle = Bundle::decode(&sealed_part).unwrap();
        assert_eq!(bundle.open("ijmond", &keys(2)), Err(BundleError::Changed { sender: keys(1).device() }));
    }

    #[test]
    fn a_bundle_is_for_somebody_whose_key_can_be_used() {
        assert_eq!(sealed(&[]), Err(BundleError::NoRecipients));
        let weak = PublicKeys { sealing: [0; 32], ..keys(2).public() };
        assert_eq!(sealed(&[weak]), Err(BundleError::BadRecipient(keys(2).device())));
    }

    #[test]
    fn a_newer_bundle_asks_for_an_update() {
        let mut file = sealed(&[keys(2).public()]).unwrap();
        file[2] = 2;
        assert_eq!(Bundle::decode(&file), Err(BundleError::Format(FormatError::Newer(2))));
    }
}
