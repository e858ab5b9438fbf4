//! Erasures: what was asked, what was done, and which devices have not confirmed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::{Done, ErasureOrder};
use veldboek_core::wire::{ErasureDecision, ErasureList, VERSION};

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::log::Short;
use crate::routes::{cbor, unreadable};
use crate::writer::Order;

/// `GET /v1/erasures`
pub async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, _)) => caller.answer(ask(&app, caller.device, ErasureOrder::List).await),
        Err(refused) => refused.into_response(),
    }
}

/// `POST /v1/erasures`
pub async fn decide(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, body)) => caller.answer(decided(&app, caller.device, &body).await),
        Err(refused) => refused.into_response(),
    }
}

async fn decided(app: &App, caller: DeviceId, body: &[u8]) -> Result<Response, Failure> {
    let ErasureDecision { document, confirm, .. } =
        ErasureDecision::decode(body, app.limits.unsigned_body_bytes).map_err(unreadable)?;
    let order = if confirm { ErasureOrder::Confirm(document) } else { ErasureOrder::Refuse(document) };
    let answer = ask(app, caller, order).await?;
    tracing::info!(by = %Short(caller), confirm, "an erasure was decided");
    Ok(answer)
}

async fn ask(app: &App, caller: DeviceId, order: ErasureOrder) -> Result<Response, Failure> {
    let Done::Erasures(erasures) = app.writer.ask(Order::Erasures(caller, order)).await? else {
        return Err(Failure::Internal);
    };
    Ok(cbor(ErasureList { version: VERSION, erasures }.encode()))
}
