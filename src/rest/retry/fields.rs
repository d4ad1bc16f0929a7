//! The retry fields of a credential or a step. They are read leniently, since flows store whatever their builders typed
//! (protocol, sections 10.6 and 11.1).

use std::time::Duration;

use serde_json::{Map, Value};

use super::{DEFAULT_DELAY, DEFAULT_RETRIES};

/// Upper limit of `retries`; a larger number is reduced to this.
pub(super) const MAX_RETRIES: u32 = 1000;
/// Upper limit of `retriesDelay`; a longer delay is reduced to this.
pub(super) const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `retries` and `retriesDelay` as configured; `None` if not configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryFields {
    /// Number of retries.
    pub(crate) retries: Option<u32>,
    /// Delay between retries.
    pub(crate) delay: Option<Duration>,
}

impl RetryFields {
    /// Reads the two fields of a config. An unusable value is ignored, with a warning.
    #[must_use]
    pub(crate) fn read(fields: &Map<String, Value>) -> Self {
        let max_delay = u64::try_from(MAX_DELAY.as_millis()).unwrap_or(u64::MAX);
        Self {
            retries: number(fields, "retries", MAX_RETRIES.into()).and_then(|count| u32::try_from(count).ok()),
            delay: number(fields, "retriesDelay", max_delay).map(Duration::from_millis),
        }
    }

    /// Each field from `self`, else from `other`, else its default.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> (u32, Duration) {
        (self.retries.or(other.retries).unwrap_or(DEFAULT_RETRIES), self.delay.or(other.delay).unwrap_or(DEFAULT_DELAY))
    }
}

/// Reads a number, or text that is a number. Empty text means that the field is not set.
fn number(fields: &Map<String, Value>, name: &str, max: u64) -> Option<u64> {
    let given = match fields.get(name)? {
        Value::Null => return None,
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    match given {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a finite number of at least 0; above u64 it saturates, and `max` limits it"
        )]
        Some(number) if number >= 0.0 && number.is_finite() => Some((number as u64).min(max)),
        _ => {
            tracing::warn!(field = name, "the credential's field is not a number of at least 0; using the default");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: &Value) -> RetryFields {
        RetryFields::read(value.as_object().expect("an object"))
    }

    #[test]
    fn numbers_are_read_leniently() {
        for (given, want) in [
            (json!("3"), Some(3)),
            (json!(0), Some(0)),
            (json!("0"), Some(0)),
            (json!(" 2.9 "), Some(2)),
            (json!(""), None),
            (json!("-1"), None),
            (json!(-1), None),
            (json!("many"), None),
            (json!(null), None),
            (json!(true), None),
            (json!(1e300), Some(MAX_RETRIES)),
        ] {
            assert_eq!(fields(&json!({ "retries": given })).retries, want, "{given}");
        }
        assert_eq!(fields(&json!({})).or(RetryFields::default()), (5, Duration::from_secs(10)));
        let other = RetryFields { retries: Some(1), delay: Some(Duration::ZERO) };
        assert_eq!(fields(&json!({ "retries": 2 })).or(other), (2, Duration::ZERO));
    }
}
