//! Which headers every kind of emit carries (protocol, sections 4.2 to 4.12 and 6.6): the one page about them.

use std::borrow::Cow;

use super::{Incoming, Table, Value, new_id};
use crate::platform::{cipher::Encoding, identity::Identity};

/// The header of a message that is published again: the number of failed attempts.
pub const RETRY: &str = "retry";
/// Marks the copy of an error that goes to the sender that waits for a reply.
pub const ERROR_RESPONSE: &str = "x-eio-error-response";

/// When the processing of a message began and when its emit was sent, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When processing began.
    pub start: i64,
    /// When the emit was sent.
    pub end: i64,
}

/// What a snapshot emit does to the platform's copy of the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotEvent {
    /// It replaces the copy.
    Snapshot,
    /// Its top-level keys replace those of the copy.
    UpdateSnapshot,
}

impl SnapshotEvent {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::UpdateSnapshot => "updateSnapshot",
        }
    }
}

/// The headers of everything that a process emits.
#[derive(Clone, Debug)]
pub struct EmitHeaders {
    /// Those that are the same on every emit: the additional variables and the identity of the process.
    common: Table,
}

impl EmitHeaders {
    /// `additional`: the variables that `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS` names, as (header name, value).
    #[must_use]
    pub fn new(identity: &Identity, additional: &[(String, String)]) -> Self {
        let identity = [
            ("execId", &identity.exec_id),
            ("taskId", &identity.flow_id),
            ("workspaceId", &identity.workspace_id),
            ("containerId", &identity.container_id),
            ("userId", &identity.user_id),
            ("stepId", &identity.step_id),
            ("compId", &identity.comp_id),
            ("function", &identity.function),
        ];
        let additional = additional.iter().map(|(name, value)| (Cow::Owned(name.clone()), Value::text(value)));
        let identity = identity.into_iter().map(|(name, value)| (Cow::Borrowed(name), Value::text(value)));
        Self { common: additional.chain(identity).collect() }
    }

    /// The headers of a result; `id` is the emitted message's.
    #[must_use]
    pub fn data(&self, incoming: &Incoming, id: Value, times: Times, encoding: Encoding) -> Table {
        let mut table = self.of_message(incoming, id, times);
        table.push(("protocolVersion".into(), Value::I32(encoding.version())));
        table
    }

    /// The headers of a reply to an HTTP request, which is always in protocol version 1.
    #[must_use]
    pub fn http_reply(&self, incoming: &Incoming, id: Value, times: Times) -> Table {
        self.data(incoming, id, times, Encoding::Base64)
    }

    /// The headers of an error.
    #[must_use]
    pub fn error(&self, incoming: &Incoming, id: Value, times: Times) -> Table {
        self.of_message(incoming, id, times)
    }

    /// The headers of the copy of an error for a sender that waits for a reply.
    #[must_use]
    pub fn error_reply(&self, incoming: &Incoming, id: Value, times: Times) -> Table {
        let mut table = self.of_message(incoming, id, times);
        table.push((ERROR_RESPONSE.into(), Value::Bool(true)));
        table
    }

    /// The headers of a snapshot.
    #[must_use]
    pub fn snapshot(&self, incoming: &Incoming, id: Value, times: Times, event: SnapshotEvent) -> Table {
        let mut table = self.of_message(incoming, id, times);
        table.push(("snapshotEvent".into(), Value::text(event.name())));
        table
    }

    /// The headers of the error of a failed start, which does not belong to a message.
    #[must_use]
    pub fn startup_error(&self) -> Table {
        let mut table = self.common.clone();
        table.push(("messageId".into(), new_id()));
        table
    }

    fn of_message(&self, incoming: &Incoming, message_id: Value, times: Times) -> Table {
        let mut table = Table::with_capacity(self.common.len() + incoming.meta.len() + 8);
        for (name, value) in &incoming.meta {
            table.push((name.clone().into(), value.clone()));
        }
        table.extend(incoming.trace.iter().map(|(name, value)| ((*name).into(), value.clone())));
        table.extend(self.common.iter().cloned());
        if let Some(reply_to) = &incoming.reply_to {
            table.push(("reply_to".into(), reply_to.clone()));
        }
        if let Some(parent) = &incoming.message_id {
            table.push(("parentMessageId".into(), parent.clone()));
        }
        if let Some(thread) = &incoming.thread_id {
            table.push(("threadId".into(), thread.clone()));
        }
        table.push(("messageId".into(), message_id));
        table.push(("start".into(), Value::I64(times.start)));
        table.push(("end".into(), Value::I64(times.end)));
        table
    }
}

/// The headers of a rebound: those received, plus why, when and how often it was rebounded.
#[must_use]
pub fn rebound(received: &[(String, Value)], reason: &str, iteration: u64, end: i64) -> Table {
    let iteration = i64::try_from(iteration).unwrap_or(i64::MAX);
    let mut table: Table = received.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone())).collect();
    table.push(("end".into(), Value::I64(end)));
    table.push(("reboundReason".into(), Value::text(reason)));
    table.push(("reboundIteration".into(), Value::I64(iteration)));
    table
}
