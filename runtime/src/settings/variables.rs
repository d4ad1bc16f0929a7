//! Every variable that the runtime reads, with its default and meaning: the one list that the readers use, and that a
//! test compares with `docs/configuration.md`.

/// One variable of the environment (or key of the settings file).
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value when it is unset.
    pub default: Unset,
    /// What it means, with its unit and bounds.
    pub meaning: &'static str,
}

/// The value of a variable when it is unset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// No default: the program does not start without it.
    Required,
    /// No value: the feature is off.
    None,
    /// A whole number above 0.
    Count(u64),
    /// A whole number between the two, which is also the value when it is not between them.
    Within {
        /// The value otherwise.
        default: u64,
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// No value, and a whole number above 0 otherwise.
    NoCount,
    /// No value, and a whole number between the two otherwise.
    NoneOrWithin {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
        /// The value when it is set and not between them.
        otherwise: u64,
    },
    /// No limit.
    Unlimited,
    /// A yes or no.
    Flag(bool),
    /// A text.
    Text(&'static str),
}

impl std::fmt::Display for Unset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::None | Self::NoCount | Self::NoneOrWithin { .. } => f.write_str("none"),
            Self::Count(count) | Self::Within { default: count, .. } => write!(f, "`{count}`"),
            Self::Unlimited => f.write_str("unlimited"),
            Self::Flag(flag) => write!(f, "`{flag}`"),
            Self::Text(text) => write!(f, "`{text}`"),
        }
    }
}

/// Declares constants of type [`Variable`] and `ALL`, the list of them in the order of the documentation.
#[macro_export]
macro_rules! variables {
    ($($name:ident = $text:literal, $default:expr, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: $crate::settings::Variable =
                $crate::settings::Variable { name: $text, default: $default, meaning: $meaning };
        )*

        /// All of them, in the order of the documentation.
        pub const ALL: &[$crate::settings::Variable] = &[$($name),*];
    };
}

use Unset::{Count, Flag, NoCount, None, Required, Text, Unlimited, Within};

variables! {
    FLOW_ID = "ELASTICIO_FLOW_ID", Required, "The flow that this step belongs to.";
    EXEC_ID = "ELASTICIO_EXEC_ID", Required, "The flow's execution.";
    STEP_ID = "ELASTICIO_STEP_ID", Required, "The step that this process runs.";
    CONTAINER_ID = "ELASTICIO_CONTAINER_ID", Required, "The container.";
    WORKSPACE_ID = "ELASTICIO_WORKSPACE_ID", Required, "The workspace; secrets are read from it.";
    USER_ID = "ELASTICIO_USER_ID", Required, "The flow's owner.";
    COMP_ID = "ELASTICIO_COMP_ID", Required, "The component.";
    FUNCTION = "ELASTICIO_FUNCTION", Required, "The action or trigger to run, by its key in component.json.";
    API_URI = "ELASTICIO_API_URI", Required, "The platform's REST API.";
    API_USERNAME = "ELASTICIO_API_USERNAME", Required, "User of the platform's REST API.";
    API_KEY = "ELASTICIO_API_KEY", Required, "Key of the platform's REST API (a secret).";
    AMQP_URI = "ELASTICIO_AMQP_URI", Required, "The broker, `amqp://` or `amqps://`; several addresses of a cluster are comma-separated ([operations](operations.md#a-cluster-of-brokers)). A bare `/` at the end is the vhost `/`. May hold a password, and options such as `?cacertfile=` (protocol, section 16.23).";
    LISTEN_MESSAGES_ON = "ELASTICIO_LISTEN_MESSAGES_ON", Required, "The queue to take messages from.";
    PUBLISH_MESSAGES_TO = "ELASTICIO_PUBLISH_MESSAGES_TO", Required, "The exchange that results and errors go to.";
    DATA_ROUTING_KEY = "ELASTICIO_DATA_ROUTING_KEY", Required, "Routing key of results.";
    ERROR_ROUTING_KEY = "ELASTICIO_ERROR_ROUTING_KEY", Required, "Routing key of errors.";
    REBOUND_ROUTING_KEY = "ELASTICIO_REBOUND_ROUTING_KEY", Required, "Routing key of rebounds.";
    SNAPSHOT_ROUTING_KEY = "ELASTICIO_SNAPSHOT_ROUTING_KEY", Required, "Routing key of snapshots.";
    MESSAGE_CRYPTO_IV = "ELASTICIO_MESSAGE_CRYPTO_IV", Required, "Initialisation vector of the messages' cipher, 16 bytes.";
    MESSAGE_CRYPTO_PASSWORD = "ELASTICIO_MESSAGE_CRYPTO_PASSWORD", Required, "Password of the messages' cipher (a secret).";
    PREFETCH = "ELASTICIO_RABBITMQ_PREFETCH_SAILOR", Count(1), "Messages processed concurrently, 1 to 65535.";
    REBOUND_INITIAL_EXPIRATION = "ELASTICIO_REBOUND_INITIAL_EXPIRATION", Count(15_000), "Milliseconds until a message comes again after its first rebound; doubles with every rebound.";
    REBOUND_LIMIT = "ELASTICIO_REBOUND_LIMIT", Count(20), "How often a message is rebounded before it fails.";
    API_REQUEST_RETRY_ATTEMPTS = "ELASTICIO_API_REQUEST_RETRY_ATTEMPTS", Count(3), "Attempts per call to the platform's REST API.";
    API_REQUEST_RETRY_DELAY = "ELASTICIO_API_REQUEST_RETRY_DELAY", Count(100), "Milliseconds between those attempts.";
    DATA_RATE_LIMIT = "ELASTICIO_DATA_RATE_LIMIT", Count(10), "The most results per interval; others wait.";
    ERROR_RATE_LIMIT = "ELASTICIO_ERROR_RATE_LIMIT", Count(2), "The most errors per interval; others wait.";
    SNAPSHOT_RATE_LIMIT = "ELASTICIO_SNAPSHOT_RATE_LIMIT", Count(2), "The most snapshots per interval; others wait.";
    RATE_INTERVAL = "ELASTICIO_RATE_INTERVAL", Count(100), "The interval of the rate limits in milliseconds (a sliding window).";
    PROCESS_AMQP_DRAIN = "ELASTICIO_PROCESS_AMQP_DRAIN", Flag(true), "Accepted for compatibility: every emit waits for the broker's confirm, so the socket's buffer is bounded either way.";
    AMQP_PUBLISH_RETRY_DELAY = "ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", Count(100), "Milliseconds until a failed publish is retried; doubles with every retry.";
    AMQP_PUBLISH_MAX_RETRY_DELAY = "ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY", Count(300_000), "Upper bound of that delay in milliseconds.";
    AMQP_PUBLISH_RETRY_ATTEMPTS = "ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", Unlimited, "Attempts per publish before the emit fails; errors and rebounds are retried until they are published.";
    AMQP_PERSISTENT_MESSAGES = "ELASTICIO_AMQP_PERSISTENT_MESSAGES", Flag(false), "Delivery mode 2 instead of 1.";
    OUTGOING_MESSAGE_SIZE_LIMIT = "ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", Count(10_485_760), "Bytes of the largest encoded payload; a larger result is an error, and so is a larger snapshot of the step.";
    MEMORY_BUDGET = "ELASTICIO_MEMORY_BUDGET", NoCount, "Bytes of memory that large bodies may take together; the others wait, and what never fits is an error. Unset: the container's memory limit less what the process needs besides; without a limit, as if it were 256 MiB, but nothing is refused.";
    NO_SELF_PASSTHROUGH = "ELASTICIO_NO_SELF_PASSTRHOUGH", Flag(false), "Passthrough carries the incoming message instead of the outgoing one (the platform's spelling).";
    PROTOCOL_VERSION = "ELASTICIO_PROTOCOL_VERSION", Count(1), "Encoding of results: 1 base64, 2 raw.";
    NO_ERROR_REPLIES = "ELASTICIO_NO_ERROR_REPLIES", Flag(false), "Do not send a copy of an error to a sender that waits for a reply.";
    INPUT_FORMAT = "ELASTICIO_INPUT_FORMAT", Text("default"), "`default`, or `error` when the step is an error handler.";
    OBJECT_STORAGE_URI = "ELASTICIO_OBJECT_STORAGE_URI", None, "The platform's object storage.";
    OBJECT_STORAGE_TOKEN = "ELASTICIO_OBJECT_STORAGE_TOKEN", None, "Bearer token of the object storage (a secret).";
    OBJECT_STORAGE_SIZE_THRESHOLD = "ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", Count(1_048_576), "Total bytes of a result's bodies above which they go to object storage.";
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT", Within { default: 10_000, min: 500, max: 20_000 }, "Milliseconds that one call to the object storage may take, 500 to 20000; out of range: 10000.";
    REQUEST_MAX_RETRY = "REQUEST_MAX_RETRY", Within { default: 2, min: 0, max: 4 }, "Retries of a call to the object storage on 5xx and network errors, 0 to 4; out of range: 2.";
    EMIT_LIGHTWEIGHT_MESSAGE = "ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", Flag(false), "The bodies of large results go to object storage.";
    AMQP_RECONNECT_ATTEMPTS = "ELASTICIO_AMQP_RECONNECT_ATTEMPTS", Count(3), "Further attempts to reach the broker at start.";
    AMQP_RECONNECT_TIMEOUT = "ELASTICIO_AMQP_RECONNECT_TIMEOUT", Count(100), "Milliseconds between those attempts.";
    STARTUP_REQUIRED = "ELASTICIO_STARTUP_REQUIRED", Flag(false), "Run the startup hook.";
    HOOK_SHUTDOWN = "ELASTICIO_HOOK_SHUTDOWN", Flag(false), "Run the shutdown hook instead of the worker.";
    FLOW_TYPE = "ELASTICIO_FLOW_TYPE", None, "How the platform runs the flow: `ordinary`, `long_running`, or `debug` for a sample (protocol, section 14.4). Any other text means `ordinary`.";
    FLOW_WEBHOOK_URI = "ELASTICIO_FLOW_WEBHOOK_URI", None, "The address whose calls become messages of this step; the startup hook of a webhook trigger registers it. Read only when a hook runs.";
    ADDITIONAL_VARS_FOR_HEADERS = "ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", None, "Comma-separated names of variables that go into the AMQP headers of every outgoing message; one that holds a secret is refused.";
    COMPONENT_PATH = "ELASTICIO_COMPONENT_PATH", Text(""), "Accepted for compatibility: component.json is part of the program.";
    COMP_NAME = "ELASTICIO_COMP_NAME", None, "The component's name on the platform, for log lines.";
    CONTRACT_ID = "ELASTICIO_CONTRACT_ID", None, "The contract, for log lines.";
    EXEC_TYPE = "ELASTICIO_EXEC_TYPE", None, "The execution's type, for log lines.";
    EXECUTION_RESULT_ID = "ELASTICIO_EXECUTION_RESULT_ID", None, "The execution's result, for log lines.";
    FLOW_VERSION = "ELASTICIO_FLOW_VERSION", None, "The flow's version, for log lines.";
    TASK_USER_EMAIL = "ELASTICIO_TASK_USER_EMAIL", None, "The address of the flow's owner, for log lines.";
    TENANT_ID = "ELASTICIO_TENANT_ID", None, "The tenant, for log lines.";
    HOSTNAME = "HOSTNAME", None, "Name of the connections at the broker: `HOSTNAME-read`, `HOSTNAME-write`; the component's name when unset. Log lines carry it.";
    LOG_LEVEL = "LOG_LEVEL", Text("info"), "`trace`, `debug`, `info`, `warn`, `error` or `fatal`.";
    LOG_FORMAT = "LOG_FORMAT", Text("auto"), "`json`, `text`, or `auto`: text on a terminal, else JSON.";
    NO_COLOR = "NO_COLOR", None, "Any value: text logs have no colours on a terminal.";
    TERM = "TERM", None, "`dumb`: the same.";
    NODE_EXTRA_CA_CERTS = "NODE_EXTRA_CA_CERTS", None, "A PEM file with certificates to trust besides the machine's, for HTTP and AMQP. A file that cannot be read is a warning.";
    OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", None, "Where traces are exported to, by OTLP over HTTP; off when unset. The other standard `OTEL_` variables hold too, if they are in the environment.";
    OTLP_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None, "The same for traces alone, with the whole path.";
    OTLP_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL", None, "`http/protobuf`, the only one that is supported.";
    OTEL_SERVICE_NAME = "OTEL_SERVICE_NAME", None, "The name of the service in traces; the component's name when unset.";
    POST_RESULT_URL = "ELASTICIO_POST_RESULT_URL", None, "`service`: where the result is posted; may carry user and password.";
    CFG = "ELASTICIO_CFG", None, "`service`: the config with the credential, as JSON (holds secrets).";
    ACTION_OR_TRIGGER = "ELASTICIO_ACTION_OR_TRIGGER", None, "`service`: the action or trigger that the call is about.";
    GET_MODEL_METHOD = "ELASTICIO_GET_MODEL_METHOD", None, "`service selectModel`: the method that returns the choices.";
}

/// The variables that every log line carries, if they are set (protocol, section 13.8).
pub const IN_LOG_LINES: [Variable; 16] = [
    API_USERNAME,
    COMP_ID,
    COMP_NAME,
    CONTAINER_ID,
    CONTRACT_ID,
    EXEC_ID,
    EXEC_TYPE,
    EXECUTION_RESULT_ID,
    FLOW_ID,
    FLOW_VERSION,
    FUNCTION,
    STEP_ID,
    TASK_USER_EMAIL,
    TENANT_ID,
    USER_ID,
    WORKSPACE_ID,
];
