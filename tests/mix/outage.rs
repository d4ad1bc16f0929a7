//! How long results came slowly, or not at all.

/// The full rate shows over this time: results come in groups.
const WINDOW_SECONDS: f64 = 1.0;

/// Times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outage {
    /// The longest time below the full rate.
    pub(crate) slow: f64,
    /// The longest time without a result.
    pub(crate) silent: f64,
}

impl Outage {
    /// Of the times at which so many results were there; `rate` is the least that counts as the full rate. What no window
    /// covers at the end is left out.
    pub(crate) fn of(seen: &[(f64, u32)], rate: f64) -> Self {
        let mut full = vec![false; seen.len().saturating_sub(1)];
        let mut known = 0;
        for (begin, (at, results)) in seen.iter().enumerate() {
            let Some(end) = seen.iter().position(|(later, _)| later - at >= WINDOW_SECONDS) else { break };
            known = end;
            let (later, more) = seen[end];
            if f64::from(more - results) >= rate * (later - at) {
                full[begin..end].fill(true);
            }
        }
        let (mut outage, mut slow_since, mut silent_since) = (Self::default(), None, None);
        for (index, pair) in seen.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            let track = |since: &mut Option<f64>, goes_on: bool, longest: &mut f64| {
                let begin = *since.get_or_insert(from.0);
                *longest = longest.max(if goes_on { to.0 - begin } else { 0.0 });
                if !goes_on {
                    *since = None;
                }
            };
            if index < known {
                track(&mut slow_since, !full[index], &mut outage.slow);
            }
            track(&mut silent_since, from.1 == to.1, &mut outage.silent);
        }
        outage
    }
}

#[test]
fn an_outage_is_as_long_as_the_rate_is_low() {
    // Ten results a second, none from 3 s to 5 s, half as many until 7 s.
    let results = |tenth: u32| match tenth {
        0..=30 => tenth,
        31..=50 => 30,
        51..=70 => 30 + (tenth - 50) / 2,
        _ => tenth - 30,
    };
    let seen: Vec<(f64, u32)> = (0..=100).map(|tenth| (f64::from(tenth) / 10.0, results(tenth))).collect();
    let outage = Outage::of(&seen, 8.0);
    assert!((3.2..=4.0).contains(&outage.slow) && (1.9..=2.1).contains(&outage.silent), "{outage:?}");
    let calm = Outage::of(&seen[..30], 8.0);
    assert!(calm.slow < f64::EPSILON && calm.silent < f64::EPSILON, "{calm:?}");
    // Nobody looked from 1 s to 9 s.
    let gap: Vec<_> = seen.iter().copied().filter(|(at, _)| !(1.0..9.0).contains(at)).collect();
    assert!(Outage::of(&gap, 8.0).slow > 7.0);
}
