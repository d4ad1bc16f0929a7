//! The broker's acknowledgement time-out: it takes back what is not settled in time (protocol, sections 16.16 and 16.17).

use std::time::Duration;

/// RabbitMQ's default of `consumer_timeout`.
pub(crate) const DEFAULT: Duration = Duration::from_secs(30 * 60);

/// Whether this is the broker's reason when it closes a channel on which a message was not settled in time.
pub(super) fn is_meant(reason: &str) -> bool {
    reason.contains("delivery acknowledgement") && reason.contains("timed out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_is_told_from_other_reasons() {
        let text =
            "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms";
        assert!(is_meant(text) && is_meant(&format!("protocol error: AMQP soft error: {text}")));
        assert!(!is_meant("PRECONDITION_FAILED - unknown delivery tag 7"));
        assert!(!is_meant("the queue was deleted or moved (basic.cancel)"));
    }
}
