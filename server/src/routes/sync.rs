//! The exchange: what a device has, for what its caseload gained.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::Done;
use veldboek_core::wire;

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::log::Short;
use crate::routes::{cbor, unreadable};
use crate::writer::Order;

/// `POST /v1/sync`
pub async fn exchange(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, body)) => caller.answer(exchanged(&app, caller.device, body).await),
        Err(refused) => refused.into_response(),
    }
}

async fn exchanged(app: &App, caller: DeviceId, body: Vec<u8>) -> Result<Response, Failure> {
    let request = wire::Request::decode(&body, app.limits.body_bytes).map_err(unreadable)?;
    drop(body);
    let (statements, changes) = (request.statements.len(), request.changes.len());
    let push = app.porch.examine(app, caller, request).await?;
    let Done::Exchanged(answer) = app.writer.ask(Order::Exchange(caller, push)).await? else {
        return Err(Failure::Internal);
    };
    if answer.head.as_ref().is_some_and(|head| head.doubted == Some(true)) {
        tracing::error!(
            device = %Short(caller),
            "a device saw a record that is not in the journal any more: it was cut, rewritten or replaced; `veldboek-server verify`"
        );
    }
    tracing::debug!(device = %Short(caller), statements, changes, items = answer.items.len(), more = answer.more, "exchanged");
    Ok(cbor(answer.encode()))
}
