//! What actions and hooks get besides their input.

use url::Url;

use super::Emitter;
use crate::{
    platform::{flow_type::FlowType, snapshot::Snapshot},
    stop::Stop,
};

/// What an action gets besides its message.
pub struct Context<'a> {
    /// Takes the action's emits.
    pub emitter: &'a dyn Emitter,
    /// The request to stop. Actions wait with it, so that a stop cuts their waits short.
    pub stop: &'a Stop,
    /// What the step remembers of the messages before: the newest snapshot whose emit was confirmed when the work on this
    /// message began.
    pub snapshot: Snapshot,
    /// How the platform runs the flow.
    pub flow_type: FlowType,
}

/// What a startup or shutdown hook gets besides its state.
#[derive(Clone, Copy, Debug)]
pub struct HookContext<'a> {
    /// The request to stop, as in [`Context`].
    pub stop: &'a Stop,
    /// `ELASTICIO_FLOW_WEBHOOK_URI`: where a third party sends what the flow is to process; each call there becomes a
    /// message of this step.
    pub webhook_uri: Option<&'a Url>,
}
