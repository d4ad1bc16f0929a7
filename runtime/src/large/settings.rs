//! How large the budget is: from a setting, or from the container's limit less what the process needs besides.

use super::limit::container_limit;
use crate::settings::{Reader, variables as v};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The limit that is assumed without a container's: the size of the platform's containers. Then no message is refused
/// for its size; one that is larger than the budget is alone in it.
const ASSUMED_LIMIT: usize = 256 * MIB;
/// What the process takes without large bodies: program, connections and their buffers.
const BASE: usize = 24 * MIB;
/// What each message in progress takes besides its bodies, its HTTP connection included.
const EACH_MESSAGE: usize = 96 * KIB;
/// What bodies that are not counted may take together.
const UNCOUNTED: usize = 16 * MIB;
/// Bytes of the largest body that is not counted, if the prefetch allows it.
const LARGEST_UNCOUNTED: usize = 64 * KIB;
/// Copies of a body that there are at most: as it came, in the result, encrypted, in frames.
const COPIES: usize = 4;

/// The size of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemorySettings {
    /// Bytes that large bodies may take together.
    pub(crate) budget: usize,
    /// Whether what is larger than the budget is refused.
    pub(crate) enforced: bool,
    /// Bytes of the largest body that is not counted.
    pub(crate) uncounted: usize,
}

impl MemorySettings {
    /// Reads `ELASTICIO_MEMORY_BUDGET`; `prefetch` is the most messages in progress.
    pub(crate) fn read(reader: &Reader<'_>, prefetch: u16) -> Self {
        let given = reader.given_count(v::MEMORY_BUDGET);
        Self::of(given.map(saturated), container_limit().map(saturated), prefetch.into())
    }

    fn of(given: Option<usize>, limit: Option<usize>, prefetch: usize) -> Self {
        let whole = limit.unwrap_or(ASSUMED_LIMIT);
        let besides = BASE + UNCOUNTED + prefetch.saturating_mul(EACH_MESSAGE);
        Self {
            budget: given.unwrap_or_else(|| whole.saturating_sub(besides).max(whole / 4)),
            enforced: given.is_some() || limit.is_some(),
            uncounted: (UNCOUNTED / COPIES / prefetch.max(1)).min(LARGEST_UNCOUNTED),
        }
    }
}

fn saturated(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_leaves_room_for_the_rest_of_the_process() {
        let of = |given, limit, prefetch| {
            let settings = MemorySettings::of(given, limit, prefetch);
            (settings.budget / MIB, settings.enforced, settings.uncounted / KIB)
        };
        assert_eq!(of(None, Some(256 * MIB), 20), (214, true, 64));
        assert_eq!(of(None, Some(256 * MIB), 1000), (122, true, 4));
        assert_eq!(of(None, Some(64 * MIB), 1000), (16, true, 4), "never less than a quarter");
        assert_eq!(of(None, None, 1), (215, false, 64));
        assert_eq!(of(Some(100 * MIB), Some(256 * MIB), 1), (100, true, 64));
        assert_eq!(of(Some(100 * MIB), None, 1), (100, true, 64));
    }
}
