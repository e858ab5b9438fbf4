//! Which server this is, for whoever is about to enrol here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use veldboek_core::wire::{ServerInfo, VERSION};

use crate::app::App;
use crate::routes::cbor;

/// `GET /v1/server`
pub async fn identity(State(app): State<Arc<App>>, request: Request) -> Response {
    let origin = app.proxies.origin(&request.into_parts().0);
    if let Err(too_many) = app.pace.ask_anonymously(origin, app.clock.now().at) {
        return too_many.into_response();
    }
    let identity = &app.identity;
    let info = ServerInfo {
        version: VERSION,
        server: identity.server,
        keys: identity.keys,
        region: identity.region.clone(),
        epoch: identity.epoch,
    };
    cbor(info.encode())
}
