//! What an action emits into while it works on one message.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    outbox::{EmitFailure, Outbox, Source},
    publish::Unpublished,
};
use crate::{
    dispatcher::{Emitter, Failure, Interruption},
    platform::message::Outgoing,
};

/// Emits for one message.
pub(super) struct MessageEmitter<'a> {
    pub(super) outbox: &'a Outbox,
    pub(super) source: &'a Source<'a>,
    pub(super) stop: &'a CancellationToken,
}

impl Emitter for MessageEmitter<'_> {
    fn data(&self, message: Outgoing) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(async move { self.outbox.data(self.source, &message, self.stop).await.map_err(Interruption::from) })
    }
}

impl From<EmitFailure> for Interruption {
    fn from(failure: EmitFailure) -> Self {
        match failure {
            EmitFailure::TooLarge { size, limit } => Failure::new(format!(
                "Outgoing message size {size} exceeds limit of {limit}. Ask for less at once, or raise \
                 ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT."
            ))
            .into(),
            EmitFailure::Unpublished { reason: Unpublished::Stopped, .. } => Self::Stopped,
            EmitFailure::Unpublished { id, reason: Unpublished::Failed(error) } => {
                Failure::new(format!("Failed on publishing {id} message to MQ: {error}")).into()
            }
        }
    }
}
