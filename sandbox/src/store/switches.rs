//! The switches that a call which changes something has in its query.

/// `?hook=false&silent=true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switches {
    /// Whether hooks are called.
    pub(crate) hook: bool,
    /// Whether the change is not to count as an event of the object.
    pub(crate) silent: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { hook: true, silent: false }
    }
}
