//! Reading a request's body: never more than was allowed, never longer than is decent.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use tokio::time::timeout;

use crate::config::Limits;
use crate::error::Failure;
use crate::faults;

/// Whether the body is what it will be read as. Nothing here unpacks anything: a few bytes could become gigabytes.
///
/// # Errors
/// [`Failure::Compressed`] names the encoding.
pub fn is_plain(headers: &HeaderMap) -> Result<(), Failure> {
    for value in headers.get_all(CONTENT_ENCODING) {
        if value.as_bytes() != b"identity" {
            return Err(Failure::Compressed(String::from_utf8_lossy(value.as_bytes()).chars().take(40).collect()));
        }
    }
    Ok(())
}

/// How many bytes may come: what the sender declared, or anything.
pub fn at_most(body: &Body) -> u64 {
    body.size_hint().upper().unwrap_or(u64::MAX)
}

/// The whole body, at most `most` bytes.
///
/// # Errors
/// Too large, too slow, or the sender went away.
pub async fn read(mut body: Body, most: usize, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let declared = body.size_hint().lower();
    if declared > most as u64 {
        drain(body, most, limits).await;
        return Err(Failure::TooLarge { most });
    }
    // The claimed size buys no memory beforehand: a sender pays for each byte by sending it.
    let mut bytes = Vec::with_capacity((declared as usize).min(64 * 1024));
    let whole = async {
        while let Some(data) = next(&mut body, limits).await? {
            if bytes.len() + data.len() > most {
                return Err(Failure::TooLarge { most });
            }
            bytes.extend_from_slice(&data);
            if bytes.len() as u64 * 2 >= declared && (bytes.len() as u64) < declared {
                faults::point(faults::BODY_HALF_READ);
            }
        }
        Ok(())
    };
    match timeout(limits.body, whole).await {
        Ok(Ok(())) => Ok(bytes),
        Ok(Err(failure)) => {
            drain(body, most, limits).await;
            Err(failure)
        }
        Err(_) => Err(Failure::TooSlow),
    }
}

/// Reads and forgets what is left of a body, so that a sender that reads no answer before it has sent everything hears the answer
/// instead of a broken connection.
pub async fn drain(mut body: Body, most: usize, limits: &Limits) {
    let rest = async {
        let mut seen = 0;
        while seen <= most {
            match next(&mut body, limits).await {
                Ok(Some(data)) => seen += data.len(),
                _ => return,
            }
        }
    };
    let _ = timeout(limits.patience, rest).await;
}

async fn next(body: &mut Body, limits: &Limits) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = timeout(limits.idle, poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)));
        match frame.await {
            Err(_) => return Err(Failure::TooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Failure::GoneAway),
            Ok(Some(Ok(frame))) => {
                // Trailers say nothing that we use.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
