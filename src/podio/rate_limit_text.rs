//! Finds the wait in the text of Podio's rate limit ("Please wait 300 seconds before trying again"). Pure.

use std::time::Duration;

/// The number of bytes of a text that are searched.
const TEXT_WINDOW: usize = 4096;

/// Searches `error_description`. The body also repeats the request, which may be long and contain similar text, so the
/// whole body is searched only if the description has no wait.
pub(super) fn requested_wait(body: &[u8]) -> Option<Duration> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        error_description: String,
    }
    let envelope: Option<Envelope> = serde_json::from_slice(body).ok();
    envelope.and_then(|envelope| from_text(envelope.error_description.as_bytes())).or_else(|| from_text(body))
}

/// Finds the number between `wait` and `second`, ignoring case.
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

    fn seconds(body: &str) -> Option<u64> {
        requested_wait(body.as_bytes()).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_description_takes_precedence_over_the_request() {
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
    fn waits_in_texts() {
        for (body, want) in [
            ("", None),
            ("Please WAIT 1 Second.", Some(1)),
            ("wait for it", None),
            ("wait 99999999999999999999 seconds", None),
        ] {
            assert_eq!(seconds(body), want, "{body}");
        }
    }
}
