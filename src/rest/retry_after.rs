//! The wait that an answer asks for, in `Retry-After` (RFC 9110, section 10.2.3) or in its body. Pure.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest wait that an answer can ask for; a longer one is shortened to this.
pub(super) const MAX_REQUESTED_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that an answer asks for; the longest one if header lines and body differ.
pub(super) fn requested_wait(headers: &HeaderMap, in_body: Option<Duration>, now: SystemTime) -> Option<Duration> {
    let lines = headers.get_all(RETRY_AFTER).iter().filter_map(|line| line.to_str().ok());
    let in_headers = lines.filter_map(|line| in_line(line, now)).max();
    in_headers.max(in_body).map(|wait| wait.min(MAX_REQUESTED_WAIT))
}

/// The longest wait of a line. It should hold one, but proxies join lines with commas.
fn in_line(line: &str, now: SystemTime) -> Option<Duration> {
    let mut parts = line.split(',').map(str::trim).peekable();
    let mut longest = None;
    while let Some(part) = parts.next() {
        let wait = seconds(part).or_else(|| until(part, now)).or_else(|| {
            // Most dates have a comma of their own.
            let date = until(&format!("{part}, {}", parts.peek()?), now)?;
            parts.next();
            Some(date)
        });
        longest = longest.max(wait);
    }
    longest
}

/// A number of seconds. The standard allows whole ones only, but fractions are seen.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && digits(whole) && digits(fraction)).then(|| rounded_up(whole, fraction))
}

/// The time until a date; none is left if it has passed.
fn until(date: &str, now: SystemTime) -> Option<Duration> {
    Some(httpdate::parse_http_date(date).ok()?.duration_since(now).unwrap_or_default())
}

/// A number of seconds, given as the digits before and after its point, as whole seconds.
pub(crate) fn rounded_up(whole: &str, fraction: &str) -> Duration {
    let more = fraction.bytes().any(|digit| digit != b'0');
    Duration::from_secs(whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(more.into()))
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    const DAY: u64 = MAX_REQUESTED_WAIT.as_secs();

    #[test]
    fn the_longest_wait_counts() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        for (lines, body, want) in [
            (&[][..], None, None),
            (&[], Some(300), Some(300)),
            (&["7"], None, Some(7)),
            (&["7"], Some(300), Some(300)),
            (&["900"], Some(300), Some(900)),
            (&["2.5"], None, Some(3)),
            (&["2.0"], None, Some(2)),
            (&[" 2 "], None, Some(2)),
            (&["2, 2"], None, Some(2)),
            (&["2,5"], None, Some(5)),
            (&["1", "7", "soon"], None, Some(7)),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], None, Some(60)),
            (&["Sunday, 06-Nov-94 08:50:37 GMT"], None, Some(60)),
            (&["Sun Nov  6 08:50:37 1994"], None, Some(60)),
            (&["Sun, 06 Nov 1994 08:50:37 GMT, 90, Sun, 06 Nov 1994 08:49:38 GMT"], None, Some(90)),
            (&["9, Sun, 06 Nov 1994 08:50:37 GMT"], None, Some(60)),
            (&["Sun, 06 Nov 1994 08:00:00 GMT"], None, Some(0)),
            (&["Sat, 06 Nov 2094 08:00:00 GMT"], None, Some(DAY)),
            (&["soon"], Some(1), Some(1)),
            (&["", "-5", "1e3", "2.x", "."], None, None),
            (&["999999999"], None, Some(DAY)),
            (&["99999999999999999999"], None, Some(DAY)),
            (&["99999999999999999999.5"], None, Some(DAY)),
        ] {
            let lines = lines.iter().map(|line| (RETRY_AFTER, HeaderValue::from_static(line)));
            let headers = lines.fold(HeaderMap::new(), |mut headers, (name, line)| {
                headers.append(name, line);
                headers
            });
            let wait = requested_wait(&headers, body.map(Duration::from_secs), now).map(|wait| wait.as_secs());
            assert_eq!(wait, want, "{headers:?} {body:?}");
        }
    }
}
