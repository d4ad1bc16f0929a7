//! Which actual value an expected one is compared with.

/// Whether expected and actual values are in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The first expected value belongs to the first actual one, and so on.
    Fixed,
    /// An expected value may belong to any actual one.
    Any,
}

/// Pairs expected with actual values. In any order, an expected value is first paired with an actual one for which `equal`
/// holds; only what remains is paired in order.
pub(crate) fn pair<'a, E, A>(
    expected: &'a [E],
    actual: &'a [A],
    order: Order,
    equal: impl Fn(&E, &A) -> bool,
) -> Vec<(Option<&'a E>, Option<&'a A>)> {
    let mut unmatched: Vec<&A> = actual.iter().collect();
    let mut leftover: Vec<&E> = Vec::new();
    let mut pairs = Vec::new();
    for wanted in expected {
        match unmatched.iter().position(|candidate| order == Order::Any && equal(wanted, candidate)) {
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
