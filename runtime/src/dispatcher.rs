//! From a function's name to its action: the `Action` trait, what an action may do besides returning, and the
//! registry. Knows no AMQP and no third-party API.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::value::RawValue;

use crate::{
    platform::{
        json::WriteJson,
        message::{Message, Outgoing},
    },
    stop::{Stop, Stopped},
};

/// What an action does with one message.
#[async_trait]
pub trait Action: Send + Sync {
    /// Processes `message` and emits through `context`. A message is acknowledged when this returns `Ok` and all
    /// its emits are confirmed.
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption>;
}

/// What an action has at hand besides its message.
pub struct Context<'a> {
    /// Takes what the action emits.
    pub emitter: &'a dyn Emitter,
    /// The request to stop: waits are to be made with it, so that a stop cuts them short.
    pub stop: &'a Stop,
}

/// Takes what actions emit: the broker in the worker, standard output in `exec`.
#[async_trait]
pub trait Emitter: Send + Sync {
    /// Emits a result; returns once it is safely on its way.
    async fn data(&self, message: Outgoing) -> Result<(), Interruption>;

    /// Emits an error and goes on: the message is rejected in the end.
    async fn error(&self, failure: Failure) -> Result<(), Interruption>;

    /// Replaces the step's snapshot.
    async fn snapshot(&self, snapshot: Box<RawValue>) -> Result<(), Interruption>;

    /// Changes fields of the step's snapshot.
    async fn update_snapshot(&self, changes: Box<RawValue>) -> Result<(), Interruption>;

    /// Stores new keys of the step's credential with the platform.
    async fn update_keys(&self, keys: Box<RawValue>) -> Result<(), Interruption>;

    /// Answers whoever waits for a reply to this message.
    async fn http_reply(&self, reply: HttpReply) -> Result<(), Interruption>;
}

/// The answer to an HTTP request that began the flow.
pub struct HttpReply {
    /// HTTP status.
    pub status_code: u16,
    /// HTTP headers.
    pub headers: BTreeMap<String, String>,
    /// The answer's body.
    pub body: Box<dyn WriteJson>,
}

/// Why an action did not end in success.
#[derive(Debug)]
pub enum Interruption {
    /// The message failed: an error is emitted, the message rejected.
    Failed(Failure),
    /// The message goes back to the platform and comes again, no earlier than after `wait`.
    Rebound {
        /// Why, for the header `reboundReason`.
        reason: String,
        /// The earliest time to come again.
        wait: Duration,
    },
    /// The process stops: the message stays in the queue.
    Stopped,
}

/// A message's error. `Display` is fit for logs; [`Failure::message`] is what the flow's owner reads.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    log: Option<String>,
}

impl Failure {
    /// An error whose text holds nothing of the message's content.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), log: None }
    }

    /// An error whose text may hold content, with another one for logs.
    #[must_use]
    pub fn with_log(message: impl Into<String>, log: impl Into<String>) -> Self {
        Self { message: message.into(), log: Some(log.into()) }
    }

    /// What the flow's owner reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.log.as_ref().unwrap_or(&self.message))
    }
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

/// All actions by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Action>>);

impl Registry {
    /// Adds an action under a name of component.json.
    #[must_use]
    pub fn with(mut self, name: &'static str, action: Arc<dyn Action>) -> Self {
        self.0.insert(name, action);
        self
    }

    /// The action called `function`.
    ///
    /// # Errors
    /// When there is none; names those that there are.
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

/// There is no such action.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no action \"{function}\" in this component; there are: {known}. Set ELASTICIO_FUNCTION to one of them"
)]
pub struct UnknownFunction {
    function: String,
    known: String,
}
