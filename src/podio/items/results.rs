//! The results of a list, emitted as the step's Emit Behavior says.

use elasticio_runtime::{
    action::{Emitter, Failure, Interruption},
    platform::{json::RawText, message::Outgoing},
};

use crate::podio::items::{
    EmitBehavior,
    emitted::{MAX_COLLECTED, write_results},
};

/// Takes the results of a list page by page, and emits them.
pub(super) struct Results<'a> {
    behavior: EmitBehavior,
    emitter: &'a dyn Emitter,
    /// The results that go into one message in the end.
    collected: Vec<Vec<u8>>,
}

impl<'a> Results<'a> {
    pub(super) fn new(behavior: EmitBehavior, emitter: &'a dyn Emitter) -> Self {
        Self { behavior, emitter, collected: Vec::new() }
    }

    /// Takes a page of results, each as compact JSON. A page without any is not emitted.
    pub(super) async fn page(&mut self, items: Vec<Vec<u8>>) -> Result<(), Interruption> {
        match self.behavior {
            EmitBehavior::All => {
                self.collected.extend(items);
                if self.collected.iter().map(Vec::len).sum::<usize>() > MAX_COLLECTED {
                    return Err(Failure::new(format!(
                        "The results have more than {MAX_COLLECTED} bytes together, too many for one message, and none was \
                         emitted. Set the step's Emit Behavior to \"Emit page\" or \"Emit individually\", or ask for \
                         fewer."
                    ))
                    .into());
                }
                Ok(())
            }
            EmitBehavior::Page if items.is_empty() => Ok(()),
            EmitBehavior::Page => self.emitter.data(Outgoing::new(RawText(write_results(&items)))).await,
            EmitBehavior::Individually => {
                for item in items {
                    self.emitter.data(Outgoing::new(RawText(item))).await?;
                }
                Ok(())
            }
        }
    }

    /// Emits what was collected.
    pub(super) async fn end(self) -> Result<(), Interruption> {
        match self.behavior {
            EmitBehavior::All => self.emitter.data(Outgoing::new(RawText(write_results(&self.collected)))).await,
            EmitBehavior::Page | EmitBehavior::Individually => Ok(()),
        }
    }
}
