//! Settings: the environment and an optional file, read once at start into types. Every problem is named at once.
//! Nothing else in the program reads the environment.

use std::{fmt, time::Duration};

use secrecy::SecretString;
use url::Url;

use crate::platform::{api::ApiSettings, cipher::BLOCK, storage::StorageSettings};

mod additional;
mod commands;
mod exec;
mod podio;
mod reader;
mod service;
mod source;
pub mod variables;

pub use commands::{PlatformSettings, read_storage, wants_shutdown_hook};
pub use exec::{StepSettings, read_api};
pub use service::{ServiceSettings, ServiceSettingsError};
pub use source::{Source, SourceError};

/// Every setting that is missing or malformed, one line each.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// `NAME: what is wrong and what it should be`; never a value of a secret.
    pub problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings are missing or malformed: {}", self.problems.join("; "))
    }
}

impl std::error::Error for SettingsError {}

/// Who this process is on the platform (contract, section 1).
#[derive(Clone, Debug)]
pub struct Identity {
    /// `ELASTICIO_FLOW_ID`
    pub flow_id: String,
    /// `ELASTICIO_EXEC_ID`
    pub exec_id: String,
    /// `ELASTICIO_STEP_ID`
    pub step_id: String,
    /// `ELASTICIO_CONTAINER_ID`
    pub container_id: String,
    /// `ELASTICIO_WORKSPACE_ID`
    pub workspace_id: String,
    /// `ELASTICIO_USER_ID`
    pub user_id: String,
    /// `ELASTICIO_COMP_ID`
    pub comp_id: String,
    /// `ELASTICIO_FUNCTION`: the action's name in component.json.
    pub function: String,
}

/// Where the broker is and how it is used.
#[derive(Clone, Debug)]
pub struct BrokerSettings {
    /// `ELASTICIO_AMQP_URI`; may hold a password.
    pub uri: SecretString,
    /// `HOSTNAME`; the connections are called `HOSTNAME-read` and `HOSTNAME-write`.
    pub hostname: String,
    /// `ELASTICIO_LISTEN_MESSAGES_ON`
    pub queue: String,
    /// `ELASTICIO_PUBLISH_MESSAGES_TO`
    pub exchange: String,
    /// `ELASTICIO_RABBITMQ_PREFETCH_SAILOR`: bounds what is in work.
    pub prefetch: u16,
    /// `ELASTICIO_AMQP_RECONNECT_ATTEMPTS`: further tries after the first one, at start.
    pub reconnect_attempts: u32,
    /// `ELASTICIO_AMQP_RECONNECT_TIMEOUT`: wait between those tries.
    pub reconnect_delay: Duration,
}

/// Routing keys on the platform's exchange.
#[derive(Clone, Debug)]
pub struct RoutingKeys {
    /// `ELASTICIO_DATA_ROUTING_KEY`
    pub data: String,
    /// `ELASTICIO_ERROR_ROUTING_KEY`
    pub error: String,
    /// `ELASTICIO_REBOUND_ROUTING_KEY`
    pub rebound: String,
    /// `ELASTICIO_SNAPSHOT_ROUTING_KEY`
    pub snapshot: String,
}

/// How a failed publish is tried again (contract, section 1).
#[derive(Clone, Copy, Debug)]
pub struct PublishRetry {
    /// `ELASTICIO_AMQP_PUBLISH_RETRY_DELAY`: doubles with every try.
    pub delay: Duration,
    /// `ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY`: bound of the doubled delay.
    pub max_delay: Duration,
    /// `ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS`: tries in all; `None` = unlimited.
    pub attempts: Option<u32>,
}

/// At most so many emits of a kind in any window of this length (contract, section 1).
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// `ELASTICIO_DATA_RATE_LIMIT`
    pub data: usize,
    /// `ELASTICIO_ERROR_RATE_LIMIT`
    pub error: usize,
    /// `ELASTICIO_SNAPSHOT_RATE_LIMIT`
    pub snapshot: usize,
    /// `ELASTICIO_RATE_INTERVAL`
    pub interval: Duration,
}

/// How results leave.
#[derive(Clone, Debug)]
pub struct EmitSettings {
    /// Routing keys on the exchange.
    pub keys: RoutingKeys,
    /// Repetition of failed publishes.
    pub retry: PublishRetry,
    /// Rate limits per kind of emit.
    pub limits: RateLimits,
    /// `ELASTICIO_AMQP_PERSISTENT_MESSAGES`
    pub persistent: bool,
    /// `ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT`, bytes of the encoded payload.
    pub size_limit: usize,
    /// `ELASTICIO_PROTOCOL_VERSION` of what is emitted as data.
    pub protocol_version: u64,
    /// `ELASTICIO_NO_SELF_PASSTRHOUGH`
    pub no_self_passthrough: bool,
    /// `ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE` with `ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD` in bytes; `None` = off.
    pub lightweight_threshold: Option<usize>,
    /// Not `ELASTICIO_NO_ERROR_REPLIES`.
    pub error_replies: bool,
    /// `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS`, as (header name, value).
    pub additional_headers: Vec<(String, String)>,
    /// `ELASTICIO_REBOUND_INITIAL_EXPIRATION`
    pub rebound_expiration: Duration,
    /// `ELASTICIO_REBOUND_LIMIT`
    pub rebound_limit: u64,
}

/// Key material of the flow's messages.
#[derive(Clone, Debug)]
pub struct CryptoSettings {
    /// `ELASTICIO_MESSAGE_CRYPTO_PASSWORD`
    pub password: SecretString,
    /// `ELASTICIO_MESSAGE_CRYPTO_IV`
    pub iv: [u8; BLOCK],
}

/// How Podio is called (contract, sections 1 and 11).
#[derive(Clone, Debug)]
pub struct PodioSettings {
    /// `PODIO_API_URL`: the API's base; no request leaves its origin.
    pub api_url: Url,
    /// `PODIO_TOKEN_URL`
    pub token_url: Url,
    /// `PODIO_CLIENT_ID`
    pub client_id: Option<String>,
    /// `PODIO_CLIENT_SECRET`
    pub client_secret: Option<SecretString>,
    /// `PODIO_MAX_HOLD`: a longer wait hands the message back.
    pub max_hold: Duration,
    /// `PODIO_MAX_RESPONSE_SIZE` in bytes: a larger answer is an error.
    pub max_response: usize,
    /// `API_RETRIES_COUNT`, when set: stands in for the credential's `retries` on 5xx and network errors.
    pub server_retries: Option<u32>,
    /// `API_REQUEST_TIMEOUT`: longest wait for one answer.
    pub timeout: Duration,
    /// `PODIO_TRANSFER_TIMEOUT`: longest time that a file may take to pass.
    pub transfer_timeout: Duration,
}

/// What the body of an incoming message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// A sealed message.
    Message,
    /// An error message: the step is a custom error handler.
    Error,
}

/// Everything that `run` needs.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// What any component's worker needs.
    pub worker: WorkerSettings,
    /// How Podio is called.
    pub podio: PodioSettings,
}

/// Everything that the worker needs.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Who this process is.
    pub identity: Identity,
    /// The platform's REST API.
    pub api: ApiSettings,
    /// The broker.
    pub broker: BrokerSettings,
    /// Key material.
    pub crypto: CryptoSettings,
    /// How results leave.
    pub emit: EmitSettings,
    /// Object storage, when the platform has one.
    pub storage: Option<StorageSettings>,
    /// `ELASTICIO_INPUT_FORMAT`
    pub input_format: InputFormat,
    /// `ELASTICIO_STARTUP_REQUIRED`
    pub startup_required: bool,
}
