//! The items of a poll, emitted as the step's Emit Behavior says. The caller learns when nothing waits any more, so that
//! the snapshot follows what is confirmed.

use elasticio_runtime::{
    action::{Emitter, Interruption},
    platform::{json::RawText, message::Outgoing},
};

use crate::podio::items::{
    EmitBehavior,
    emitted::{MAX_COLLECTED, write_results},
};

/// Takes the items of a poll page by page, and emits them.
pub(super) struct Emits<'a> {
    behavior: EmitBehavior,
    emitter: &'a dyn Emitter,
    /// The items that go into one message in the end.
    collected: Vec<Vec<u8>>,
}

impl<'a> Emits<'a> {
    pub(super) fn new(behavior: EmitBehavior, emitter: &'a dyn Emitter) -> Self {
        Self { behavior, emitter, collected: Vec::new() }
    }

    /// Takes a page of items, each as compact JSON; returns whether all that was taken is emitted.
    pub(super) async fn page(&mut self, items: Vec<Vec<u8>>) -> Result<bool, Interruption> {
        match self.behavior {
            EmitBehavior::All => {
                self.collected.extend(items);
                // More would not fit into one message, however often the poll is repeated.
                if self.collected.iter().map(Vec::len).sum::<usize>() > MAX_COLLECTED / 2 {
                    return self.flush().await;
                }
                Ok(false)
            }
            EmitBehavior::Page => self.list(&items).await.map(|()| true),
            EmitBehavior::Individually => {
                for item in items {
                    self.emitter.data(Outgoing::new(RawText(item))).await?;
                }
                Ok(true)
            }
        }
    }

    /// Emits what was collected; returns whether there was any.
    pub(super) async fn end(mut self) -> Result<bool, Interruption> {
        if self.collected.is_empty() { Ok(false) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<bool, Interruption> {
        let items = std::mem::take(&mut self.collected);
        self.list(&items).await.map(|()| true)
    }

    async fn list(&self, items: &[Vec<u8>]) -> Result<(), Interruption> {
        self.emitter.data(Outgoing::new(RawText(write_results(items)))).await
    }
}
