use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::{
    super::{claim, within},
    *,
};

const KIB: usize = 1024;
/// A pool of 100 KiB and a lane of 200 KiB.
const SETTINGS: MemorySettings = MemorySettings { budget: 300 * KIB, enforced: true, uncounted: KIB };

fn budget(enforced: bool) -> Arc<Budget> {
    Arc::new(Budget::new(MemorySettings { enforced, ..SETTINGS }))
}

#[tokio::test(start_paused = true)]
async fn what_is_small_is_not_counted() {
    let budget = budget(true);
    within(&budget, async {
        let _small = claim(KIB).await.expect("granted");
        assert_eq!(budget.in_use(), 0);
        let large = claim(KIB + 1).await.expect("granted");
        assert_eq!(budget.in_use(), 2 * KIB);
        let more = claim(150 * KIB).await.expect("granted");
        assert_eq!(budget.in_use(), 202 * KIB, "the lane, beside what it has of the pool");
        drop(more);
        assert_eq!(budget.in_use(), 2 * KIB);
        drop(large);
        assert_eq!(budget.in_use(), 0);
    })
    .await;
    assert!(claim(1 << 40).await.is_ok(), "outside of a message nothing is counted");
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_at_once() {
    within(&budget(true), async {
        let error = claim(301 * KIB).await.expect_err("too large");
        assert_eq!(error, NoMemory::TooLarge { needed: 301 * KIB, budget: 300 * KIB });
        let _part = claim(200 * KIB).await.expect("granted");
        let error = claim(200 * KIB).await.expect_err("too large");
        assert_eq!(error, NoMemory::TooLarge { needed: 400 * KIB, budget: 300 * KIB });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_what_is_too_large_is_alone() {
    let budget = budget(false);
    let other = async {
        sleep(Duration::from_millis(1)).await;
        let begin = Instant::now();
        let _claim = within(&budget, claim(2 * KIB)).await.expect("granted");
        assert_eq!(begin.elapsed(), Duration::from_millis(99));
    };
    let large = within(&budget, async {
        let first = claim(400 * KIB).await.expect("granted");
        let second = claim(400 * KIB).await.expect("granted");
        sleep(Duration::from_millis(100)).await;
        drop((first, second));
    });
    tokio::join!(large, other);
    assert_eq!(budget.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_bounded() {
    let budget = budget(true);
    let _all = within(&budget, claim(300 * KIB)).await.expect("granted");
    let begin = Instant::now();
    assert_eq!(within(&budget, claim(2 * KIB)).await.expect_err("taken"), NoMemory::Waited);
    assert_eq!(begin.elapsed(), MAX_WAIT);
}

/// What one message claims, one after the other, in KiB.
fn messages() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let one = prop_oneof![
        3 => proptest::collection::vec(2usize..40, 1..4),
        1 => proptest::collection::vec(2usize..65, 1..4),
        1 => (101usize..300).prop_map(|first| vec![first]),
    ];
    proptest::collection::vec(one, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Messages that keep what they have while they wait for more: all of them end, and together they never have more
    /// than there is.
    #[test]
    fn nobody_waits_for_ever(messages in messages()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let budget = budget(true);
        let taken = AtomicUsize::new(0);
        let one = |claims: Vec<usize>| within(&budget, {
            let (taken, budget) = (&taken, &budget);
            async move {
                let mut kept = Vec::new();
                let sum = claims.iter().sum::<usize>() * KIB;
                for kib in claims {
                    kept.push(claim(kib * KIB).await.expect("it fits"));
                    let now = taken.fetch_add(kib * KIB, Ordering::Relaxed) + kib * KIB;
                    assert!(now <= budget.size(), "{now} bytes are taken");
                    assert!(now <= budget.in_use());
                    sleep(Duration::from_millis(7)).await;
                }
                taken.fetch_sub(sum, Ordering::Relaxed);
            }
        });
        runtime.block_on(futures_util::future::join_all(messages.into_iter().map(one)));
        prop_assert_eq!(budget.in_use(), 0);
    }

    /// Messages that give up at any moment, while they wait or hold: they leave nothing behind, and the others still end.
    #[test]
    fn who_gives_up_leaves_nothing(messages in messages(), patience in proptest::collection::vec(0u64..60, 30), pace in 1u64..10) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let budget = budget(true);
        let one = |(claims, patience): (Vec<usize>, u64)| within(&budget, {
            let budget = &budget;
            async move {
                let work = async {
                    let mut kept = Vec::new();
                    for kib in claims {
                        kept.push(claim(kib * KIB).await.expect("it fits"));
                        assert!(budget.in_use() <= budget.size());
                        sleep(Duration::from_millis(pace)).await;
                    }
                };
                // A third never gives up.
                let patience = if patience % 3 == 0 { MAX_WAIT } else { Duration::from_millis(patience) };
                let _ = timeout(patience, work).await;
            }
        });
        let begin = runtime.block_on(async {
            let begin = Instant::now();
            futures_util::future::join_all(messages.into_iter().zip(patience).map(one)).await;
            begin.elapsed()
        });
        prop_assert!(begin < MAX_WAIT, "somebody waited for as long as is allowed");
        prop_assert_eq!(budget.in_use(), 0);
    }
}
