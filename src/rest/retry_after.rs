//! The wait that an answer asks for, in `Retry-After` (RFC 9110, section 10.2.3) or in its body. Pure.

use std::time::{Duration, SystemTime};

/// The longest wait that an answer can ask for; a longer one is shortened to this.
pub(super) const MAX_REQUESTED_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that an answer asks for; the longer one if header and body differ.
pub(super) fn requested_wait(
    retry_after: Option<&str>,
    in_body: Option<Duration>,
    now: SystemTime,
) -> Option<Duration> {
    let header = retry_after.and_then(|value| from_header(value, now));
    header.max(in_body).map(|wait| wait.min(MAX_REQUESTED_WAIT))
}

fn from_header(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_wait_counts() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let seconds = |header, body: Option<u64>| {
            requested_wait(header, body.map(Duration::from_secs), now).map(|wait| wait.as_secs())
        };
        for (header, body, want) in [
            (None, None, None),
            (None, Some(300), Some(300)),
            (Some("7"), None, Some(7)),
            (Some("7"), Some(300), Some(300)),
            (Some("900"), Some(300), Some(900)),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), None, Some(60)),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), None, Some(0)),
            (Some("soon"), Some(1), Some(1)),
            (Some("999999999"), None, Some(MAX_REQUESTED_WAIT.as_secs())),
        ] {
            assert_eq!(seconds(header, body), want, "{header:?} {body:?}");
        }
    }
}
