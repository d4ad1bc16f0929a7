//! How long Podio asks to wait: `Retry-After` (RFC 9110, section 10.2.3), or the seconds named in its text
//! ("Please wait 300 seconds before trying again"). Pure.

use std::time::{Duration, SystemTime};

/// Longest wait that an answer can name; a longer one counts as this.
pub(super) const MAX_NAMED_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many bytes of a text are searched for seconds.
const TEXT_WINDOW: usize = 4096;

/// The wait that an answer names, the longer one if it names two.
pub(super) fn named_wait(retry_after: Option<&str>, body: &[u8], now: SystemTime) -> Option<Duration> {
    let header = retry_after.and_then(|value| from_header(value, now));
    header.max(from_body(body)).map(|wait| wait.min(MAX_NAMED_WAIT))
}

fn from_header(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// Podio's `error_description` says it. The envelope repeats the request too, which may be long and say anything, so
/// the body as a whole is searched only when the description is missing or names no wait.
fn from_body(body: &[u8]) -> Option<Duration> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        error_description: String,
    }
    let envelope: Option<Envelope> = serde_json::from_slice(body).ok();
    envelope.and_then(|envelope| from_text(envelope.error_description.as_bytes())).or_else(|| from_text(body))
}

/// The number between `wait` and `second` in a text, in any case.
fn from_text(text: &[u8]) -> Option<Duration> {
    let text = String::from_utf8_lossy(&text[..text.len().min(TEXT_WINDOW)]).to_ascii_lowercase();
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if !word.ends_with("wait") {
            continue;
        }
        let mut ahead = words.clone();
        if let (Some(number), Some(unit)) = (ahead.next(), ahead.next())
            && unit.starts_with("second")
            && let Ok(seconds) = number.parse()
        {
            return Some(Duration::from_secs(seconds));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_counts_wherever_it_stands() {
        let seconds = |body: &str| named_wait(None, body.as_bytes(), SystemTime::UNIX_EPOCH).map(|wait| wait.as_secs());
        let long = "x".repeat(3 * TEXT_WINDOW);
        let limit = "You have hit the rate limit. Please wait 300 seconds before trying again";
        let request = |text: &str| format!(r#"{{"request":{{"body":"{text}"}},"error_description":"{limit}"}}"#);
        assert_eq!(seconds(&request(&long)), Some(300));
        assert_eq!(seconds(&request("please wait 9 seconds ")), Some(300));
        let code = r#"{"error_description":"rate_limit","error_detail":"please wait 7 seconds"}"#;
        assert_eq!(seconds(code), Some(7));
        assert_eq!(seconds(&format!("{long} please wait 7 seconds")), None, "the search is bounded");
    }

    #[test]
    fn table() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let seconds = |header, body: &str| named_wait(header, body.as_bytes(), now).map(|wait| wait.as_secs());
        let podio =
            r#"{"error_description":"You have hit the rate limit. Please wait 300 seconds before trying again"}"#;
        for (header, body, want) in [
            (None, "", None),
            (None, podio, Some(300)),
            (Some("7"), "", Some(7)),
            (Some("7"), podio, Some(300)),
            (Some("900"), podio, Some(900)),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), "", Some(60)),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), "", Some(0)),
            (Some("soon"), "Please WAIT 1 Second.", Some(1)),
            (None, "wait for it", None),
            (None, "wait 99999999999999999999 seconds", None),
            (Some("999999999"), "", Some(MAX_NAMED_WAIT.as_secs())),
        ] {
            assert_eq!(seconds(header, body), want, "{header:?} {body}");
        }
    }
}
