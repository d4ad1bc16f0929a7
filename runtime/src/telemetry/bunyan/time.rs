//! The time of a line: ISO 8601 in UTC with milliseconds (protocol, section 13.6).

use std::{
    cell::RefCell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::DateTime;

thread_local! {
    /// The second that was written last on this thread, and its text.
    static LAST: RefCell<(u64, String)> = RefCell::new(write_second(0));
}

/// Appends the time that it is.
pub(super) fn write_now(line: &mut Vec<u8>) {
    write(line, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
}

/// Appends a time since the epoch. Its second is formatted once, as most lines share theirs with the line before.
fn write(line: &mut Vec<u8>, time: Duration) {
    LAST.with_borrow_mut(|last| {
        if last.0 != time.as_secs() {
            *last = write_second(time.as_secs());
        }
        line.extend_from_slice(last.1.as_bytes());
    });
    let milliseconds = time.subsec_millis();
    let digit = |place| b'0' + u8::try_from(milliseconds / place % 10).unwrap_or_default();
    line.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z']);
}

fn write_second(second: u64) -> (u64, String) {
    let time = i64::try_from(second).ok().and_then(|second| DateTime::from_timestamp(second, 0));
    (second, time.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_digits_of_a_second() {
        let written = |milliseconds| {
            let mut line = Vec::new();
            write(&mut line, Duration::from_millis(milliseconds));
            String::from_utf8(line).expect("ASCII")
        };
        assert_eq!(written(1_764_062_167_501), "2025-11-25T09:16:07.501Z");
        assert_eq!(written(1_764_062_167_009), "2025-11-25T09:16:07.009Z");
        assert_eq!(written(1_764_062_168_090), "2025-11-25T09:16:08.090Z");
        assert_eq!(written(0), "1970-01-01T00:00:00.000Z");
    }
}
