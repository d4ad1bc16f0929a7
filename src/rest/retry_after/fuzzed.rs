//! Properties of `Retry-After`: another line never makes the wait shorter, and nothing makes it longer than a day.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::{MAX_REQUESTED_WAIT, requested_wait};

/// A head has a bounded number of lines.
const MAX_LINES: usize = 20;

/// Lines of the header.
pub fn retry_after(data: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let mut headers = HeaderMap::new();
    let mut wait = None;
    for line in data.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let Ok(line) = HeaderValue::from_bytes(line) else { continue };
        headers.append(RETRY_AFTER, line.clone());
        let more = requested_wait(&headers, None, now);
        assert!(more >= wait && more.is_none_or(|wait| wait <= MAX_REQUESTED_WAIT), "a wait is out of its bounds");
        wait = more;
        let digits = line.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(seconds) = digits.and_then(|text| text.parse::<u64>().ok()) {
            assert!(wait >= Some(Duration::from_secs(seconds).min(MAX_REQUESTED_WAIT)), "seconds are not read");
        }
        let joined = [line.as_bytes(), b", 7"].concat();
        if let Ok(joined) = HeaderValue::from_bytes(&joined)
            && line.to_str().is_ok()
        {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, joined)]);
            assert!(requested_wait(&headers, None, now) >= Some(Duration::from_secs(7)), "a joined line is not read");
        }
    }
    let in_body = Some(Duration::from_secs(data.len() as u64));
    assert!(requested_wait(&headers, in_body, now) == wait.max(in_body).map(|wait| wait.min(MAX_REQUESTED_WAIT)));
}
