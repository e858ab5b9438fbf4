//! Who is asking: each request is signed by its device, over the method, the path, a digest of the body, a nonce of ours, and
//! our own name, so that nothing signed for one server, one moment or one address is good for another.
//!
//! Everything that needs no body is checked before the body is read: a stranger costs no memory.

use axum::extract::Request;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::ids::DeviceId;
use veldboek_core::request_signature::{
    BadRequestSignature, DIGEST_HEADER, INPUT_HEADER, NONCE_HEADER, RequestSignature, SIGNATURE_HEADER,
};

use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::log::Short;
use crate::origin::{Origin, Whose};
use crate::turns::Turn;

/// A device that signed its request.
pub struct Caller<'a> {
    app: &'a App,
    /// Which device. Whether it is still welcome is for the region to say, in the order of its journal.
    pub device: DeviceId,
    next_nonce: String,
    _turn: Turn<'a>,
    _room: Option<Turn<'a>>,
}

impl Caller<'_> {
    /// The answer, with the nonce for the next request.
    pub fn answer(&self, outcome: Result<Response, Failure>) -> Response {
        // Something that no field book sends: a broken device, or one in the wrong hands.
        if matches!(outcome, Err(Failure::Malformed(_))) {
            self.app.wrong(Whose::Device(self.device));
        }
        with_nonce(outcome.unwrap_or_else(IntoResponse::into_response), Some(&self.next_nonce))
    }
}

/// A request that was not let in.
pub struct Refused {
    failure: Failure,
    nonce: Option<String>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, nonce: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        with_nonce(self.failure.into_response(), self.nonce.as_deref())
    }
}

fn with_nonce(mut response: Response, nonce: Option<&str>) -> Response {
    if let Some(Ok(value)) = nonce.map(HeaderValue::from_str) {
        response.headers_mut().insert(HeaderName::from_static(NONCE_HEADER), value);
    }
    response
}

/// Lets a signed request in: the device, and the body that it signed.
///
/// # Errors
/// What is wrong with the request; with a good nonce when only that was missing.
pub async fn admit(app: &App, request: Request) -> Result<(Caller<'_>, Vec<u8>), Refused> {
    let (head, body) = request.into_parts();
    let checked = match body::is_plain(&head.headers) {
        Ok(()) => checked(app, &head).await,
        Err(failure) => Err(failure),
    };
    let signed = match checked {
        Ok(signed) => signed,
        Err(failure) => {
            // A little is read, so that an honest client with a wrong address hears the reason and not a broken connection.
            body::drain(body, app.limits.unsigned_body_bytes, &app.limits).await;
            return Err(stranger(app, app.proxies.origin(&head), failure).into());
        }
    };
    let device = signed.device();
    // From here on it is known who asks, and each answer brings the next nonce.
    let mut rng = UnwrapErr(SysRng);
    let Some(next_nonce) = app.nonces.exchange(device, &signed.nonce().to_string(), &mut rng) else {
        tracing::debug!(device = %Short(device), "a nonce was unknown or used");
        let (failure, most) = match app.pace.ask_again(device, app.clock.now().at) {
            Ok(()) => (Failure::StaleNonce, app.limits.body_bytes),
            Err(failure) => (failure, app.limits.unsigned_body_bytes),
        };
        body::drain(body, most, &app.limits).await;
        return Err(Refused { failure, nonce: Some(app.nonces.again(device, &mut rng)) });
    };
    let read = async {
        app.pace.ask(device, app.clock.now().at)?;
        let turn = app.turns.take(device, &app.limits).await?;
        let room = app.turns.room(device, body::at_most(&body), &app.limits).await?;
        let body = body::read(body, app.limits.body_bytes, &app.limits).await?;
        signed.verify_body(&body).map_err(bad_signature).inspect_err(|_| app.wrong(Whose::Device(device)))?;
        Ok((turn, room, body))
    };
    match read.await {
        Ok((turn, room, body)) => Ok((Caller { app, device, next_nonce, _turn: turn, _room: room }, body)),
        Err(failure) => Err(Refused { failure, nonce: Some(next_nonce) }),
    }
}

/// What somebody hears who did not prove to be a device. A wrong address or a rebuilt server is no attack.
fn stranger(app: &App, origin: Origin, why: Failure) -> Failure {
    match why {
        why @ (Failure::NotSigned(_) | Failure::BadSignature) => app.refuse_stranger(origin, why),
        why => {
            app.tried(&why);
            app.pace.ask_anonymously(origin, app.clock.now().at).err().unwrap_or(why)
        }
    }
}

/// The signature of a request's head by a device that we know. The body comes later: its digest is part of what was signed.
async fn checked(app: &App, head: &Parts) -> Result<RequestSignature, Failure> {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let signed = RequestSignature::parse(
        only(&head.headers, DIGEST_HEADER)?,
        only(&head.headers, INPUT_HEADER)?,
        only(&head.headers, SIGNATURE_HEADER)?,
    )
    .map_err(bad_signature)?;
    let keys = app.keys_of(signed.device()).await?;
    signed.verify_head(&keys, head.method.as_str(), target, app.identity.server).map_err(bad_signature)?;
    Ok(signed)
}

/// A header that must be there exactly once: of two, we might check one and a proxy the other.
fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (None, _) => Err(Failure::NotSigned(format!("the header {name} is missing"))),
        _ => Err(Failure::NotSigned(format!("the header {name} must be there once"))),
    }
}

fn bad_signature(error: BadRequestSignature) -> Failure {
    match error {
        BadRequestSignature::Profile(_) => Failure::NotSigned(error.to_string()),
        BadRequestSignature::Body => Failure::WrongBody,
        BadRequestSignature::OtherServer => Failure::WrongServer,
        BadRequestSignature::Signature => Failure::BadSignature,
    }
}
