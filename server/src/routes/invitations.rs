//! Inviting from a coordinator's laptop.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::Done;
use veldboek_core::wire::InviteRequest;

use crate::app::App;
use crate::auth;
use crate::error::Failure;
use crate::log::Short;
use crate::routes::{cbor, unreadable};
use crate::writer::Order;

/// `POST /v1/invitations`
pub async fn invite(State(app): State<Arc<App>>, request: Request) -> Response {
    match auth::admit(&app, request).await {
        Ok((caller, body)) => caller.answer(invited(&app, caller.device, &body).await),
        Err(refused) => refused.into_response(),
    }
}

async fn invited(app: &App, caller: DeviceId, body: &[u8]) -> Result<Response, Failure> {
    let request = InviteRequest::decode(body, app.limits.unsigned_body_bytes).map_err(unreadable)?;
    let Done::Invited(answer) = app.writer.ask(Order::Invite(caller, request)).await? else {
        return Err(Failure::Internal);
    };
    tracing::info!(by = %Short(caller), "a person was invited");
    Ok(cbor(answer.encode()))
}
