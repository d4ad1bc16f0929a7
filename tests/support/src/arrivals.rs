//! What arrives one after another (log lines, AMQP messages), in order, with a bounded wait for more.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio::time::timeout;

/// A shared list that only grows. Clones see the same list.
#[derive(Debug)]
pub struct Arrivals<T> {
    list: Arc<watch::Sender<Vec<T>>>,
}

impl<T> Clone for Arrivals<T> {
    fn clone(&self) -> Self {
        Self { list: Arc::clone(&self.list) }
    }
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self { list: Arc::new(watch::Sender::new(Vec::new())) }
    }
}

impl<T: Clone> Arrivals<T> {
    /// Adds an item at the end.
    pub(crate) fn push(&self, item: T) {
        self.list.send_modify(|list| list.push(item));
    }

    /// All items so far.
    #[must_use]
    pub fn all(&self) -> Vec<T> {
        self.list.borrow().clone()
    }

    /// The number of items so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// Returns the list as soon as it satisfies `enough`; fails after `bound`, saying that `what` did not come.
    pub async fn wait_until(
        &self,
        what: &str,
        bound: Duration,
        mut enough: impl FnMut(&[T]) -> bool,
    ) -> Result<Vec<T>> {
        let mut watcher = self.list.subscribe();
        match timeout(bound, watcher.wait_for(|list| enough(list))).await {
            Ok(list) => Ok(list?.clone()),
            Err(_) => bail!("{what} did not come within {bound:?}; {} had come", self.count()),
        }
    }

    /// Returns the list as soon as it has `count` items; fails after `bound`, saying that `what` did not come.
    pub async fn wait_for(&self, count: usize, what: &str, bound: Duration) -> Result<Vec<T>> {
        self.wait_until(&format!("{count} {what}"), bound, |list| list.len() >= count).await
    }
}
