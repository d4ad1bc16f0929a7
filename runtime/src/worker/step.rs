//! What the messages of the step share besides the broker.

use crate::platform::{api::PlatformApi, lightweight::BodyStore};
use crate::worker::settings::InputFormat;

/// What the platform and the settings say of the step.
pub(super) struct StepContext {
    /// Its id, under which results carry themselves.
    pub(super) id: String,
    /// Whether results carry what came before.
    pub(super) passthrough: bool,
    /// Whether they carry the incoming message instead of themselves.
    pub(super) no_self_passthrough: bool,
    /// Bytes of bodies above which they go to object storage.
    pub(super) lightweight_threshold: Option<usize>,
    /// What incoming bodies are.
    pub(super) input_format: InputFormat,
    /// Bodies in object storage.
    pub(super) bodies: BodyStore,
    /// The platform's API.
    pub(super) api: PlatformApi,
    /// The account that keeps the step's credential (`_account` in its config).
    pub(super) account: Option<String>,
}
