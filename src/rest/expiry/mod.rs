//! When an access token should be refreshed before it expires, from what its credential says (protocol, section 11.20).
//! Pure. Writers fill `expires_at` with seconds or milliseconds since the epoch, or with a date, and `expires_in` with
//! seconds from a moment that only the token endpoint's answer fixes.

use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// A token is refreshed this long before it expires, but not in the first half of its life.
const LEAD: Duration = Duration::from_secs(5 * 60);
/// Up to this much earlier, at random: processes that share a credential do not refresh it all at once.
const SPREAD: Duration = Duration::from_secs(60);
/// A token that replaced another one is at least this old before it is refreshed early, whatever it says.
const MIN_AGE: Duration = Duration::from_secs(10);
/// The years 2000 to 2100, in seconds since the epoch. A number outside is in milliseconds, or nonsense.
const PLAUSIBLE: Range<f64> = 946_684_800.0..4_102_444_800.0;

const AT: &str = "expires_at";
const IN: &str = "expires_in";

/// What a credential says about the end of its access token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expiry {
    at: Option<SystemTime>,
    lifetime: Option<Duration>,
}

impl Expiry {
    /// Reads the values of `expires_at` and `expires_in`; one that makes no sense says nothing.
    pub(super) fn new(at: Option<&Value>, lifetime: Option<&Value>) -> Self {
        let lifetime = lifetime.and_then(number).filter(|seconds| *seconds > 0.0);
        Self {
            at: at.and_then(moment).map(|(moment, _)| moment),
            lifetime: lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        }
    }

    /// Reads the fields of a credential.
    pub(super) fn of(fields: &Map<String, Value>) -> Self {
        Self::new(fields.get(AT), fields.get(IN))
    }

    /// The time until a token that was just read is due for a refresh; `None` if it says nothing. It may have been stored
    /// long ago, so `expires_at` counts first, and `expires_in` is the longest that it can still live.
    pub(super) fn of_stored(self, now: SystemTime, random: f64) -> Option<Duration> {
        let left = self.left(now).or(self.lifetime)?;
        Some(left.saturating_sub(lead(random)))
    }

    /// The same of a token that just replaced another one: `expires_in` counts from now, whatever the clocks say. A token
    /// that says to have expired already, or to expire at once, is used until it is rejected; otherwise each token would
    /// be replaced as soon as it came.
    pub(super) fn of_new(self, now: SystemTime, random: f64) -> Option<Duration> {
        let left = self.lifetime.or(self.left(now))?;
        let wait = left.saturating_sub(lead(random).min(left / 2)).max(MIN_AGE);
        (wait < left).then_some(wait)
    }

    /// When a token expires that says so now.
    pub(super) fn end(self, now: SystemTime) -> Option<SystemTime> {
        self.at.or_else(|| now.checked_add(self.lifetime?))
    }

    /// The time until `expires_at`; zero if it has passed.
    fn left(&self, now: SystemTime) -> Option<Duration> {
        self.at.map(|at| at.duration_since(now).unwrap_or_default())
    }

    /// Makes `expires_at` of refreshed `fields` right, in the form that it had: the old token's would say that the new one
    /// has expired. It is removed if `self`, the new token's expiry, does not say when.
    pub(super) fn write(self, fields: &mut Map<String, Value>, now: SystemTime) {
        let Some((_, form)) = fields.get(AT).and_then(moment) else { return };
        let end = self.lifetime.and_then(|lifetime| now.checked_add(lifetime));
        match end.and_then(|end| form.write(end)) {
            Some(end) => fields.insert(AT.to_owned(), end),
            None => fields.remove(AT),
        };
    }
}

fn lead(random: f64) -> Duration {
    LEAD + SPREAD.mul_f64(random.clamp(0.0, 1.0))
}

/// How `expires_at` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Seconds { text: bool },
    Millis { text: bool },
    Date,
}

impl Form {
    /// The moment in this form; `None` if it is too far away for it.
    fn write(self, moment: SystemTime) -> Option<Value> {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = |number: u64, text| if text { number.to_string().into() } else { number.into() };
        Some(match self {
            Self::Seconds { text } => number(since.as_secs(), text),
            Self::Millis { text } => number(u64::try_from(since.as_millis()).ok()?, text),
            Self::Date => {
                let millis = i64::try_from(since.as_millis()).ok()?;
                DateTime::<Utc>::from_timestamp_millis(millis)?.to_rfc3339_opts(SecondsFormat::Millis, true).into()
            }
        })
    }
}

/// The moment that a value names, and its form.
fn moment(value: &Value) -> Option<(SystemTime, Form)> {
    let text = value.is_string();
    if let Some(number) = number(value) {
        let (seconds, form) = [(number, Form::Seconds { text }), (number / 1000.0, Form::Millis { text })]
            .into_iter()
            .find(|(seconds, _)| PLAUSIBLE.contains(seconds))?;
        return Some((UNIX_EPOCH + Duration::try_from_secs_f64(seconds).ok()?, form));
    }
    Some((SystemTime::from(date(value.as_str()?.trim())?), Form::Date))
}

/// A date without a zone is in UTC.
fn date(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_rfc2822(text));
    let naive = |format| NaiveDateTime::parse_from_str(text, format).map(|date| date.and_utc());
    zoned
        .map(|date| date.to_utc())
        .or_else(|_| naive("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| naive("%Y-%m-%d %H:%M:%S%.f"))
        .ok()
}

/// A number, or text that is one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
