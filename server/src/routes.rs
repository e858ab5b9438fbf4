//! What is done for each route, and what they share.

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use veldboek_core::wire::FormatError;

use crate::error::Failure;

pub mod devices;
pub mod enrol;
pub mod erasures;
pub mod health;
pub mod invitations;
pub mod quarantine;
pub mod revocations;
pub mod server;
pub mod sync;

/// The type of all bodies.
pub const CBOR: &str = "application/cbor";

/// An answer that went well.
fn cbor(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(CBOR))], body).into_response()
}

/// Why a body was not read. The details name places in the format, never its content.
fn unreadable(error: FormatError) -> Failure {
    match error {
        FormatError::Newer(_) => Failure::Newer,
        FormatError::TooLarge { limit, .. } => Failure::TooLarge { most: limit },
        other => Failure::Malformed(other.to_string()),
    }
}

/// One line for each answer; see `docs/logging.md` for what is not in it. Also tells every cache on the way to keep nothing.
pub async fn log_answer(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)".to_owned(), |path| path.as_str().to_owned());
    let bytes_in = length(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let status = response.status().as_u16();
    let bytes_out = axum::body::HttpBody::size_hint(response.body()).exact().unwrap_or(0);
    tracing::info!(%method, route, status, bytes_in, bytes_out, "answered");
    response
}

fn length(headers: &HeaderMap) -> u64 {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
}
