//! Redirects (protocol, section 8.8): at most five; the HTTP client drops the token when one leads to another host or
//! port. A change of scheme alone would keep it, so such a redirect is refused. A call that was redirected reached the
//! API, whatever becomes of it then.

use std::cell::Cell;

use reqwest::redirect::Policy;
use url::Url;

/// Redirects that are followed for one attempt.
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
    /// Whether a redirect was followed in the call that is under way. The HTTP client asks its policy within the
    /// call's own task, and an error does not tell whether it is the first address that it is about.
    static FOLLOWED: Cell<bool>;
}

/// Awaits a call; tells also whether a redirect was followed in it.
pub(super) async fn watched<T>(call: impl Future<Output = T>) -> (T, bool) {
    let watched = async { (call.await, FOLLOWED.with(Cell::get)) };
    FOLLOWED.scope(Cell::new(false), watched).await
}

/// The policy for the client that carries the token.
pub(super) fn policy() -> Policy {
    Policy::custom(|attempt| {
        if let Some(refusal) = refusal(attempt.previous(), attempt.url()) {
            return attempt.error(refusal);
        }
        // Outside of `watched` nobody asks.
        let _ = FOLLOWED.try_with(|followed| followed.set(true));
        attempt.follow()
    })
}

/// Whether the next redirect is refused; `previous` are the addresses so far, the first one asked for included.
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
    fn table() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let hops = |count: usize| vec![url("https://h/a"); count];
        assert_eq!(refusal(&hops(5), &url("https://h/b")), None);
        assert_eq!(refusal(&hops(6), &url("https://h/b")), Some(Refusal::TooMany));
        assert_eq!(refusal(&hops(1), &url("https://other/b")), None);
        assert_eq!(refusal(&hops(1), &url("http://h/b")), None, "another port: the token is dropped");
        assert_eq!(refusal(&hops(1), &url("http://h:443/b")), Some(Refusal::Scheme));
    }
}
