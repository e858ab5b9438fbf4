//! Before the writer: pushed changes are read, their signatures and encodings checked, beside the one thread for which
//! everybody waits. A broken or hostile push is known as such before it costs anyone else anything.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use veldboek_core::ids::DeviceId;
use veldboek_core::keys::PublicKeys;
use veldboek_core::sync::server::Push;
use veldboek_core::wire::Request;

use crate::app::App;
use crate::error::Failure;

/// A push of fewer operations than this is looked at at once: a day's work of a coach is far below it.
const LIGHT: u64 = 4_000;
/// A signature that is checked weighs as much as this many operations: each change has one, each statement and receipt is one.
const CHANGE: u64 = 20;

/// Where pushes are looked at.
pub struct Porch {
    /// Heavy ones come one at a time, so that a core stays free for the others and for the writer.
    heavy: Arc<Semaphore>,
}

impl Default for Porch {
    fn default() -> Self {
        Self { heavy: Arc::new(Semaphore::new(1)) }
    }
}

impl Porch {
    /// Looks at the signatures and changes of a request, as far as that can be done without the region.
    ///
    /// # Errors
    /// The region cannot be asked for the keys of signers.
    pub async fn examine(&self, app: &App, caller: DeviceId, request: Request) -> Result<Arc<Push>, Failure> {
        let bare = request.statements.is_empty() && request.receipts.is_empty() && request.statement_receipts.is_empty();
        if request.changes.is_empty() && bare {
            return Ok(request.into());
        }
        let mut push = elsewhere(move || Push::read(request)).await?;
        let (server, bearer) = (app.identity.keys, app.keys_of(caller).await?);
        let mut keys: HashMap<DeviceId, PublicKeys> = HashMap::from([(caller, bearer)]);
        for signer in push.signers() {
            match app.keys_of(signer).await {
                Ok(known) => drop(keys.insert(signer, known)),
                // Its changes get their verdict from the region.
                Err(Failure::UnknownDevice) => {}
                Err(failure) => return Err(failure),
            }
        }
        let weight = push.operations().saturating_add(CHANGE.saturating_mul((push.changes() + push.signatures()) as u64));
        let _turn = match weight {
            ..LIGHT => None,
            // The semaphore is never closed.
            _ => Some(self.heavy.acquire().await.map_err(|_| Failure::Internal)?),
        };
        elsewhere(move || {
            push.examine(&server, &bearer, &|device| keys.get(device).copied());
            Arc::new(push)
        })
        .await
    }
}

/// On a thread that may take its time.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    // A panic in there is ours, not the writer's; the caller alone hears of it.
    spawn_blocking(work).await.map_err(|_| Failure::Internal)
}
