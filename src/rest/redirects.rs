//! Follows at most five redirects (protocol, section 8.8). The HTTP client drops the token if a redirect leads to another
//! host or port. It would keep the token if only the scheme changed, so such a redirect is refused.

use std::cell::Cell;

use reqwest::redirect::Policy;
use url::Url;

/// The number of redirects that one attempt follows.
const MAX_REDIRECTS: usize = 5;

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("it redirected more than {MAX_REDIRECTS} times; use the address that it finally leads to")]
    TooMany,
    #[error("it redirected to another scheme on the same port, where the token must not go")]
    Scheme,
}

tokio::task_local! {
    /// Whether the current call followed a redirect. A redirected call has reached the API, but the HTTP client's error
    /// does not say whether the first address or a later one failed. The client runs its policy in the call's task.
    static FOLLOWED: Cell<bool>;
}

/// Awaits a call; also returns whether it followed a redirect.
pub(super) async fn tracked<T>(call: impl Future<Output = T>) -> (T, bool) {
    let tracked = async { (call.await, FOLLOWED.with(Cell::get)) };
    FOLLOWED.scope(Cell::new(false), tracked).await
}

/// The policy of the client that sends the token.
pub(super) fn policy() -> Policy {
    Policy::custom(|attempt| {
        if let Some(refusal) = refusal(attempt.previous(), attempt.url()) {
            return attempt.error(refusal);
        }
        // Fails outside of `tracked`, where the value is not needed.
        let _ = FOLLOWED.try_with(|followed| followed.set(true));
        attempt.follow()
    })
}

/// Why a redirect to `next` is refused, if it is. `previous` has all addresses so far, including the first.
fn refusal(previous: &[Url], next: &Url) -> Option<Refusal> {
    let last = previous.last()?;
    let same_place = last.host_str() == next.host_str() && last.port_or_known_default() == next.port_or_known_default();
    if previous.len() > MAX_REDIRECTS {
        Some(Refusal::TooMany)
    } else if same_place && last.scheme() != next.scheme() {
        Some(Refusal::Scheme)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_and_a_change_of_scheme_are_refused() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let hops = |count: usize| vec![url("https://h/a"); count];
        assert_eq!(refusal(&hops(5), &url("https://h/b")), None);
        assert_eq!(refusal(&hops(6), &url("https://h/b")), Some(Refusal::TooMany));
        assert_eq!(refusal(&hops(1), &url("https://other/b")), None);
        assert_eq!(refusal(&hops(1), &url("http://h/b")), None, "another port: the token is dropped");
        assert_eq!(refusal(&hops(1), &url("http://h:443/b")), Some(Refusal::Scheme));
    }
}
