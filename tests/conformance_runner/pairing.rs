//! Which actual thing an expected one is to be compared with.

/// Pairs expected with actual things. With `in_order` the first goes with the first; else an actual one for which
/// `equal` holds is taken wherever it stands, and only what is left over is paired in order.
pub(crate) fn pair<'a, E, A>(
    expected: &'a [E],
    actual: &'a [A],
    in_order: bool,
    equal: impl Fn(&E, &A) -> bool,
) -> Vec<(Option<&'a E>, Option<&'a A>)> {
    let mut unmatched: Vec<&A> = actual.iter().collect();
    let mut leftover: Vec<&E> = Vec::new();
    let mut pairs = Vec::new();
    for wanted in expected {
        match unmatched.iter().position(|candidate| !in_order && equal(wanted, candidate)) {
            Some(index) => pairs.push((Some(wanted), Some(unmatched.remove(index)))),
            None => leftover.push(wanted),
        }
    }
    let mut leftover = leftover.into_iter();
    let mut unmatched = unmatched.into_iter();
    loop {
        match (leftover.next(), unmatched.next()) {
            (None, None) => return pairs,
            rest => pairs.push(rest),
        }
    }
}
