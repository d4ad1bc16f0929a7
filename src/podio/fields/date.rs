//! `date`: a day or a moment, alone or as the start of a span (`settings.time`, `settings.end`).
//!
//! A value of a date field is what people enter: Podio takes and shows `start_date` and `start_time` as they are, in the
//! time of whoever looks (<https://developers.podio.com/index/api>, "Date and time"). A moment with a time zone is sent
//! in UTC as `start_utc`, as Podio's own clients do, and read from it.

use serde_json::{Map, Value, json};

use super::{Given, Moment, Unfit, schema};

/// The settings of a date field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateSettings {
    time: Presence,
    end: Presence,
}

/// Whether a part is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// Never there.
    Disabled,
    /// There or not.
    Enabled,
    /// Always there.
    Required,
}

impl Presence {
    fn read(setting: &Value) -> Self {
        match setting.as_str() {
            Some("disabled") => Self::Disabled,
            Some("required") => Self::Required,
            _ => Self::Enabled,
        }
    }
}

impl DateSettings {
    pub(super) fn read(settings: &Value) -> Self {
        Self { time: Presence::read(&settings["time"]), end: Presence::read(&settings["end"]) }
    }

    /// `{start_date, start_time, end_date, end_time}`, or `…_utc` where a zone was given.
    pub(super) fn encode(self, given: Given<'_>) -> Result<Value, Unfit> {
        let (start, end) = match given.object() {
            Some(_) => {
                let start = given.property("start").ok_or_else(|| given.must_be("an object with \"start\""))?;
                (start, given.property("end"))
            }
            None => (given, None),
        };
        let first = self.moment(start)?;
        let mut value = Map::new();
        first.write("start", &mut value);
        match (end, self.end) {
            (Some(_), Presence::Disabled) => {
                return Err(given.must_be("a start alone: the field has no end"));
            }
            (None, Presence::Required) => {
                return Err(given.must_be("an object with \"start\" and \"end\""));
            }
            (Some(end), _) => {
                let last = self.moment(end)?;
                if last.is_before(first) {
                    return Err(given.must_be("a span that does not end before it starts"));
                }
                // A span of one day is that day.
                if self.end == Presence::Required || (first, last) != (Moment::Day(first.day()), first) {
                    last.write("end", &mut value);
                }
            }
            (None, _) => {}
        }
        Ok(Value::Object(value))
    }

    fn moment(self, given: Given<'_>) -> Result<Moment, Unfit> {
        let moment = given.word().as_deref().and_then(Moment::parse);
        match (moment.ok_or_else(|| given.must_be(self.expected()))?, self.time) {
            // Other systems write days as midnights.
            (Moment::Local(time) | Moment::Utc(time), Presence::Disabled) if time == time.date().into() => {
                Ok(Moment::Day(time.date()))
            }
            (Moment::Day(_), Presence::Required) | (Moment::Local(_) | Moment::Utc(_), Presence::Disabled) => {
                Err(given.must_be(self.expected()))
            }
            (moment, _) => Ok(moment),
        }
    }

    fn expected(self) -> &'static str {
        match self.time {
            Presence::Disabled => "a date without a time, such as 2026-09-01",
            Presence::Enabled => "a date such as 2026-09-01 or 2026-09-01T10:00:00Z",
            Presence::Required => "a date with a time, such as 2026-09-01T10:00:00Z",
        }
    }

    /// The start as text, or `{start, end}` where the field can have an end.
    pub(super) fn decode(self, values: &[Value]) -> Value {
        let Some(value) = values.first() else { return Value::Null };
        let text = |part| read(value, part).map(|moment| Value::String(moment.to_string()));
        let Some(start) = text("start") else { return value.clone() };
        if self.end == Presence::Disabled {
            return start;
        }
        let has_end = self.end == Presence::Required || !is_start_only(value);
        json!({ "start": start, "end": text("end").filter(|_| has_end) })
    }

    pub(super) fn schema(self) -> Map<String, Value> {
        let format = if self.time == Presence::Disabled { "date" } else { "date-time" };
        let moment = |title: &str, required: bool| {
            let mut moment = json!({ "type": "string", "title": title, "required": required });
            moment["format"] = format.into();
            moment
        };
        let schema = if self.end == Presence::Disabled {
            json!({ "type": "string", "format": format })
        } else {
            let end = moment("End", self.end == Presence::Required);
            json!({ "type": "object", "properties": { "start": moment("Start", true), "end": end } })
        };
        schema::object(schema)
    }

    pub(super) fn hint(self) -> &'static str {
        match self.time {
            Presence::Disabled => "A date such as 2026-09-01.",
            _ => {
                "A date, or a date and a time: 2026-09-01T10:00:00Z, or 2026-09-01T12:00:00+02:00; without a zone it is \
                 taken as it is."
            }
        }
    }
}

/// Reads `start` or `end` of a value of Podio's. A date without a time is a day, whatever stands beside it.
fn read(value: &Value, part: &str) -> Option<Moment> {
    let key = |suffix: &str| value[format!("{part}{suffix}")].as_str().filter(|text| !text.is_empty());
    match (key("_date"), key("_time"), key("_utc"), key("")) {
        (Some(day), None, _, _) => Moment::parse(day),
        (_, _, Some(utc), _) => Moment::parse(&format!("{utc}Z")),
        (Some(day), Some(time), None, _) => Moment::parse(&format!("{day} {time}")),
        (None, _, None, whole) => Moment::parse(whole?),
    }
}

/// Podio repeats the day of the start as the end of a value that has none.
fn is_start_only(value: &Value) -> bool {
    value["end_time"].is_null() && value["end_date"].is_string() && value["start_date"] == value["end_date"]
}

#[cfg(test)]
mod tests;
