//! What all messages of the step share, apart from the broker.

use super::settings::InputFormat;
use crate::{
    dispatcher::CurrentSnapshot,
    platform::{api::PlatformApi, flow_type::FlowType, lightweight::BodyStore},
};

/// What the platform and the settings say about the step.
pub(super) struct StepContext {
    /// The action's name in component.json.
    pub(super) function: String,
    /// The queue that it takes messages from.
    pub(super) queue: String,
    /// Its id, under which results carry themselves.
    pub(super) id: String,
    /// How the platform runs the flow.
    pub(super) flow_type: FlowType,
    /// What it remembers.
    pub(super) snapshot: CurrentSnapshot,
    /// Whether results carry the messages of the steps before.
    pub(super) passthrough: bool,
    /// Whether they carry the incoming message instead of themselves.
    pub(super) no_self_passthrough: bool,
    /// Total bytes of a result's bodies above which they go to object storage; `None` = never.
    pub(super) lightweight_threshold: Option<usize>,
    /// The format of incoming bodies.
    pub(super) input_format: InputFormat,
    /// Bodies in object storage.
    pub(super) bodies: BodyStore,
    /// The platform's API.
    pub(super) api: PlatformApi,
    /// The account that keeps the step's credential (`_account` in its config).
    pub(super) account: Option<String>,
}
