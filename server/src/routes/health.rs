//! For whoever watches over the machine: is the process there, and can it do its work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// `GET /healthz`
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.writer.is_well() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the store could not be read or written; see the log\n")
    }
}
