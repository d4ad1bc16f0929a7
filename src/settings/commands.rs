//! The settings of each command, put together from single values.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    ApiSettings, BLOCK, BrokerSettings, CryptoSettings, EmitSettings, Identity, InputFormat, PublishRetry, RateLimits,
    RoutingKeys, RunSettings, SettingsError, Source, StorageSettings, WorkerSettings,
    additional::header_name,
    podio,
    reader::{Reader, leading_digits},
    variables as v,
};

pub(super) const HTTP: &[&str] = &["http", "https"];

impl RunSettings {
    /// Reads the settings of `run`.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let identity = identity(&mut reader);
        let worker = WorkerSettings {
            api: api(&mut reader, identity.workspace_id.clone()),
            broker: broker(&mut reader),
            crypto: crypto(&mut reader),
            emit: emit(&mut reader, source),
            storage: storage(&mut reader),
            input_format: input_format(&mut reader),
            startup_required: reader.flag(v::STARTUP_REQUIRED),
            identity,
        };
        let podio = podio::settings(&mut reader);
        reader.finish(Self { worker, podio })
    }
}

/// Whether the platform wants the shutdown hook instead of the worker (`ELASTICIO_HOOK_SHUTDOWN`).
#[must_use]
pub fn wants_shutdown_hook(source: &Source) -> bool {
    Reader::new(source).flag(v::HOOK_SHUTDOWN)
}

/// Where the object storage is, if there is one.
///
/// # Errors
/// Names what is malformed.
pub fn read_storage(source: &Source) -> Result<Option<StorageSettings>, SettingsError> {
    let mut reader = Reader::new(source);
    let settings = storage(&mut reader);
    reader.finish(settings)
}

/// Who this process is and where the platform's API is: what is needed to read a step's data.
#[derive(Clone, Debug)]
pub struct PlatformSettings {
    /// Who this process is.
    pub identity: Identity,
    /// The platform's REST API.
    pub api: ApiSettings,
}

impl PlatformSettings {
    /// Reads what is needed to call the platform's API.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let identity = identity(&mut reader);
        let settings = Self { api: api(&mut reader, identity.workspace_id.clone()), identity };
        reader.finish(settings)
    }
}

fn identity(reader: &mut Reader<'_>) -> Identity {
    Identity {
        flow_id: reader.text(v::FLOW_ID),
        exec_id: reader.text(v::EXEC_ID),
        step_id: reader.text(v::STEP_ID),
        container_id: reader.text(v::CONTAINER_ID),
        workspace_id: reader.text(v::WORKSPACE_ID),
        user_id: reader.text(v::USER_ID),
        comp_id: reader.text(v::COMP_ID),
        function: reader.text(v::FUNCTION),
    }
}

/// The platform's API, for calls about one workspace.
pub(super) fn api(reader: &mut Reader<'_>, workspace_id: String) -> ApiSettings {
    let (attempts, delay) = api_attempts(reader);
    ApiSettings {
        uri: reader.url(v::API_URI, HTTP),
        username: reader.text(v::API_USERNAME),
        key: reader.secret(v::API_KEY),
        workspace_id,
        attempts,
        delay,
    }
}

/// Tries of a call to the platform's API, and the wait between them.
pub(super) fn api_attempts(reader: &Reader<'_>) -> (usize, Duration) {
    (reader.bounded(v::API_REQUEST_RETRY_ATTEMPTS, usize::MAX), reader.millis(v::API_REQUEST_RETRY_DELAY))
}

fn broker(reader: &mut Reader<'_>) -> BrokerSettings {
    reader.url(v::AMQP_URI, &["amqp", "amqps"]);
    BrokerSettings {
        uri: reader.optional(v::AMQP_URI).unwrap_or_default().into(),
        hostname: reader.text(v::HOSTNAME),
        queue: reader.name(v::LISTEN_MESSAGES_ON),
        exchange: reader.name(v::PUBLISH_MESSAGES_TO),
        prefetch: reader.bounded(v::PREFETCH, u16::MAX),
        reconnect_attempts: reader.bounded(v::AMQP_RECONNECT_ATTEMPTS, u32::MAX),
        reconnect_delay: reader.millis(v::AMQP_RECONNECT_TIMEOUT),
    }
}

fn crypto(reader: &mut Reader<'_>) -> CryptoSettings {
    let password = reader.secret(v::MESSAGE_CRYPTO_PASSWORD);
    let text = reader.text(v::MESSAGE_CRYPTO_IV);
    let iv = <[u8; BLOCK]>::try_from(text.as_bytes()).unwrap_or_else(|_| {
        if !text.is_empty() {
            reader.problem(v::MESSAGE_CRYPTO_IV, &format!("has {} bytes, it must have {BLOCK}", text.len()));
        }
        [0; BLOCK]
    });
    CryptoSettings { password, iv }
}

fn emit(reader: &mut Reader<'_>, source: &Source) -> EmitSettings {
    EmitSettings {
        keys: RoutingKeys {
            data: reader.name(v::DATA_ROUTING_KEY),
            error: reader.name(v::ERROR_ROUTING_KEY),
            rebound: reader.name(v::REBOUND_ROUTING_KEY),
            snapshot: reader.name(v::SNAPSHOT_ROUTING_KEY),
        },
        retry: PublishRetry {
            delay: reader.millis(v::AMQP_PUBLISH_RETRY_DELAY),
            max_delay: reader.millis(v::AMQP_PUBLISH_MAX_RETRY_DELAY),
            attempts: reader
                .given_count(v::AMQP_PUBLISH_RETRY_ATTEMPTS)
                .map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX)),
        },
        limits: RateLimits {
            data: reader.bounded(v::DATA_RATE_LIMIT, usize::MAX),
            error: reader.bounded(v::ERROR_RATE_LIMIT, usize::MAX),
            snapshot: reader.bounded(v::SNAPSHOT_RATE_LIMIT, usize::MAX),
            interval: reader.millis(v::RATE_INTERVAL),
        },
        persistent: reader.flag(v::AMQP_PERSISTENT_MESSAGES),
        size_limit: reader.bounded(v::OUTGOING_MESSAGE_SIZE_LIMIT, usize::MAX),
        protocol_version: protocol_version(reader),
        no_self_passthrough: reader.flag(v::NO_SELF_PASSTHROUGH),
        lightweight_threshold: reader
            .flag(v::EMIT_LIGHTWEIGHT_MESSAGE)
            .then(|| reader.bounded(v::OBJECT_STORAGE_SIZE_THRESHOLD, usize::MAX)),
        error_replies: !reader.flag(v::NO_ERROR_REPLIES),
        additional_headers: additional_headers(source),
        rebound_expiration: reader.millis(v::REBOUND_INITIAL_EXPIRATION),
        rebound_limit: reader.count(v::REBOUND_LIMIT),
    }
}

fn protocol_version(reader: &mut Reader<'_>) -> u64 {
    let version = reader.count(v::PROTOCOL_VERSION);
    if version > 2 {
        reader.problem(v::PROTOCOL_VERSION, "must be 1 or 2");
    }
    version
}

fn storage(reader: &mut Reader<'_>) -> Option<StorageSettings> {
    reader.optional(v::OBJECT_STORAGE_URI)?;
    let timeout = in_range(reader.given_count(v::REQUEST_TIMEOUT), 500..=20_000, 10_000);
    let id = |variable| reader.optional(variable).unwrap_or_default();
    let request_id = format!("f:{};s:{};m:", id(v::FLOW_ID), id(v::STEP_ID));
    let retries = reader.optional(v::REQUEST_MAX_RETRY).and_then(|text| leading_digits(&text));
    Some(StorageSettings {
        uri: reader.url(v::OBJECT_STORAGE_URI, HTTP),
        token: reader.optional(v::OBJECT_STORAGE_TOKEN).unwrap_or_default().into(),
        timeout: Duration::from_millis(timeout),
        retries: usize::try_from(in_range(retries, 0..=4, 2)).unwrap_or(2),
        request_id,
    })
}

/// A value that is in `range`, else `default`.
pub(super) fn in_range(value: Option<u64>, range: RangeInclusive<u64>, default: u64) -> u64 {
    value.filter(|value| range.contains(value)).unwrap_or(default)
}

fn input_format(reader: &mut Reader<'_>) -> InputFormat {
    match reader.text(v::INPUT_FORMAT).as_str() {
        "default" => InputFormat::Message,
        "error" => InputFormat::Error,
        _ => {
            reader.problem(v::INPUT_FORMAT, "must be `default` or `error`");
            InputFormat::Message
        }
    }
}

/// A variable that is set but empty is sent too.
fn additional_headers(source: &Source) -> Vec<(String, String)> {
    source.additional().filter_map(|name| Some((header_name(name), source.given(name)?.to_owned()))).collect()
}
