//! Requests are signed by the device that sends them: HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).
//!
//! Of both standards this is one fixed profile: `@method`, `@path` and `content-digest` are covered, in this order; the
//! parameters are `keyid` (the device), `nonce` (from the server's answer before) and `tag` (the server), in this order; the
//! algorithm follows from the device's key. A request with a query is outside the profile. No library is used: the profile
//! is a few lines of text, and the crate that exists is a 0.0.x with key types and a parser of the general case of its own.
//!
//! All is pure: the caller has the request in hand and knows the device's keys and which nonces are fresh.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::ids::{DeviceId, ServerId};
use crate::keys::{DeviceKeys, PublicKeys};

/// The header of every answer that carries the nonce for the next request.
pub const NONCE_HEADER: &str = "veldboek-nonce";
/// The header with the digest of the body.
pub const DIGEST_HEADER: &str = "content-digest";
/// The header that says what is signed and by whom.
pub const INPUT_HEADER: &str = "signature-input";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "signature";

/// One letter: the label is repeated in two headers of every request.
const LABEL: &str = "s=";
const COVERED: &str = r#"("@method" "@path" "content-digest")"#;

/// Why a request is not taken for the device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRequestSignature {
    /// Not of the profile: the sender is no field book, or a proxy changed the headers.
    #[error("the request is not signed as Veldboek signs ({0}); let no proxy change its headers or address")]
    Profile(&'static str),
    /// The body is not the signed one: send it again.
    #[error("the body of the request was changed on the way; send it again")]
    Body,
    /// Signed for another server: check the address.
    #[error("the request was signed for another server; check the server's address on the device")]
    OtherServer,
    /// The signature is not of this request by this device.
    #[error("the request was changed on the way or signed with another key; check the address, then enrol the device again")]
    Signature,
}

/// A random value that the server hands out with an answer and takes back once with a request, so that none can be replayed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nonce([u8; 9]);

impl Nonce {
    /// A fresh one.
    pub fn fresh(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 9];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({self})")
    }
}

impl FromStr for Nonce {
    type Err = BadRequestSignature;

    fn from_str(text: &str) -> Result<Self, BadRequestSignature> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(BadRequestSignature::Profile("its nonce"))
    }
}

/// The three headers that sign a request. A device that holds no nonce uses the default one and gets a fresh one with the
/// server's refusal.
pub fn sign(
    keys: &DeviceKeys,
    method: &str,
    path: &str,
    body: &[u8],
    server: ServerId,
    nonce: Nonce,
) -> [(&'static str, String); 3] {
    let digest = digest(body);
    let params = params(keys.device(), nonce, server);
    let signature = keys.sign_raw(base(method, path, &digest, &params).as_bytes());
    [
        (DIGEST_HEADER, digest),
        (INPUT_HEADER, format!("{LABEL}{params}")),
        (SIGNATURE_HEADER, format!("{LABEL}:{}:", BASE64.encode(&signature))),
    ]
}

/// How many bytes headers take in HTTP/1.1, line ends included.
pub fn header_bytes<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> usize {
    headers.into_iter().map(|(name, value)| name.len() + ": ".len() + value.len() + "\r\n".len()).sum()
}

/// What the headers of a request say, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSignature {
    digest: String,
    device: DeviceId,
    nonce: Nonce,
    server: ServerId,
    signature: [u8; 64],
}

impl RequestSignature {
    /// Reads the three headers; each must be there exactly once.
    ///
    /// # Errors
    /// [`BadRequestSignature::Profile`] for whatever is not written exactly as [`sign`] writes it.
    pub fn parse(content_digest: &str, signature_input: &str, signature: &str) -> Result<Self, BadRequestSignature> {
        use BadRequestSignature::Profile;
        let digest: Option<[u8; 32]> = between(content_digest, "sha-256=:", ":")
            .and_then(|text| BASE64.decode(text.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok());
        digest.ok_or(Profile("its content-digest"))?;

        let wrong = Profile("its signature-input");
        let rest = signature_input.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(COVERED)).ok_or(wrong)?;
        let (device, rest) = parameter(rest, ";keyid=\"").ok_or(wrong)?;
        let (nonce, rest) = parameter(rest, ";nonce=\"").ok_or(wrong)?;
        let (server, rest) = parameter(rest, ";tag=\"").ok_or(wrong)?;
        if !rest.is_empty() {
            return Err(wrong);
        }
        let device = device.parse().map_err(|_| Profile("its keyid"))?;
        let nonce = nonce.parse()?;
        let server = server.parse().map_err(|_| Profile("its tag"))?;

        let signature = signature
            .strip_prefix(LABEL)
            .and_then(|text| between(text, ":", ":"))
            .and_then(|text| BASE64.decode(text.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(Profile("its signature"))?;
        Ok(Self { digest: content_digest.to_owned(), device, nonce, server, signature })
    }

    /// The device that is named as the sender: look up its keys and whether it is still trusted.
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The nonce: whether it is fresh is for the caller to know.
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The server for which it was signed.
    pub const fn server(&self) -> ServerId {
        self.server
    }

    /// Checks that the device with these keys signed this request for this server. `path` is the whole request target.
    ///
    /// # Errors
    /// [`BadRequestSignature`] says what does not fit.
    pub fn verify(
        &self,
        keys: &PublicKeys,
        method: &str,
        path: &str,
        body: &[u8],
        server: ServerId,
    ) -> Result<(), BadRequestSignature> {
        self.verify_body(body)?;
        self.verify_head(keys, method, path, server)
    }

    /// The part of [`verify`](Self::verify) that needs no body: it tells a stranger from a device before a byte of the body
    /// is kept in memory. [`verify_body`](Self::verify_body) has to follow.
    ///
    /// # Errors
    /// [`BadRequestSignature`] says what does not fit.
    pub fn verify_head(&self, keys: &PublicKeys, method: &str, path: &str, server: ServerId) -> Result<(), BadRequestSignature> {
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(BadRequestSignature::Profile("a query, which is not signed"));
        }
        if self.server != server {
            return Err(BadRequestSignature::OtherServer);
        }
        if self.device != keys.device() {
            return Err(BadRequestSignature::Signature);
        }
        let base = base(method, path, &self.digest, &params(self.device, self.nonce, self.server));
        keys.verify_raw(base.as_bytes(), &self.signature).map_err(|_| BadRequestSignature::Signature)
    }

    /// Checks that the body is the one whose digest was signed.
    ///
    /// # Errors
    /// [`BadRequestSignature::Body`] otherwise.
    pub fn verify_body(&self, body: &[u8]) -> Result<(), BadRequestSignature> {
        if self.digest == digest(body) { Ok(()) } else { Err(BadRequestSignature::Body) }
    }
}

fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(body)))
}

fn params(device: DeviceId, nonce: Nonce, server: ServerId) -> String {
    format!(r#"{COVERED};keyid="{device}";nonce="{nonce}";tag="{server}""#)
}

/// The signature base of RFC 9421, section 2.5.
fn base(method: &str, path: &str, digest: &str, params: &str) -> String {
    format!("\"@method\": {method}\n\"@path\": {path}\n\"content-digest\": {digest}\n\"@signature-params\": {params}")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

fn parameter<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(name)?.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> DeviceKeys {
        DeviceKeys::from_bytes(&[7; 64])
    }

    fn server() -> ServerId {
        DeviceKeys::from_bytes(&[1; 64]).server()
    }

    fn signed() -> [(&'static str, String); 3] {
        sign(&anna(), "POST", "/v1/sync", b"a visit", server(), Nonce([3; 9]))
    }

    fn parsed([(_, digest), (_, input), (_, signature)]: &[(&'static str, String); 3]) -> RequestSignature {
        RequestSignature::parse(digest, input, signature).unwrap()
    }

    #[test]
    fn a_signed_request_is_known_by_its_device_server_and_nonce() {
        let request = parsed(&signed());
        assert_eq!(request.device(), anna().device());
        assert_eq!(request.server(), server());
        assert_eq!(request.nonce(), Nonce([3; 9]));
        assert_eq!(request.verify(&anna().public(), "POST", "/v1/sync", b"a visit", server()), Ok(()));
    }

    #[test]
    fn the_signature_base_is_the_one_of_the_standard() {
        let [(_, digest), (_, input), _] = signed();
        assert_eq!(digest, format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(b"a visit"))));
        let params = input.strip_prefix("s=").unwrap();
        assert_eq!(
            base("POST", "/v1/sync", &digest, params),
            [
                r#""@method": POST"#.to_owned(),
                r#""@path": /v1/sync"#.to_owned(),
                format!(r#""content-digest": {digest}"#),
                format!(
                    r#""@signature-params": ("@method" "@path" "content-digest");keyid="{}";nonce="AwMDAwMDAwMD";tag="{}""#,
                    anna().device(),
                    server()
                ),
            ]
            .join("\n")
        );
    }

    #[test]
    fn a_changed_request_is_refused() {
        use BadRequestSignature::*;
        let request = parsed(&signed());
        let keys = anna().public();
        let bram = DeviceKeys::from_bytes(&[8; 64]);
        assert_eq!(request.verify(&keys, "POST", "/v1/sync", b"another", server()), Err(Body));
        assert_eq!(request.verify(&keys, "PUT", "/v1/sync", b"a visit", server()), Err(Signature));
        assert_eq!(request.verify(&keys, "POST", "/v1/invite", b"a visit", server()), Err(Signature));
        assert_eq!(request.verify(&keys, "POST", "/v1/sync", b"a visit", bram.server()), Err(OtherServer));
        assert_eq!(request.verify(&bram.public(), "POST", "/v1/sync", b"a visit", server()), Err(Signature));
        for path in ["/v1/sync?all", "v1/sync", ""] {
            assert!(matches!(request.verify(&keys, "POST", path, b"a visit", server()), Err(Profile(_))), "{path}");
        }
        let mut other_nonce = signed();
        other_nonce[1].1 = other_nonce[1].1.replace("AwMDAwMDAwMD", "BwMDAwMDAwMD");
        assert_eq!(parsed(&other_nonce).verify(&keys, "POST", "/v1/sync", b"a visit", server()), Err(Signature));
    }

    #[test]
    fn only_the_profile_is_read() {
        let good = signed();
        let refused = |index: usize, change: &dyn Fn(&str) -> String| {
            let mut headers = good.clone();
            headers[index].1 = change(&headers[index].1);
            let [(_, digest), (_, input), (_, signature)] = &headers;
            assert!(
                matches!(RequestSignature::parse(digest, input, signature), Err(BadRequestSignature::Profile(_))),
                "{headers:?}"
            );
        };
        for index in 0..3 {
            refused(index, &|_| String::new());
            refused(index, &|value| format!(" {value}"));
            refused(index, &|value| format!("{value} "));
            refused(index, &|value| format!("{value}, {value}"));
            refused(index, &|value| value.replace('=', ""));
            refused(index, &|value| value.chars().take(value.len() / 2).collect());
        }
        refused(0, &|value| value.replace("sha-256", "sha-512"));
        refused(1, &|value| value.replace(r#""@path" "#, ""));
        refused(1, &|value| value.replace("keyid", "keyId"));
        refused(1, &|value| format!("{value};alg=\"none\""));
        refused(2, &|value| value.replace("s=", "t="));
        refused(2, &|_| "s=:AAAA:".to_owned());
    }

    #[test]
    fn authentication_costs_at_most_350_bytes() {
        let headers = signed();
        let nonce = Nonce([0xff; 9]).to_string();
        let all = headers.iter().map(|(name, value)| (*name, value.as_str())).chain([(NONCE_HEADER, nonce.as_str())]);
        assert_eq!(header_bytes(all), 345);
    }
}
