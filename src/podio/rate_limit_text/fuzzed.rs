//! Properties of waits in texts: a plain one is found whatever the answer repeats of the request, and any text ends.

use std::time::Duration;

use serde_json::json;

use super::{TEXT_WINDOW, requested_wait};

/// The body of an answer; the same bytes as a description, and as the request that an answer repeats.
pub fn rate_limit_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let alone = requested_wait(data);
    assert!(alone == requested_wait(data), "a text asks for two waits");
    let limit = "You have hit the rate limit. Please wait 300 seconds before trying again";
    let repeated = json!({ "request": { "body": text, "url": text }, "error_description": limit });
    assert!(requested_wait(repeated.to_string().as_bytes()) == Some(Duration::from_secs(300)), "the request counts");
    let described = |text: &str| requested_wait(json!({ "error_description": text }).to_string().as_bytes());
    // JSON may need six bytes for one.
    if text.len() < TEXT_WINDOW / 6 - limit.len() {
        let wait = described(&format!("Please wait 7 seconds. {text}")).expect("a wait");
        assert!(wait == Duration::from_secs(7), "what follows counts more than the first wait");
        let seconds = described(&format!("{text}\n\nPlease wait 7 seconds"));
        assert!(seconds.is_some(), "a wait behind other text is not found");
    }
    let _ = described(&text);
}
