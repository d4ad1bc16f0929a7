//! The results of a list, emitted as the step's Emit Behavior says.

use elasticio_runtime::{
    action::{Emitter, Failure, Interruption},
    platform::{json::RawText, message::Outgoing},
};

use super::EmitBehavior;

/// The most bytes of the results that are collected for one message: the platform's usual limit of a message.
pub(crate) const MAX_COLLECTED: usize = 10 * 1024 * 1024;

/// Takes the results of a list page by page, and emits them.
pub(crate) struct Results<'a> {
    behavior: EmitBehavior,
    emitter: &'a dyn Emitter,
    /// The results that go into one message in the end.
    collected: Collected,
    /// Whether more than one message holds is emitted in several; an error otherwise.
    splits: bool,
}

impl<'a> Results<'a> {
    /// The results of a lookup: `emitAll` means one message in any case, without results too.
    pub(crate) fn new(behavior: EmitBehavior, emitter: &'a dyn Emitter) -> Self {
        Self { behavior, emitter, collected: Collected::default(), splits: false }
    }

    /// The results of a poll: no results, no message; and what fills a message is emitted as one, since the poll could be
    /// repeated for ever without becoming smaller.
    pub(crate) fn of_poll(behavior: EmitBehavior, emitter: &'a dyn Emitter) -> Self {
        Self { splits: true, ..Self::new(behavior, emitter) }
    }

    /// Takes a page of results, each as compact JSON; returns whether all that was taken is emitted. A page without any is
    /// not emitted.
    ///
    /// # Errors
    /// If a lookup's results are too many for one message.
    pub(crate) async fn page(&mut self, items: Vec<Vec<u8>>) -> Result<bool, Interruption> {
        match self.behavior {
            EmitBehavior::All => {
                self.collected.extend(&items);
                self.within_limit().await
            }
            EmitBehavior::Page => {
                let mut page = Collected::default();
                page.extend(&items);
                if !page.is_empty() {
                    self.emit(page).await?;
                }
                Ok(true)
            }
            EmitBehavior::Individually => {
                for item in items {
                    self.emitter.data(Outgoing::new(RawText(item))).await?;
                }
                Ok(true)
            }
        }
    }

    /// Emits what was collected; returns whether anything was emitted.
    pub(crate) async fn end(mut self) -> Result<bool, Interruption> {
        let is_due = self.behavior == EmitBehavior::All && !(self.splits && self.collected.is_empty());
        if is_due {
            let rest = std::mem::take(&mut self.collected);
            self.emit(rest).await?;
        }
        Ok(is_due)
    }

    async fn within_limit(&mut self) -> Result<bool, Interruption> {
        let size = self.collected.json.len();
        if self.splits && size > MAX_COLLECTED / 2 {
            let full = std::mem::take(&mut self.collected);
            return self.emit(full).await.map(|()| true);
        }
        if !self.splits && size > MAX_COLLECTED {
            return Err(Failure::new(format!(
                "The results have more than {MAX_COLLECTED} bytes together, too many for one message, and none was \
                 emitted. Set the step's Emit Behavior to \"Emit page\" or \"Emit individually\", or ask for fewer."
            ))
            .into());
        }
        Ok(false)
    }

    async fn emit(&self, results: Collected) -> Result<(), Interruption> {
        self.emitter.data(Outgoing::new(results.into_message())).await
    }
}

/// Results for one message, with commas between them.
#[derive(Default)]
struct Collected {
    json: Vec<u8>,
}

impl Collected {
    fn extend(&mut self, items: &[Vec<u8>]) {
        for item in items {
            self.json.extend_from_slice(if self.json.is_empty() { OPENING } else { b"," });
            self.json.extend_from_slice(item);
        }
    }

    fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// `{"results": […]}`.
    fn into_message(mut self) -> RawText {
        if self.json.is_empty() {
            self.json.extend_from_slice(OPENING);
        }
        self.json.extend_from_slice(b"]}");
        RawText(self.json)
    }
}

/// How a message with results begins.
const OPENING: &[u8] = b"{\"results\":[";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_go_into_one_list() {
        let mut collected = Collected::default();
        assert_eq!(Collected::default().into_message().0, b"{\"results\":[]}");
        collected.extend(&[b"{\"a\":1}".to_vec(), b"2".to_vec()]);
        collected.extend(&[]);
        collected.extend(&[b"3".to_vec()]);
        assert_eq!(String::from_utf8_lossy(&collected.into_message().0), "{\"results\":[{\"a\":1},2,3]}");
    }
}
