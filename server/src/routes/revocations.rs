//! Revoking a device, and hearing from it for the last time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::statement::MAX_STATEMENT;
use veldboek_core::sync::server::Done;
use veldboek_core::wire::RevokeRequest;

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::log::Short;
use crate::origin::Origin;
use crate::routes::{cbor, unreadable};
use crate::writer::Order;

/// `POST /v1/revocations`
pub async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, body)) => caller.answer(revoked(&app, caller.device, &body).await),
        Err(refused) => refused.into_response(),
    }
}

async fn revoked(app: &App, caller: DeviceId, body: &[u8]) -> Result<Response, Failure> {
    let request = RevokeRequest::decode(body, app.limits.unsigned_body_bytes).map_err(unreadable)?;
    let device = request.device;
    let Done::Revoked(answer) = app.writer.ask(Order::Revoke(caller, request)).await? else {
        return Err(Failure::Internal);
    };
    tracing::info!(by = %Short(caller), device = %Short(device), "a device is revoked");
    Ok(cbor(answer.encode()))
}

/// `POST /v1/wiped`: the body is the signed statement. The device has no key left to sign the request with.
pub async fn wiped(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let origin = app.proxies.origin(&head);
    match heard(&app, origin, Request::from_parts(head, body)).await {
        Ok(answer) => answer,
        Err(failure @ (Failure::Unfit(_) | Failure::UnknownDevice)) => app.refuse_stranger(origin, failure).into_response(),
        Err(failure) => failure.into_response(),
    }
}

async fn heard(app: &App, origin: Origin, request: Request) -> Result<Response, Failure> {
    let statement = app.unsigned.read(origin, request.into_body(), MAX_STATEMENT, &app.limits).await?;
    let _turn = app.turns.take_unsigned(origin, &app.limits).await?;
    app.writer.ask(Order::Wiped(statement)).await?;
    tracing::info!("a revoked device said that it wiped itself");
    Ok(StatusCode::OK.into_response())
}
