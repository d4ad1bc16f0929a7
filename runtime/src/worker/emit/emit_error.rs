//! Why an emit failed, and what becomes of its message then.

use super::republish::Unpublished;
use crate::{
    amqp::PublishError,
    dispatcher::{Failure, Interruption},
    large::NoMemory,
    platform::lightweight::LightweightError,
};

/// Why an emit failed.
#[derive(Debug)]
pub(in crate::worker) enum EmitError {
    /// The payload is larger than the platform accepts.
    TooLarge {
        /// Bytes of the payload.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// There is no memory to write it.
    NoMemory(NoMemory),
    /// Its bodies, or those that it carries, could not be stored.
    Unstored(LightweightError),
    /// The message has no `reply_to`: its sender does not wait for a reply.
    NoReplyTo,
    /// It did not reach a queue.
    Unpublished {
        /// The message's id.
        id: String,
        /// Why.
        reason: Unpublished,
    },
}

impl From<EmitError> for Interruption {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::TooLarge { size, limit } => {
                let text = format!("Outgoing message size {size} exceeds limit of {limit}.");
                let advice = "Request less data per message, or raise ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT";
                Failure::with_log(text.clone(), format!("{text} {advice}")).into()
            }
            EmitError::NoMemory(error) => {
                Failure::new(format!("The result is too large to be sent from here: {error}.")).into()
            }
            EmitError::Unstored(error) => error.into(),
            EmitError::NoReplyTo => {
                Failure::new("Component emitted 'httpReply' event but 'reply_to' was not found in AMQP headers").into()
            }
            EmitError::Unpublished { reason: Unpublished::Stopped(stopped), .. } => stopped.into(),
            EmitError::Unpublished { reason: Unpublished::Failed(error), .. } if error.is_final() => {
                let text = format!("{error}.");
                let advice = match error {
                    PublishError::TooLarge { .. } => " Ask for less at once, or raise max_message_size at the broker.",
                    PublishError::HeadersTooLarge { .. } => " Send fewer or shorter x-eio-meta-* headers.",
                    _ => "",
                };
                Failure::new(format!("The result cannot be published: {text}{advice}")).into()
            }
            EmitError::Unpublished { id, reason: Unpublished::Failed(error) } => {
                Failure::new(format!("Failed on publishing {id} message to MQ: {error}")).into()
            }
        }
    }
}

impl From<LightweightError> for Interruption {
    fn from(error: LightweightError) -> Self {
        Failure::with_log(error.to_string(), format!("{error}: {}", error.reason())).into()
    }
}

impl From<LightweightError> for EmitError {
    fn from(error: LightweightError) -> Self {
        Self::Unstored(error)
    }
}

impl From<NoMemory> for EmitError {
    fn from(error: NoMemory) -> Self {
        Self::NoMemory(error)
    }
}
