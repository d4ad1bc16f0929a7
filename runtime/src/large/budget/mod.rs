//! The budget for the bytes of large bodies. It has two parts, the pool and the lane, so that messages which find out only
//! bit by bit how much they need never wait for one another in a circle:
//!
//! - From the pool, a message takes its first share, and more as long as there is more.
//! - A message that holds a share and finds no more in the pool waits for the lane, which one message has at a time. The
//!   message in the lane waits for nobody else, so it ends, and so does the next.
//! - A message whose first share is larger than the pool waits for all of the pool, then for the lane: it is alone.
//!
//! Both parts are given in the order in which they were asked for, so nobody starves.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::poll_immediate;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::MemorySettings;
use crate::telemetry::{WaitReason, waiting};

/// The longest wait for memory. A message that waits longer fails: the broker's acknowledgement time-out, half an hour by
/// default, would take it away.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// How long the message in the lane waits for memory beyond it, which those may hold who wait for the lane.
const MAX_LANE_WAIT: Duration = Duration::from_secs(5);
/// Bytes in which the budget counts.
const UNIT: usize = 1024;
/// The pool's part of the budget.
const POOL: (usize, usize) = (1, 3);

/// Why there is no memory for a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoMemory {
    /// It never fits.
    #[error(
        "it takes {needed} bytes of memory and {budget} are allowed (ELASTICIO_MEMORY_BUDGET, or the container's limit)"
    )]
    TooLarge {
        /// Bytes that its message needs at once.
        needed: usize,
        /// Bytes of the whole budget.
        budget: usize,
    },
    /// Others took the memory all the time.
    #[error(
        "other messages took the memory for too long; lower ELASTICIO_RABBITMQ_PREFETCH_SAILOR, or give the container more \
         memory"
    )]
    Waited,
}

/// Units of the pool that a message holds, and whether it is in the lane.
type Standing = (u32, bool);

/// The budget of one worker.
#[derive(Debug)]
pub(crate) struct Budget {
    pool: Arc<Semaphore>,
    pool_units: u32,
    lane: Arc<Semaphore>,
    lane_units: u32,
    enforced: bool,
    uncounted: usize,
}

/// What one message holds of the budget.
#[derive(Debug, Default)]
pub(super) struct Held {
    pool: Option<OwnedSemaphorePermit>,
    lane: Option<OwnedSemaphorePermit>,
}

impl Held {
    pub(super) fn standing(&self) -> Standing {
        let pool = self.pool.as_ref().map_or(0, |permit| u32::try_from(permit.num_permits()).unwrap_or(u32::MAX));
        (pool, self.lane.is_some())
    }

    pub(super) fn add(&mut self, more: Self) {
        match (&mut self.pool, more.pool) {
            (Some(pool), Some(more)) => pool.merge(more),
            (pool @ None, more) => *pool = more,
            (Some(_), None) => {}
        }
        self.lane = self.lane.take().or(more.lane);
    }

    /// Gives back what is more than `bytes` need: the lane first, for which others wait while they hold something.
    pub(super) fn reduce_to(&mut self, bytes: usize) {
        let (pool, _) = self.standing();
        let needed = units(bytes);
        if needed <= pool {
            self.lane = None;
            if let Some(permit) = &mut self.pool {
                drop(permit.split((pool - needed) as usize));
            }
        }
    }
}

impl Budget {
    pub(crate) fn new(settings: MemorySettings) -> Self {
        let all = units(settings.budget).max(2);
        let (part, whole) = POOL;
        let pool_units = u32::try_from(all as usize * part / whole).unwrap_or(all).max(1);
        Self {
            pool: Arc::new(Semaphore::new(pool_units as usize)),
            pool_units,
            lane: Arc::new(Semaphore::new(1)),
            lane_units: all - pool_units,
            enforced: settings.enforced,
            uncounted: settings.uncounted,
        }
    }

    /// Bytes of the largest body that is not counted.
    pub(super) fn uncounted(&self) -> usize {
        self.uncounted
    }

    /// Bytes that messages hold now.
    pub(crate) fn in_use(&self) -> usize {
        let pool = self.pool_units as usize - self.pool.available_permits();
        let lane = if self.lane.available_permits() == 0 { self.lane_units as usize } else { 0 };
        (pool + lane) * UNIT
    }

    /// Bytes of the whole budget.
    pub(crate) fn size(&self) -> usize {
        (self.pool_units as usize + self.lane_units as usize) * UNIT
    }

    /// Waits until a message that holds `held` may hold `wanted` bytes; returns what is to be added to it.
    pub(super) async fn grant(&self, held: Standing, wanted: usize) -> Result<Held, NoMemory> {
        let mut granted = pin!(timeout(MAX_WAIT, self.granted(held, wanted)));
        let at_once = poll_immediate(granted.as_mut()).await;
        let granted = match at_once {
            Some(granted) => granted,
            None => waiting(WaitReason::Memory, granted).await,
        };
        granted.map_err(|_| NoMemory::Waited)?
    }

    async fn granted(&self, (pool, lane): Standing, wanted: usize) -> Result<Held, NoMemory> {
        let missing = units(wanted).saturating_sub(pool + if lane { self.lane_units } else { 0 });
        let mut more = Held::default();
        if missing == 0 {
            return Ok(more);
        }
        if self.enforced && wanted > self.size() {
            return Err(NoMemory::TooLarge { needed: wanted, budget: self.size() });
        }
        more.pool = self.try_pool(missing);
        if more.pool.is_some() {
            return Ok(more);
        }
        if pool == 0 && !lane {
            // Nothing is held, so waiting for the pool stops nobody.
            if missing <= self.pool_units {
                more.lane = self.lane.clone().try_acquire_owned().ok().filter(|_| missing <= self.lane_units);
                if more.lane.is_none() {
                    more.pool = Some(self.wait_for_pool(missing).await);
                }
                return Ok(more);
            }
            more.pool = Some(self.wait_for_pool(self.pool_units).await);
        }
        if !lane {
            more.lane = Some(wait(&self.lane, 1).await);
        }
        let (added, _) = more.standing();
        let beyond = missing.saturating_sub(added + if lane { 0 } else { self.lane_units });
        if beyond > 0 && self.enforced {
            let beyond = timeout(MAX_LANE_WAIT, self.wait_for_pool(beyond)).await.map_err(|_| NoMemory::Waited)?;
            more.add(Held { pool: Some(beyond), lane: None });
        }
        Ok(more)
    }

    fn try_pool(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        self.pool.clone().try_acquire_many_owned(units).ok()
    }

    async fn wait_for_pool(&self, units: u32) -> OwnedSemaphorePermit {
        wait(&self.pool, units).await
    }
}

async fn wait(semaphore: &Arc<Semaphore>, permits: u32) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_many_owned(permits).await.expect("the semaphores of the budget are never closed")
}

/// The units that hold so many bytes.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(u32::MAX / 4)
}

#[cfg(test)]
mod tests;
