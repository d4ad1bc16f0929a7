use super::{super::given::tests::with, *};

fn settings(time: &str, end: &str) -> DateSettings {
    DateSettings::read(&json!({ "time": time, "end": end }))
}

fn encode(settings: DateSettings, json: &str) -> Result<Value, String> {
    with(json, |given| settings.encode(given).map_err(|unfit| unfit.to_string()))
}

#[test]
fn iso_texts_become_podio_s_keys() {
    let free = settings("enabled", "enabled");
    for (given, want) in [
        ("\"2026-09-01\"", json!({ "start_date": "2026-09-01" })),
        ("\"2026-09-01T10:30\"", json!({ "start_date": "2026-09-01", "start_time": "10:30:00" })),
        ("\"2026-09-01 10:30:15\"", json!({ "start_date": "2026-09-01", "start_time": "10:30:15" })),
        ("\"2026-09-01T10:30:15.250Z\"", json!({ "start_utc": "2026-09-01 10:30:15" })),
        ("\"2026-09-01T00:30:00+02:00\"", json!({ "start_utc": "2026-08-31 22:30:00" })),
        ("\"2026-09-01T10:30:00-0130\"", json!({ "start_utc": "2026-09-01 12:00:00" })),
        ("\"2026-09-01T10:30+02\"", json!({ "start_utc": "2026-09-01 08:30:00" })),
        (
            "{\"start\":\"2026-09-01\",\"end\":\"2026-09-03T12:00:00\"}",
            json!({ "start_date": "2026-09-01", "end_date": "2026-09-03", "end_time": "12:00:00" }),
        ),
        ("{\"start\":\"2026-09-01T10:00:00Z\",\"end\":null}", json!({ "start_utc": "2026-09-01 10:00:00" })),
    ] {
        assert_eq!(encode(free, given), Ok(want), "{given}");
    }
    let day = settings("disabled", "disabled");
    assert_eq!(encode(day, "\"2026-09-01T00:00:00.000Z\""), Ok(json!({ "start_date": "2026-09-01" })));
}

#[test]
fn what_does_not_fit_is_named() {
    for (time, end, given, word) in [
        ("enabled", "disabled", "\"1.9.2026\"", "a date such as"),
        ("enabled", "disabled", "\"2026-02-30\"", "a date such as"),
        ("enabled", "disabled", "\"2026-09-01T25:00\"", "a date such as"),
        ("enabled", "disabled", "\"20260-09-01\"", "a date such as"),
        ("enabled", "disabled", "\"0000-09-01T00:00:00+02:00\"", "a date such as"),
        ("enabled", "disabled", "1788220800", "a date such as"),
        ("disabled", "disabled", "\"2026-09-01T10:00:00Z\"", "without a time"),
        ("required", "disabled", "\"2026-09-01\"", "with a time"),
        ("enabled", "disabled", "{\"start\":\"2026-09-01\",\"end\":\"2026-09-02\"}", "has no end"),
        ("enabled", "required", "\"2026-09-01\"", "\"start\" and \"end\""),
        ("enabled", "enabled", "{\"end\":\"2026-09-02\"}", "with \"start\""),
        ("enabled", "enabled", "{\"start\":\"2026-09-02\",\"end\":\"2026-09-01\"}", "end before"),
        ("enabled", "enabled", "{\"start\":\"2026-09-01T10:00Z\",\"end\":\"2026-09-01T09:00Z\"}", "end before"),
    ] {
        let error = encode(settings(time, end), given).expect_err(given);
        assert!(error.contains(word), "{given}: {error}");
    }
}

#[test]
fn values_are_read_as_iso_texts() {
    let alone = settings("enabled", "disabled");
    for (value, want) in [
        (
            json!({ "start": "2026-09-01 10:00:00", "start_date": "2026-09-01", "start_time": "10:00:00" }),
            "2026-09-01T10:00:00",
        ),
        (
            json!({ "start": "2026-09-01 12:00:00", "start_date": "2026-09-01", "start_time": "12:00:00",
                "start_utc": "2026-09-01 10:00:00" }),
            "2026-09-01T10:00:00Z",
        ),
        (
            json!({ "start": "2026-09-01 00:00:00", "start_date": "2026-09-01", "start_time": null,
                "start_utc": "2026-09-01 00:00:00" }),
            "2026-09-01",
        ),
        (json!({ "start_utc": "2026-09-01 10:00:00" }), "2026-09-01T10:00:00Z"),
        (json!({ "start": "2026-09-01" }), "2026-09-01"),
        (json!({ "start_date": "2026-09-01", "start_time": "10:00:00" }), "2026-09-01T10:00:00"),
    ] {
        assert_eq!(alone.decode(std::slice::from_ref(&value)), json!(want), "{value}");
    }
    let span = settings("enabled", "enabled");
    let value = json!({ "start_date": "2026-09-01", "start_time": null, "end_date": "2026-09-01", "end_time": null });
    assert_eq!(span.decode(&[value]), json!({ "start": "2026-09-01", "end": null }));
    let value = json!({ "start_date": "2026-09-01", "end_date": "2026-09-02", "end_time": null });
    assert_eq!(span.decode(&[value]), json!({ "start": "2026-09-01", "end": "2026-09-02" }));
    assert_eq!(span.decode(&[json!({ "else": 1 })]), json!({ "else": 1 }));
}
