//! What waits for a coordinator. Deciding about it is a signed statement, and goes with the exchange.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::Done;

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::routes::cbor;
use crate::writer::Order;

/// `GET /v1/quarantine`
pub async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, _)) => caller.answer(listed(&app, caller.device, 0).await),
        Err(refused) => refused.into_response(),
    }
}

/// `GET /v1/quarantine/{after}`
pub async fn after(State(app): State<Arc<App>>, Path(after): Path<String>, request: Request) -> Response {
    let (caller, _) = match auth::admit(&app, request).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    match after.parse() {
        Ok(after) => caller.answer(listed(&app, caller.device, after).await),
        Err(_) => caller.answer(Err(Failure::Missing)),
    }
}

async fn listed(app: &App, caller: DeviceId, after: u64) -> Result<Response, Failure> {
    let Done::Quarantine(list) = app.writer.ask(Order::Quarantine(caller, after)).await? else {
        return Err(Failure::Internal);
    };
    Ok(cbor(list.encode()))
}
