//! What a test has told a proxy to do, as its connections see it.

use tokio::sync::watch;

use super::toxic::{Toxic, Way};

/// How connections are ended at once, whatever passes on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// Both sides see it close.
    Close,
    /// Both sides see it reset (RST).
    Reset,
    /// The server sees it close; the worker keeps a connection on which nothing comes any more.
    HalfOpen,
}

/// A toxic on the connections whose name contains `name`.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) way: Way,
    pub(super) toxic: Toxic,
    /// How many bytes met it: they were held or lost, or ended their connection.
    pub(super) met: watch::Sender<usize>,
}

/// The state that a test sets and every connection watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    pub(super) rules: Vec<Rule>,
    next_id: u64,
    /// How the connections of a name were ended, one after the other. Each is for the connections that were open then.
    pub(super) breaks: Vec<(String, Break)>,
    /// New connections are refused.
    pub(super) refusing: bool,
    /// New connections are accepted and not forwarded.
    pub(super) silent: bool,
}

impl Control {
    pub(super) fn add(&mut self, name: &str, way: Way, toxic: Toxic) -> Rule {
        self.next_id += 1;
        let rule = Rule { id: self.next_id, name: name.to_owned(), way, toxic, met: watch::Sender::new(0) };
        self.rules.push(rule.clone());
        rule
    }
}

/// Whether the first bytes of a connection, `head`, contain its `name`. Every connection has the empty name.
pub(super) fn is_named(head: &[u8], name: &str) -> bool {
    name.is_empty() || head.windows(name.len()).any(|bytes| bytes == name.as_bytes())
}
