//! The broker's limit on the size of a message, as far as it is known.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lapin::Confirmation;

use super::{PublishError, publish_error::size_limit};

/// The largest message that the broker takes, once it has refused one.
#[derive(Clone, Debug)]
pub(super) struct MaxMessageSize(Arc<AtomicUsize>);

impl Default for MaxMessageSize {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl MaxMessageSize {
    /// Refuses what the broker would refuse.
    pub(super) fn allow(&self, size: usize) -> Result<(), PublishError> {
        let limit = self.0.load(Ordering::Relaxed);
        if size > limit { Err(PublishError::TooLarge { size, limit }) } else { Ok(()) }
    }

    pub(super) fn learn(&self, confirmed: &[Result<Confirmation, lapin::Error>]) {
        for limit in confirmed.iter().filter_map(|outcome| size_limit(outcome.as_ref().err()?)) {
            self.0.store(limit, Ordering::Relaxed);
        }
    }
}
