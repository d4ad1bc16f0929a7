//! Where a poll ended, and the snapshot that remembers it. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use elasticio_runtime::action::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::settings::PollField;

/// How a snapshot spells a time: ISO 8601, in UTC.
const TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// Everything before `time` was seen, and at that second the items of `seen`. More items may come in the same second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The newest time that was seen, in UTC.
    pub(super) time: NaiveDateTime,
    /// The items that were seen at `time`, each with its revision then: one may change twice in a second.
    pub(super) seen: BTreeMap<u64, Option<u64>>,
}

/// What a snapshot says.
pub(super) enum Origin {
    /// It is from a poll of the same app by the same field.
    Known(Position),
    /// It is empty: this is the first poll.
    Empty,
    /// It is another's, or from another app or field.
    Foreign,
}

/// A snapshot of this trigger.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Remembered {
    app: u64,
    poll_config: String,
    time: String,
    /// Item → revision.
    seen: BTreeMap<u64, Option<u64>>,
}

impl Position {
    /// Before everything of `time`.
    pub(super) fn at(time: NaiveDateTime) -> Self {
        Self { time, seen: BTreeMap::new() }
    }

    /// What a snapshot says of an app that is polled by `field`.
    pub(super) fn of(snapshot: &Snapshot, app: u64, field: PollField) -> Origin {
        if snapshot.raw().get() == "{}" {
            return Origin::Empty;
        }
        let Ok(remembered) = snapshot.read::<Remembered>() else { return Origin::Foreign };
        match NaiveDateTime::parse_from_str(&remembered.time, TIME) {
            Ok(time) if remembered.app == app && remembered.poll_config == field.name() => {
                Origin::Known(Self { time, seen: remembered.seen })
            }
            _ => Origin::Foreign,
        }
    }

    /// The same position, or the start time if that is later.
    pub(super) fn not_before(self, start: NaiveDateTime) -> Self {
        if self.time < start { Self::at(start) } else { self }
    }

    /// The snapshot that remembers it.
    pub(super) fn snapshot(&self, app: u64, field: PollField) -> Box<RawValue> {
        let remembered = Remembered {
            app,
            poll_config: field.name().to_owned(),
            time: self.time.format(TIME).to_string(),
            seen: self.seen.clone(),
        };
        to_raw_value(&remembered).expect("texts and numbers are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"{"app":7,"pollConfig":"lastModified","time":"2026-09-01T10:00:00Z","seen":{"5":2,"6":null}}"#;

    fn of(text: &str, app: u64, field: PollField) -> Origin {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        Position::of(&Snapshot::new(&raw).expect("an object"), app, field)
    }

    #[test]
    fn a_position_is_remembered() {
        let Origin::Known(position) = of(OWN, 7, PollField::LastModified) else { panic!("its own") };
        assert_eq!(position.seen, BTreeMap::from([(5, Some(2)), (6, None)]));
        assert_eq!(position.snapshot(7, PollField::LastModified).get(), OWN);
        let later = position.time + chrono::TimeDelta::seconds(1);
        assert_eq!(position.clone().not_before(position.time), position);
        assert_eq!(position.not_before(later), Position::at(later));
    }

    #[test]
    fn a_snapshot_of_another_app_or_field_or_trigger_is_none() {
        assert!(matches!(of("{}", 7, PollField::Created), Origin::Empty));
        for (text, app, field) in [
            (OWN, 8, PollField::LastModified),
            (OWN, 7, PollField::Created),
            (r#"{"lastPoll":"2026-09-01T10:00:00Z"}"#, 7, PollField::LastModified),
            (&OWN.replace("10:00:00Z", "10"), 7, PollField::LastModified),
            (&OWN.replace(r#"{"5":2,"6":null}"#, "[5]"), 7, PollField::LastModified),
        ] {
            assert!(matches!(of(text, app, field), Origin::Foreign), "{text}");
        }
    }
}
