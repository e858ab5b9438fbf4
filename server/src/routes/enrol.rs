//! Enrolment: a one-time code becomes a device of a person.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::sync::server::Done;
use veldboek_core::wire::EnrolRequest;

use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::log::Short;
use crate::origin::Origin;
use crate::routes::{cbor, unreadable};
use crate::writer::Order;

/// `POST /v1/enrol`
pub async fn enrol(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let origin = app.proxies.origin(&head);
    match enrolled(&app, origin, Request::from_parts(head, body)).await {
        Ok(answer) => answer,
        // A code that fits is taken however many came before that did not.
        Err(failure @ (Failure::WrongCode | Failure::BadSignature | Failure::Malformed(_))) => {
            app.refuse_stranger(origin, failure).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

async fn enrolled(app: &App, origin: Origin, request: Request) -> Result<Response, Failure> {
    body::is_plain(request.headers())?;
    let limit = app.limits.unsigned_body_bytes;
    let body = app.unsigned.read(origin, request.into_body(), limit, &app.limits).await?;
    let _turn = app.turns.take_unsigned(origin, &app.limits).await?;
    let request = EnrolRequest::decode(&body, limit).map_err(unreadable)?;
    // Before the writer is troubled: whoever asks must hold the keys, and mean this region.
    request.verify().map_err(|_| Failure::BadSignature)?;
    if request.region.as_ref().is_some_and(|region| *region != app.identity.region) {
        return Err(Failure::WrongServer);
    }
    let device = request.keys.device();
    let Done::Enrolled(mut answer) = app.writer.ask(Order::Enrol(request)).await? else {
        return Err(Failure::Internal);
    };
    answer.nonce = app.nonces.issue(device, &mut UnwrapErr(SysRng));
    tracing::info!(device = %Short(device), "a device was enrolled");
    Ok(cbor(answer.encode()))
}
