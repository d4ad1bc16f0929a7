//! Forms of `expires_at` and `expires_in`, and when a refresh is due.

use super::*;
use serde_json::json;

/// 2026-11-29T10:00:00Z
const NOW_S: u64 = 1_795_946_400;
const HOUR: u64 = 3600;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_S)
}

fn expiry(fields: &Value) -> Expiry {
    Expiry::of(fields.as_object().expect("an object"))
}

fn seconds(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| wait.as_secs())
}

#[test]
fn expires_at_is_read_in_every_form() {
    for in_an_hour in [
        json!(NOW_S + HOUR),
        json!((NOW_S + HOUR) * 1000),
        json!(format!(" {} ", NOW_S + HOUR)),
        json!(format!("{}", (NOW_S + HOUR) * 1000)),
        json!(1_795_950_000.25),
        json!("2026-11-29T11:00:00Z"),
        json!("2026-11-29T11:00:00.000Z"),
        json!("2026-11-29T12:00:00+01:00"),
        json!("2026-11-29T12:00:00+0100"),
        json!("2026-11-29 11:00:00"),
        json!("2026-11-29T11:00:00"),
        json!("Sun, 29 Nov 2026 11:00:00 GMT"),
    ] {
        let left = expiry(&json!({ "expires_at": in_an_hour, "expires_in": 28800 })).of_stored(now(), 0.0);
        assert_eq!(seconds(left), Some(HOUR - 300), "{in_an_hour}");
    }
    for nonsense in [
        json!(null),
        json!(true),
        json!(""),
        json!("soon"),
        json!(0),
        json!(-1),
        json!(28800),
        json!(1e300),
        json!("NaN"),
        json!("inf"),
        json!({ "$date": 7 }),
        json!("2026-13-45T99:00:00Z"),
    ] {
        let says = expiry(&json!({ "expires_at": nonsense }));
        assert_eq!((says.of_stored(now(), 0.0), says.of_new(now(), 0.0)), (None, None), "{nonsense}");
    }
}

#[test]
fn a_stored_token_is_due_before_it_expires_and_at_once_when_it_has() {
    for (fields, random, due) in [
        (json!({}), 0.0, None),
        (json!({ "expires_in": 28800 }), 0.0, Some(28500)),
        (json!({ "expires_in": "28800" }), 1.0, Some(28440)),
        (json!({ "expires_in": 30 }), 0.0, Some(0)),
        (json!({ "expires_in": 0 }), 0.0, None),
        (json!({ "expires_in": -5 }), 0.0, None),
        (json!({ "expires_in": "soon" }), 0.0, None),
        (json!({ "expires_in": 1e300 }), 0.0, None),
        (json!({ "expires_at": NOW_S + 30 }), 0.0, Some(0)),
        (json!({ "expires_at": NOW_S - 30, "expires_in": 28800 }), 0.0, Some(0)),
        (json!({ "expires_at": "soon", "expires_in": 28800 }), 0.0, Some(28500)),
    ] {
        assert_eq!(seconds(expiry(&fields).of_stored(now(), random)), due, "{fields}");
    }
}

#[test]
fn a_new_token_is_never_due_at_once() {
    for (fields, random, due) in [
        (json!({}), 0.0, None),
        (json!({ "expires_in": 28800 }), 0.0, Some(28500)),
        (json!({ "expires_in": 28800 }), 1.0, Some(28440)),
        (json!({ "expires_in": 60 }), 0.0, Some(30)),
        (json!({ "expires_in": 15 }), 0.0, Some(10)),
        (json!({ "expires_in": 10 }), 0.0, None),
        (json!({ "expires_in": 1 }), 1.0, None),
        // The clock here is a day ahead of the writer's, or a day behind.
        (json!({ "expires_at": NOW_S - 24 * HOUR, "expires_in": 28800 }), 0.0, Some(28500)),
        (json!({ "expires_at": NOW_S + 24 * HOUR, "expires_in": 28800 }), 0.0, Some(28500)),
        (json!({ "expires_at": NOW_S - 24 * HOUR }), 0.0, None),
        (json!({ "expires_at": NOW_S + HOUR }), 0.0, Some(HOUR - 300)),
    ] {
        assert_eq!(seconds(expiry(&fields).of_new(now(), random)), due, "{fields}");
    }
}

#[test]
fn a_refreshed_credential_keeps_the_form_of_expires_at() {
    let new = Expiry::new(None, Some(&json!(28800)));
    let end = NOW_S + 28800;
    for (old, written) in [
        (json!(NOW_S), json!(end)),
        (json!(NOW_S * 1000), json!(end * 1000)),
        (json!(NOW_S.to_string()), json!(end.to_string())),
        (json!((NOW_S * 1000).to_string()), json!((end * 1000).to_string())),
        (json!("2026-11-29 11:00:00"), json!("2026-11-29T18:00:00.000Z")),
        (json!(null), json!(null)),
        (json!("soon"), json!("soon")),
    ] {
        let mut fields = Map::from_iter([(AT.to_owned(), old.clone())]);
        new.write(&mut fields, now());
        assert_eq!(fields[AT], written, "{old}");
    }
    // The largest that is a moment, and no date can say.
    let never = Expiry::new(None, Some(&json!(9e15)));
    let mut fields = Map::from_iter([(AT.to_owned(), json!("2026-11-29 11:00:00"))]);
    never.write(&mut fields, now());
    assert!(fields.is_empty(), "a date that cannot be written is left out");
    let mut fields = Map::from_iter([(AT.to_owned(), json!(NOW_S))]);
    Expiry::default().write(&mut fields, now());
    assert!(fields.is_empty());
    new.write(&mut fields, now());
    assert!(fields.is_empty(), "nothing is added");
}
