//! From a function's name to its action or trigger: the `Action` trait, what an action may do besides returning, and the
//! registry. Knows no AMQP and no third-party API.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json, value::RawValue};

mod context;
mod current_snapshot;
mod failure;
pub(crate) mod hooks;

pub use context::{Context, HookContext};
pub(crate) use current_snapshot::CurrentSnapshot;
pub use failure::{ApiAnswer, ErrorCode, Failure};

use crate::{
    platform::{
        json::WriteJson,
        message::{Message, Outgoing},
    },
    stop::{Stop, Stopped},
};

/// An action or a trigger of the component. One value is made for a step, with the step's config; only [`Self::run`] must
/// be written.
#[async_trait]
pub trait Action: Send + Sync {
    /// Processes `message` and emits through `context`. A message is acknowledged when this returns `Ok` and all its
    /// emits are confirmed.
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption>;

    /// The choices of a select box (protocol, section 14.13): an object of values and their labels, for the step's config
    /// as far as it is filled in. `method` is the `model` of the box's field in component.json. `None`: there is no such
    /// method.
    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        let _ = (method, stop);
        Ok(None)
    }

    /// The JSON schemas `{ "in": …, "out": … }` for the step's config (protocol, section 14.12). It is asked for where
    /// component.json says `"dynamicMetadata": true`. `None`: there are none.
    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let _ = stop;
        Ok(None)
    }

    /// The startup hook (protocol, section 14.10): registers the step with the third party, and returns what
    /// [`Self::shutdown`] needs to take that back. It runs at every start for which the platform asks for it, so it uses
    /// what an earlier start has registered, and registers anew what has vanished.
    async fn startup(&self, context: &HookContext<'_>) -> Result<Value, Failure> {
        let _ = context;
        Ok(json!({}))
    }

    /// The shutdown hook (protocol, section 14.11): takes back what [`Self::startup`] registered. `state` is what that
    /// returned; `null` if what is stored is not JSON. What is gone already is no failure.
    async fn shutdown(&self, state: &Value, context: &HookContext<'_>) -> Result<(), Failure> {
        let _ = (state, context);
        Ok(())
    }
}

/// Takes the emits of an action: to the broker in the worker, to standard output in `exec`. Every method returns the
/// interruption that the action is to pass on when the emit fails.
#[async_trait]
pub trait Emitter: Send + Sync {
    /// Emits a result; in the worker, returns once the broker has confirmed it.
    async fn data(&self, message: Outgoing) -> Result<(), Interruption>;

    /// Emits an error. The action may go on; the message is rejected in the end.
    async fn error(&self, failure: Failure) -> Result<(), Interruption>;

    /// Replaces the step's snapshot; a JSON object. The next message sees it once the broker has confirmed it. A message
    /// that is to be repeated after a crash, not skipped, emits its results first.
    async fn snapshot(&self, snapshot: Box<RawValue>) -> Result<(), Interruption>;

    /// Changes fields of the step's snapshot: those of `changes`, a JSON object, take the place of those of their names.
    async fn update_snapshot(&self, changes: Box<RawValue>) -> Result<(), Interruption>;

    /// Stores new keys of the step's credential with the platform.
    async fn update_keys(&self, keys: Box<RawValue>) -> Result<(), Interruption>;

    /// Replies to the HTTP request that started the flow; fails when the message names no queue for a reply.
    async fn http_reply(&self, reply: HttpReply) -> Result<(), Interruption>;
}

/// The reply to the HTTP request that started the flow.
pub struct HttpReply {
    /// The HTTP status code.
    pub status_code: u16,
    /// The HTTP headers.
    pub headers: BTreeMap<String, String>,
    /// The body, as JSON.
    pub body: Box<dyn WriteJson>,
}

/// Why an action did not end in success.
#[derive(Debug)]
pub enum Interruption {
    /// The message failed: an error is emitted and the message is rejected.
    Failed(Failure),
    /// The message goes back to the platform and is delivered again after `wait` at the earliest.
    Rebound {
        /// Why, for the header `reboundReason`.
        reason: String,
        /// The shortest time until it is delivered again.
        wait: Duration,
    },
    /// The process stops: the message stays in the queue.
    Stopped,
}

impl From<Stopped> for Interruption {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<Failure> for Interruption {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// All actions and triggers by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Action>>);

impl Registry {
    /// Adds an action or a trigger under its name in component.json.
    #[must_use]
    pub fn with(mut self, name: &'static str, action: Arc<dyn Action>) -> Self {
        self.0.insert(name, action);
        self
    }

    /// The action or trigger called `function`.
    ///
    /// # Errors
    /// When the component has none. The error lists those that it has.
    pub fn get(&self, function: &str) -> Result<Arc<dyn Action>, UnknownFunction> {
        self.0.get(function).cloned().ok_or_else(|| UnknownFunction {
            function: function.to_owned(),
            known: self.names().collect::<Vec<_>>().join(", "),
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The component has no action or trigger of this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this component has no action or trigger \"{function}\". Set ELASTICIO_FUNCTION to one of these: {known}")]
pub struct UnknownFunction {
    function: String,
    known: String,
}
