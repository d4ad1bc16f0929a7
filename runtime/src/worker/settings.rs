//! All settings of the worker, assembled from those of its parts.

use std::time::Duration;

use super::{emit::EmitSettings, hooks::HookSettings};
use crate::{
    amqp::{BrokerSettings, ack_timeout},
    large::MemorySettings,
    platform::{
        api::ApiSettings, cipher::CipherSettings, flow_type::FlowType, identity::Identity,
        object_storage::StorageSettings,
    },
    settings::{Reader, variables as v},
};

/// What the body of an incoming message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputFormat {
    /// An encrypted message.
    Message,
    /// An error message: the step is a custom error handler.
    Error,
}

/// All settings of the worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerSettings {
    /// Who this process is.
    pub(crate) identity: Identity,
    /// The platform's REST API.
    pub(crate) api: ApiSettings,
    /// The broker.
    pub(crate) broker: BrokerSettings,
    /// The memory for large bodies.
    pub(crate) memory: MemorySettings,
    /// Key material.
    pub(crate) cipher: CipherSettings,
    /// How emits are published.
    pub(crate) emit: EmitSettings,
    /// Object storage, when the platform has one.
    pub(crate) storage: Option<StorageSettings>,
    /// `ELASTICIO_INPUT_FORMAT`
    pub(crate) input_format: InputFormat,
    /// `ELASTICIO_FLOW_TYPE`
    pub(crate) flow_type: FlowType,
    /// Those of the startup hook, with `ELASTICIO_STARTUP_REQUIRED`.
    pub(crate) startup: Option<HookSettings>,
}

impl WorkerSettings {
    /// Reads the settings of `run`; `component` is the component's name. The reader collects what is missing or
    /// malformed.
    pub(crate) fn read(reader: &mut Reader<'_>, component: &'static str) -> Self {
        let identity = Identity::read(reader);
        let api = ApiSettings::read(reader, &identity.workspace_id);
        reader.conceal(v::CFG); // The command `service` uses it.
        let broker = BrokerSettings::read(reader, component);
        Self {
            memory: MemorySettings::read(reader, broker.prefetch),
            api,
            broker,
            cipher: CipherSettings::read(reader),
            emit: EmitSettings::read(reader),
            storage: StorageSettings::read(reader),
            input_format: input_format(reader),
            flow_type: FlowType::read(reader),
            startup: reader.flag(v::STARTUP_REQUIRED).then(|| HookSettings::read(reader)),
            identity,
        }
    }

    /// Takes note of the component's `setting` that holds a message for at most `max`. Warns if a broker waits for less by
    /// default.
    pub(crate) fn bound_message_time(&mut self, setting: &'static str, max: Duration) {
        self.broker.message_time = Some(setting);
        if max >= ack_timeout::DEFAULT {
            tracing::warn!(
                setting,
                minutes = max.as_secs() / 60,
                "messages may be held for longer than the 30 minutes that RabbitMQ waits for an acknowledgement by \
                 default: set consumer_timeout at the broker to more than that, or lower the setting"
            );
        }
    }
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
