//! Every route of the server, on one page.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::app::App;
use crate::error::Failure;
use crate::routes::{devices, enrol, erasures, health, invitations, quarantine, revocations, server, sync};

/// The whole of the server's interface. Bodies are CBOR; see `docs/formats.md`.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        // Signed by an enrolled device (see `auth`); every answer carries `veldboek-nonce`.
        .route("/v1/sync", post(sync::exchange))
        .route("/v1/invitations", post(invitations::invite))
        .route("/v1/erasures", get(erasures::list).post(erasures::decide))
        .route("/v1/quarantine", get(quarantine::list))
        .route("/v1/quarantine/{after}", get(quarantine::after))
        .route("/v1/devices", get(devices::list))
        .route("/v1/devices/{id}", get(devices::show))
        .route("/v1/revocations", post(revocations::revoke))
        // Without a signature: the device is not known yet, or has no key any more, or asks who we are.
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/wiped", post(revocations::wiped))
        .route("/v1/server", get(server::identity))
        // For whoever watches over the machine.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(async || Failure::WrongMethod)
        .fallback(async || Failure::Missing)
        .layer(middleware::from_fn(crate::routes::log_answer))
        .with_state(app)
}
