//! Why a request was not served: one variant for each thing that the caller (or the administrator) does about it, and the one
//! place that says which HTTP status and which words it gets.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use veldboek_core::sync::server::Unfit;
use veldboek_core::wire::{ErrorAnswer, ErrorCode};

use crate::routes::CBOR;

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Headers of the signature are missing or are not what we ask for.
    #[error("the request is not signed as this server asks: {0}")]
    NotSigned(String),
    /// The signature is not of this device over this request.
    #[error("the signature does not fit the request")]
    BadSignature,
    /// The request was meant for another server.
    #[error("the request was signed for another server")]
    WrongServer,
    /// Nobody enrolled this device.
    #[error("this device is not enrolled at this server")]
    UnknownDevice,
    /// The device was revoked; with the signed revocation, which tells it to wipe itself.
    #[error("this device was revoked")]
    Revoked(Vec<u8>),
    /// The nonce is unknown or was used; another comes with this answer.
    #[error("sign the request again with the nonce of this answer")]
    StaleNonce,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    WrongBody,
    /// The body cannot be read.
    #[error("the request cannot be understood: {0}")]
    Malformed(String),
    /// The body is of a version that this server does not know.
    #[error("the request is of a newer version than this server")]
    Newer,
    /// The body is compressed: what it would become is not known beforehand.
    #[error("the body is compressed ({0}); this server takes bodies as they are")]
    Compressed(String),
    /// The enrolment code does not work.
    #[error("the code is wrong, was used, or has expired")]
    WrongCode,
    /// The code is right, and came too late.
    #[error("the code has expired, or was entered wrongly too often")]
    ExpiredCode,
    /// Too many requests in a short time.
    #[error("too many requests; come back in {seconds} seconds, nothing of this one was kept")]
    TooMany {
        /// When to come back.
        seconds: u32,
    },
    /// Too many wrong requests: not listened to for a while.
    #[error("too many wrong requests; nothing is taken from this device for {seconds} seconds")]
    LockedOut {
        /// When to come back.
        seconds: u32,
    },
    /// The role does not allow it.
    #[error("only a coordinator or an administrator may do this")]
    NotAllowed,
    /// It cannot be done, for the reason given.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// There is no such thing.
    #[error("there is no such thing here")]
    Missing,
    /// The path is there, but not for this method.
    #[error("this address is used with another method")]
    WrongMethod,
    /// More than this server takes.
    #[error("the request is larger than the {most} bytes this server takes")]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// Slower than this server waits.
    #[error("the request did not arrive in time; try again with a better connection")]
    TooSlow,
    /// The client went away in the middle.
    #[error("the connection ended in the middle of the request")]
    GoneAway,
    /// Too much to do.
    #[error("the server is busy")]
    Busy,
    /// The store does not work.
    #[error("the server cannot write at the moment; nothing of this request was kept")]
    Unavailable,
    /// A fault of ours.
    #[error("the server made a mistake with this request; nothing of it is acknowledged, tell your administrator when it was")]
    Internal,
}

impl Failure {
    /// The HTTP status, and the code for programs.
    pub fn status(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::NotSigned(_) | Self::BadSignature => (StatusCode::UNAUTHORIZED, ErrorCode::BadSignature),
            Self::UnknownDevice => (StatusCode::UNAUTHORIZED, ErrorCode::UnknownDevice),
            Self::StaleNonce => (StatusCode::UNAUTHORIZED, ErrorCode::StaleNonce),
            Self::WrongServer => (StatusCode::MISDIRECTED_REQUEST, ErrorCode::WrongServer),
            Self::Revoked(_) => (StatusCode::FORBIDDEN, ErrorCode::Revoked),
            Self::NotAllowed => (StatusCode::FORBIDDEN, ErrorCode::NotAllowed),
            Self::WrongCode => (StatusCode::FORBIDDEN, ErrorCode::WrongCode),
            Self::ExpiredCode => (StatusCode::FORBIDDEN, ErrorCode::ExpiredCode),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooMany),
            Self::LockedOut { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::LockedOut),
            Self::WrongBody => (StatusCode::BAD_REQUEST, ErrorCode::BadSignature),
            Self::Malformed(_) | Self::GoneAway => (StatusCode::BAD_REQUEST, ErrorCode::Malformed),
            Self::Newer => (StatusCode::BAD_REQUEST, ErrorCode::NewerVersion),
            Self::Compressed(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::Malformed),
            Self::Unfit(Unfit::TooManyInvitations) => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooMany),
            Self::Unfit(why) => (StatusCode::CONFLICT, why.answer().code),
            Self::Missing => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, ErrorCode::Busy),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Unavailable),
        }
    }
}

impl Failure {
    /// What the caller is told: a code for programs, what goes with it, and details in English for whoever helps.
    pub fn answer(&self) -> ErrorAnswer {
        let (status, code) = self.status();
        let answer = match self {
            Self::Revoked(revocation) => ErrorAnswer { revocation: revocation.clone(), ..code.into() },
            Self::Unfit(why) => why.answer(),
            Self::TooMany { seconds } | Self::LockedOut { seconds } => ErrorAnswer { retry_after: Some(*seconds), ..code.into() },
            _ if status == StatusCode::SERVICE_UNAVAILABLE => ErrorAnswer { retry_after: Some(5), ..code.into() },
            _ => code.into(),
        };
        let text = answer.text.unwrap_or_else(|| shortened(&self.to_string()));
        ErrorAnswer { text: Some(text), ..answer }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, answer) = (self.status().0, self.answer());
        let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(CBOR))], answer.encode()).into_response();
        if let Some(seconds) = answer.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// At most what an error answer may hold of text.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use veldboek_core::record::Lang;
    use veldboek_core::statement::Role;
    use veldboek_core::wire::KnownAs;

    use super::*;

    #[test]
    fn every_failure_is_an_error_that_a_client_can_read() {
        for failure in [
            Failure::NotSigned("no signature".into()),
            Failure::StaleNonce,
            Failure::Malformed("x".repeat(10_000)),
            Failure::TooLarge { most: 3 },
            Failure::Internal,
        ] {
            let (status, code) = failure.status();
            assert!(status.is_client_error() || status.is_server_error());
            let bytes = failure.answer().encode();
            assert_eq!(ErrorAnswer::decode(&bytes, 4096).unwrap().code, code);
        }
    }

    #[test]
    fn what_cannot_be_is_worded_by_the_client_in_its_readers_language() {
        let known = KnownAs { person: "anna".into(), role: Role::Coach, organisation: "school-1".into() };
        let failure = Failure::Unfit(Unfit::KnownOtherwise(known));
        let told = ErrorAnswer::decode(&failure.answer().encode(), 4096).unwrap();
        assert!(told.message(Lang::Nl).starts_with("'anna' is bekend als jobcoach van 'school-1'; "));
        assert!(told.message(Lang::En).starts_with("'anna' is known as job coach of 'school-1'; "));
        for why in [Unfit::EnrolledAlready, Unfit::NotAsked, Unfit::NotItsWord("the device did not sign this")] {
            let told = ErrorAnswer::decode(&Failure::Unfit(why.clone()).answer().encode(), 4096).unwrap();
            assert_eq!((told.message(Lang::Nl), told.message(Lang::En)), (why.message(Lang::Nl), why.message(Lang::En)));
            assert_ne!(told.code, ErrorCode::Other);
        }
    }
}
