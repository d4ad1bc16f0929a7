//! The time of Podio's objects: whole seconds of UTC, spelt `2026-08-20 09:10:11`, so that texts sort as times do.

use std::time::SystemTime;

use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Gives the time, which a test can stop.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    stopped_at: Option<String>,
}

impl Clock {
    /// The time now, in Podio's spelling.
    pub(crate) fn now(&self) -> String {
        self.stopped_at.clone().unwrap_or_else(|| podio_time(SystemTime::now()))
    }

    /// Stops the clock at this time; with none it goes on, by the system's time.
    pub(crate) fn stop(&mut self, at: Option<SystemTime>) {
        self.stopped_at = at.map(podio_time);
    }
}

/// Podio's spelling of a time; what is behind a whole second is left out.
pub(crate) fn podio_time(time: SystemTime) -> String {
    let utc = OffsetDateTime::from(time);
    spell(PrimitiveDateTime::new(utc.date(), utc.time()))
}

/// A day and a time of it, in Podio's spelling.
pub(super) fn spell(time: PrimitiveDateTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    time.format(form).unwrap_or_default()
}

/// Reads Podio's spelling of a time.
pub(crate) fn parse_time(text: &str) -> Option<PrimitiveDateTime> {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(text, form).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_spelt_as_podio_spells_them() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_787_217_011_999);
        assert_eq!(podio_time(time), "2026-08-20 09:10:11");
        let read = parse_time("2026-08-20 09:10:11").map(|time| SystemTime::from(time.assume_utc()));
        assert_eq!(read, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_217_011)));
        for wrong in ["2026-08-20", "2026-02-30 00:00:00", "2026-08-20T09:10:11Z", ""] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_stopped_clock_stays() {
        let mut clock = Clock::default();
        clock.stop(Some(SystemTime::UNIX_EPOCH));
        assert_eq!(clock.now(), "1970-01-01 00:00:00");
        clock.stop(None);
        assert!(clock.now().as_str() > "2026");
    }
}
