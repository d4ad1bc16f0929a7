//! The hosts that a scenario refers to.

/// The `host:port` of Podio and of the host that must not receive a token.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    pub(crate) podio: String,
    pub(crate) evil: String,
}

impl Hosts {
    /// Replaces `{{podio}}` and `{{evil}}` in the text of a file.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        text.replace("{{podio}}", &self.podio).replace("{{evil}}", &self.evil)
    }
}
