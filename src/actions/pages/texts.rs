//! What errors of a walk say: at which page it ended, and what was emitted before it.

use elasticio_runtime::action::{Failure, Interruption};

use super::Walk;

impl Walk {
    pub(super) fn too_many(&self) -> Failure {
        let (pages, offset, setting) = (self.pages, self.offset, self.setting);
        Failure::new(if self.emits_at_end {
            format!("There are more than {pages} pages; nothing was emitted. Set {setting} to allow more.")
        } else {
            format!(
                "There are more than {pages} pages; the first {pages} were emitted. Set {setting} to allow more, or \
                 continue with \"offset\" {offset}."
            )
        })
    }

    /// Adds the number of the current page to an interruption. Once a page was emitted, a rebound becomes an error: the
    /// message would start over and emit the first pages again.
    pub(in crate::actions) fn interrupted(&self, interruption: Interruption) -> Interruption {
        match interruption {
            Interruption::Failed(failure) => {
                let page = self.page_name();
                let (message, log) = (format!("{page}: {}", failure.message()), format!("{page}: {failure}"));
                failure.with_texts(message, log).into()
            }
            Interruption::Rebound { reason, .. } if self.pages > 0 && !self.emits_at_end => {
                self.failure(&format!("{reason}.")).into()
            }
            other => other,
        }
    }

    /// The list does not page: going on would emit the same objects again.
    pub(super) fn disobeyed(&self, how: &str) -> Failure {
        self.failure(&format!(
            "{how}, so this list does not obey \"limit\" and \"offset\", and the page was not emitted. Send the request \
             without \"pagination\", and check whether the answer is the whole list."
        ))
    }

    pub(super) fn failure(&self, text: &str) -> Failure {
        Failure::new(format!("{}: {text}", self.page_name()))
    }

    fn page_name(&self) -> String {
        match self.pages {
            0 => "Page 1".to_owned(),
            pages if self.emits_at_end => {
                format!("Page {} (\"offset\" {}; nothing was emitted)", pages + 1, self.offset)
            }
            pages => format!("Page {} (\"offset\" {}; pages already emitted: {pages})", pages + 1, self.offset),
        }
    }
}
