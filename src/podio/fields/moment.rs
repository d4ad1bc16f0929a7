//! A point in time as a date field holds it, from and to ISO 8601.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

/// A point in time as a field holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A day.
    Day(NaiveDate),
    /// A time of a day, without a zone.
    Local(NaiveDateTime),
    /// A time in UTC.
    Utc(NaiveDateTime),
}

impl Moment {
    /// Reads ISO 8601: a date, or a date and a time with or without a zone. Fractions of a second are dropped.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return has_four_digits(day).then_some(Self::Day(day));
        }
        let (day, time) = text.split_once(['T', 't', ' '])?;
        let (clock, zone) = match time.find(['Z', 'z', '+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let clock = clock.split('.').next().unwrap_or_default().trim_end();
        let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.to_owned() };
        let moment = if zone.is_empty() {
            Self::Local(NaiveDateTime::parse_from_str(&format!("{day} {clock}"), "%Y-%m-%d %H:%M:%S").ok()?)
        } else {
            let zone = match zone {
                "Z" | "z" => "+0000".to_owned(),
                // `+02` means `+0200`.
                hours if hours.len() == 3 => format!("{hours}00"),
                zone => zone.replace(':', ""),
            };
            let moment = DateTime::parse_from_str(&format!("{day} {clock} {zone}"), "%Y-%m-%d %H:%M:%S %z").ok()?;
            Self::Utc(moment.naive_utc())
        };
        has_four_digits(moment.day()).then_some(moment)
    }

    /// Its day.
    pub(super) fn day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Local(time) | Self::Utc(time) => time.date(),
        }
    }

    /// As Podio takes it in filters, where times are in UTC.
    pub(crate) fn as_filter(self) -> String {
        match self {
            Self::Day(day) => day.format("%Y-%m-%d").to_string(),
            Self::Local(time) | Self::Utc(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }

    /// Whether `self` comes before `other`, as far as that can be said.
    pub(super) fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Local(one), Self::Local(other)) | (Self::Utc(one), Self::Utc(other)) => one < other,
            (Self::Utc(_), Self::Local(_)) | (Self::Local(_), Self::Utc(_)) => false,
            _ => self.day() < other.day(),
        }
    }

    /// Adds its keys to a value of Podio's.
    pub(super) fn write(self, part: &str, value: &mut Map<String, Value>) {
        match self {
            Self::Day(day) => {
                value.insert(format!("{part}_date"), day.format("%Y-%m-%d").to_string().into());
            }
            Self::Local(time) => {
                value.insert(format!("{part}_date"), time.format("%Y-%m-%d").to_string().into());
                value.insert(format!("{part}_time"), time.format("%H:%M:%S").to_string().into());
            }
            Self::Utc(_) => {
                value.insert(format!("{part}_utc"), self.as_filter().into());
            }
        }
    }
}

fn has_four_digits(day: NaiveDate) -> bool {
    (1..=9999).contains(&day.year())
}

/// ISO 8601; `Z` marks UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.format("%Y-%m-%d").fmt(f),
            Self::Local(time) => time.format("%Y-%m-%dT%H:%M:%S").fmt(f),
            Self::Utc(time) => time.format("%Y-%m-%dT%H:%M:%SZ").fmt(f),
        }
    }
}
