//! Dates with an optional time and an optional end. Times are the user's, as they were entered.

use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{Date, PrimitiveDateTime, Time};

use super::zone::{to_local, to_utc};
use super::{Problem, wrong};
use crate::store::apps::Part;
use crate::store::clock::{parse_time, spell};

/// Every key of a stated date.
const KEYS: [&str; 8] = ["start", "start_date", "start_time", "start_utc", "end", "end_date", "end_time", "end_utc"];

/// A day, and a time of it.
#[derive(Clone, Copy)]
struct Moment {
    date: Date,
    time: Option<Time>,
}

impl Moment {
    fn is_before(self, other: Self) -> bool {
        let same_day_earlier = self.date == other.date && self.time.zip(other.time).is_some_and(|(a, b)| a < b);
        self.date < other.date || same_day_earlier
    }
}

/// A date as `start` and `end`, in parts as `start_date`, `start_time`, `end_date` and `end_time`, or in UTC as
/// `start_utc` and `end_utc`.
pub(super) fn read(stated: &Value, time: Part, end: Part) -> Result<Value, Problem> {
    let parts = stated.as_object().ok_or_else(|| wrong(stated, "must be object"))?;
    if let Some(key) = parts.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(wrong(stated, &format!("has the key {key}; a date has {}", KEYS.join(", "))));
    }
    let begin = moment(parts, "start", None)?.ok_or_else(|| wrong(stated, "start_date or start is missing"))?;
    let finish = moment(parts, "end", Some(begin.date))?;
    let times = [Some(begin), finish].into_iter().flatten().map(|moment| moment.time);
    let problem = match (time, end) {
        (Part::Disabled, _) if times.clone().any(|time| time.is_some()) => "must not have a time",
        (Part::Required, _) if times.clone().any(|time| time.is_none()) => "must have a time",
        (_, Part::Disabled) if finish.is_some() => "must not have an end",
        (_, Part::Required) if finish.is_none() => "must have an end",
        _ if finish.is_some_and(|finish| finish.is_before(begin)) => "must not end before it starts",
        _ => return Ok(kept(begin, finish)),
    };
    Err(wrong(stated, problem))
}

/// The start or the end of a date, if it is stated. An end may state its time alone.
fn moment(parts: &Map<String, Value>, name: &str, default: Option<Date>) -> Result<Option<Moment>, Problem> {
    let text = |key: String| match parts.get(&key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(wrong(other, &format!("{key} must be string"))),
    };
    if let Some(utc) = text(format!("{name}_utc"))? {
        let local = parse_time(utc).map(to_local).ok_or_else(|| wrong(&json!(utc), "must be YYYY-MM-DD HH:MM:SS"))?;
        return Ok(Some(Moment { date: local.date(), time: Some(local.time()) }));
    }
    let whole = text(name.to_owned())?.map(|whole| whole.split_once(' ').map_or((whole, None), |(d, t)| (d, Some(t))));
    let (date, time) = match whole {
        Some((date, time)) => (Some(date), time),
        None => (text(format!("{name}_date"))?, text(format!("{name}_time"))?),
    };
    let parse_date = |text: &str| {
        let form = format_description!("[year]-[month]-[day]");
        Date::parse(text, form).map_err(|_| wrong(&json!(text), "must be a date, YYYY-MM-DD"))
    };
    let date = date.map(parse_date).transpose()?;
    let time = time.map(time_of_day).transpose()?;
    let date = if time.is_some() { date.or(default) } else { date };
    Ok(date.map(|date| Moment { date, time }))
}

fn time_of_day(text: &str) -> Result<Time, Problem> {
    let seconds = format_description!("[hour]:[minute]:[second]");
    let minutes = format_description!("[hour]:[minute]");
    let time = Time::parse(text, seconds).or_else(|_| Time::parse(text, minutes));
    time.map_err(|_| wrong(&json!(text), "must be a time, HH:MM:SS"))
}

/// A date as it is kept: its parts in Podio's spelling.
fn kept(begin: Moment, finish: Option<Moment>) -> Value {
    let mut kept = Map::new();
    for (name, moment) in [("start", Some(begin)), ("end", finish)] {
        let Some(Moment { date, time }) = moment else { continue };
        let whole = spell(PrimitiveDateTime::new(date, time.unwrap_or(Time::MIDNIGHT)));
        let (day, clock) = whole.split_once(' ').unwrap_or((&whole, ""));
        kept.insert(format!("{name}_date"), json!(day));
        kept.insert(format!("{name}_time"), time.map_or(Value::Null, |_| json!(clock)));
    }
    Value::Object(kept)
}

/// A kept date as Podio shows it: whole and in parts, as it was entered and in UTC.
pub(super) fn show(kept: &Value) -> Value {
    let mut shown = Map::new();
    for name in ["start", "end"] {
        let Some(date) = kept[format!("{name}_date")].as_str() else { continue };
        let time = kept[format!("{name}_time")].as_str();
        let whole = format!("{date} {}", time.unwrap_or("00:00:00"));
        // A date without a time is the same day everywhere.
        let utc = time.and_then(|_| parse_time(&whole)).map(|local| spell(to_utc(local)));
        let (date_utc, time_utc) = match utc.as_deref().and_then(|utc| utc.split_once(' ')) {
            Some((date, time)) => (date, Some(time)),
            None => (date, None),
        };
        shown.insert(format!("{name}_date"), json!(date));
        shown.insert(format!("{name}_time"), json!(time));
        shown.insert(format!("{name}_date_utc"), json!(date_utc));
        shown.insert(format!("{name}_time_utc"), json!(time_utc));
        shown.insert(format!("{name}_utc"), json!(utc.as_deref().unwrap_or(date)));
        shown.insert(name.to_owned(), json!(whole));
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_whole_or_in_parts() {
        let whole = json!({"start": "2026-09-01 10:00:00", "end": "2026-09-02 11:30:00"});
        let parts = json!({
            "start_date": "2026-09-01", "start_time": "10:00", "end_date": "2026-09-02", "end_time": "11:30:00",
        });
        let read = |stated: &Value| read(stated, Part::Enabled, Part::Enabled);
        let kept = json!({
            "start_date": "2026-09-01", "start_time": "10:00:00", "end_date": "2026-09-02", "end_time": "11:30:00",
        });
        assert_eq!(read(&whole), Ok(kept.clone()));
        assert_eq!(read(&parts), Ok(kept.clone()));
        assert_eq!(
            read(&json!({"start_utc": "2026-09-01 08:00:00", "end_utc": "2026-09-02 09:30:00"})),
            Ok(kept.clone())
        );
        let shown = show(&kept);
        assert_eq!((&shown["start"], &shown["start_utc"]), (&whole["start"], &json!("2026-09-01 08:00:00")));
        assert_eq!((&shown["end_date_utc"], &shown["end_time_utc"]), (&json!("2026-09-02"), &json!("09:30:00")));
        let day = read(&json!({"start_date": "2026-09-01"})).expect("a date");
        let shown = show(&day);
        assert_eq!((&shown["start"], &shown["start_time"]), (&json!("2026-09-01 00:00:00"), &Value::Null));
        assert_eq!((&shown["start_utc"], shown.get("end")), (&json!("2026-09-01"), None));
    }

    #[test]
    fn what_the_settings_or_the_calendar_forbid_is_refused() {
        let day = json!({"start": "2026-09-01"});
        let time = json!({"start": "2026-09-01 10:00:00"});
        let end = json!({"start": "2026-09-02", "end": "2026-09-01"});
        for (stated, at, until, problem) in [
            (&json!("2026-09-01"), Part::Enabled, Part::Enabled, "must be object"),
            (&json!({"start_date": "2026-02-30"}), Part::Enabled, Part::Enabled, "YYYY-MM-DD"),
            (&json!({"start_date": "2026-09-01T10:00:00Z"}), Part::Enabled, Part::Enabled, "YYYY-MM-DD"),
            (&json!({"start_date": "2026-09-01", "start_time": "25:00:00"}), Part::Enabled, Part::Enabled, "HH:MM"),
            (&json!({"date": "2026-09-01"}), Part::Enabled, Part::Enabled, "has the key date"),
            (&json!({"start_utc": "2026-09-01"}), Part::Enabled, Part::Enabled, "must be YYYY-MM-DD HH:MM:SS"),
            (&json!({"end_date": "2026-09-01"}), Part::Enabled, Part::Enabled, "start_date or start is missing"),
            (&time, Part::Disabled, Part::Enabled, "must not have a time"),
            (&day, Part::Required, Part::Enabled, "must have a time"),
            (&end, Part::Enabled, Part::Disabled, "must not have an end"),
            (&day, Part::Enabled, Part::Required, "must have an end"),
            (&end, Part::Enabled, Part::Enabled, "must not end before it starts"),
        ] {
            assert!(read(stated, at, until).is_err_and(|error| error.contains(problem)), "{stated} {problem}");
        }
    }
}
