//! Whether this machine's clock agrees with the platform's: tokens expire by the clock.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::{
    super::process,
    CHECK_TIMEOUT,
    report::{Line, Status},
};
use crate::Component;

/// The largest difference that is taken for none: the `Date` header has whole seconds, and the answer takes time.
const TOLERANCE: Duration = Duration::from_secs(30);

const CHECK: &str = "clock";

/// Compares with the `Date` header (RFC 9110, section 6.6.1) of any answer from `url`.
pub(super) async fn compare<C: Component>(url: &Url) -> Line {
    let Ok(http) = process::http_client::<C>() else { return Line::not_tried(CHECK, "TLS") };
    match http.send(http.get(url.clone()), Instant::now() + CHECK_TIMEOUT).await {
        Ok(answer) => judged(answer.headers().get(DATE), SystemTime::now()),
        Err(_) => Line::not_tried(CHECK, "the platform"),
    }
}

fn judged(date: Option<&HeaderValue>, now: SystemTime) -> Line {
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok()) else {
        return Line::new(CHECK, Status::NotTried, "the platform's answer has no date");
    };
    let (difference, way) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if difference <= TOLERANCE {
        return Line::new(CHECK, Status::Ok, "it agrees with the platform's");
    }
    let text = format!(
        "it is {} s {way} the platform's: tokens are refreshed too early or too late. Set this machine's clock (NTP)",
        difference.as_secs()
    );
    Line::new(CHECK, Status::Warning, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_difference_is_a_warning() {
        let date = HeaderValue::from_static("Wed, 25 Nov 2026 09:16:07 GMT");
        let then = httpdate::parse_http_date(date.to_str().expect("text")).expect("a date");
        for (now, said) in [
            (then, "ok         clock           it agrees"),
            (then + TOLERANCE, "ok "),
            (then + Duration::from_secs(90), "warning    clock           it is 90 s ahead of"),
            (then - Duration::from_secs(3600), "warning    clock           it is 3600 s behind"),
        ] {
            let line = judged(Some(&date), now).to_string();
            assert!(line.starts_with(said), "{line}");
        }
        for date in [None, Some(HeaderValue::from_static("yesterday"))] {
            assert!(judged(date.as_ref(), then).to_string().starts_with("not tried"), "{date:?}");
        }
    }
}
