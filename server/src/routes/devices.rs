//! Devices, for those who look after them.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::Done;
use veldboek_core::wire::{DeviceList, VERSION};

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::routes::cbor;
use crate::writer::Order;

/// `GET /v1/devices`
pub async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, _)) => caller.answer(devices(&app, caller.device, None).await),
        Err(refused) => refused.into_response(),
    }
}

/// `GET /v1/devices/{id}`
pub async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Response {
    let (caller, _) = match auth::admit(&app, request).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    match id.parse() {
        Ok(device) => caller.answer(devices(&app, caller.device, Some(device)).await),
        Err(_) => caller.answer(Err(Failure::Missing)),
    }
}

async fn devices(app: &App, caller: DeviceId, one: Option<DeviceId>) -> Result<Response, Failure> {
    let Done::Devices(devices) = app.writer.ask(Order::Devices(caller, one)).await? else {
        return Err(Failure::Internal);
    };
    Ok(cbor(DeviceList { version: VERSION, devices }.encode()))
}
