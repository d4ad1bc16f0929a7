//! The user's time zone, Europe/Berlin: times of date fields are the user's, and Podio shows them in UTC too.

use time::{Date, Duration, Month, PrimitiveDateTime, Time, Weekday};

/// The time in UTC of a user's time.
pub(in crate::store) fn to_utc(local: PrimitiveDateTime) -> PrimitiveDateTime {
    // Summer begins at 2 o'clock and ends at 3, both by the clock that it changes.
    local - offset(is_summer(local, 2, 3))
}

/// The user's time of a time in UTC.
pub(in crate::store) fn to_local(utc: PrimitiveDateTime) -> PrimitiveDateTime {
    utc + offset(is_summer(utc, 1, 1))
}

/// Whether it is summer, which begins on one day and ends on another, at these hours.
fn is_summer(time: PrimitiveDateTime, begin_hour: u8, end_hour: u8) -> bool {
    let begin = last_sunday(time.year(), Month::March).map(|day| at_hour(day, begin_hour));
    let end = last_sunday(time.year(), Month::October).map(|day| at_hour(day, end_hour));
    begin.zip(end).is_some_and(|(begin, end)| begin <= time && time < end)
}

fn offset(summer: bool) -> Duration {
    Duration::hours(if summer { 2 } else { 1 })
}

/// The last Sunday of a month of 31 days.
fn last_sunday(year: i32, month: Month) -> Option<Date> {
    let mut day = Date::from_calendar_date(year, month, 31).ok()?;
    while day.weekday() != Weekday::Sunday {
        day = day.previous_day()?;
    }
    Some(day)
}

fn at_hour(day: Date, hour: u8) -> PrimitiveDateTime {
    PrimitiveDateTime::new(day, Time::from_hms(hour, 0, 0).unwrap_or(Time::MIDNIGHT))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn summer_time_is_two_hours_ahead() {
        assert_eq!(to_utc(datetime!(2026-01-15 00:30)), datetime!(2026-01-14 23:30));
        assert_eq!(to_utc(datetime!(2026-03-29 01:59)), datetime!(2026-03-29 00:59));
        assert_eq!(to_utc(datetime!(2026-03-29 03:00)), datetime!(2026-03-29 01:00));
        assert_eq!(to_utc(datetime!(2026-10-25 02:59)), datetime!(2026-10-25 00:59));
        assert_eq!(to_utc(datetime!(2026-10-25 03:00)), datetime!(2026-10-25 02:00));
        for utc in [datetime!(2026-03-29 00:59), datetime!(2026-03-29 01:00), datetime!(2026-07-01 12:00)] {
            assert_eq!(to_utc(to_local(utc)), utc);
        }
    }
}
