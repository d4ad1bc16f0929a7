//! What is read from an item can be written to another: for every type of field, and every value that it takes.

use proptest::prelude::*;
use serde_json::json;

use super::{given::tests::with, *};

/// A field of the type, with these settings.
fn field(kind: &str, settings: &Value) -> Field {
    let raw = json!({ "external_id": "f", "type": kind, "label": "F", "config": { "settings": settings } });
    Field::read(&raw).expect("a field")
}

/// The item's `values` that Podio makes of what is written (<https://developers.podio.com/doc/items>).
fn stored(field: &Field, written: &Value) -> Vec<Value> {
    let each = |key: &str| {
        let wrap = |value: &Value| if key.is_empty() { value.clone() } else { json!({ "value": { key: value } }) };
        written.as_array().expect("a list").iter().map(wrap).collect()
    };
    match &field.kind {
        Kind::Category(_) => each("id"),
        Kind::Reference(reference) => {
            let key = ["item_id", "profile_id", "file_id"].into_iter().find(|key| {
                reference.decode(&[json!({ "value": { *key: 1 } })]).to_string().trim_matches(['[', ']']) == "1"
            });
            each(key.expect("the key of an id"))
        }
        Kind::Typed(_) => each(""),
        Kind::Tag => written.as_array().expect("a list").iter().map(|tag| json!({ "value": tag })).collect(),
        Kind::Embed => {
            let embed =
                |value: &Value| json!({ "embed": { "embed_id": 5, "original_url": value["url"] }, "file": null });
            written.as_array().expect("a list").iter().map(embed).collect()
        }
        Kind::Date(_) => {
            let mut value = json!({ "start_time": null, "end_time": null });
            for (key, part) in written.as_object().expect("an object") {
                value[key] = part.clone();
            }
            vec![value]
        }
        Kind::Money(_) | Kind::Location => vec![written.clone()],
        Kind::Number => {
            let text = written.as_str().expect("a decimal");
            vec![json!({ "value": if text.contains('.') { format!("{text}00") } else { format!("{text}.0000") } })]
        }
        _ => vec![json!({ "value": written })],
    }
}

fn word() -> impl Strategy<Value = String> {
    "[A-Za-zäöü€\"\\\\]{1,12}( [a-z0-9]{1,6})?"
}

fn moment() -> impl Strategy<Value = (String, u8)> {
    let day = (1_000_u32..=9998, 1_u32..=12, 1_u32..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let time = (0_u32..24, 0_u32..60, 0_u32..60).prop_map(|(h, m, s)| format!("{h:02}:{m:02}:{s:02}"));
    let zone = prop_oneof![Just("Z".to_owned()), (0_u32..14, 0_u32..60).prop_map(|(h, m)| format!("+{h:02}:{m:02}"))];
    prop_oneof![
        day.clone().prop_map(|day| (day, 0)),
        (day.clone(), time.clone()).prop_map(|(day, time)| (format!("{day}T{time}"), 1)),
        (day, time, zone).prop_map(|(day, time, zone)| (format!("{day}T{time}{zone}"), 2)),
    ]
}

/// A field and a value that it takes.
fn pair() -> impl Strategy<Value = (Field, Value)> {
    let options =
        json!({ "options": [{ "id": 1, "text": "Open" }, { "id": 2, "text": "Won" }, { "id": 3, "text": "Won" }] });
    let several = json!({ "multiple": true, "options": options["options"] });
    let ids = || proptest::collection::vec(1_u64.., 1..4).prop_map(|ids| json!(ids));
    let decimal = || (any::<i64>(), 0_u32..10_000).prop_map(|(whole, part)| json!(format!("{whole}.{part:04}")));
    let made = |kind: &'static str, settings: Value, value: BoxedStrategy<Value>| {
        value.prop_map(move |value| (field(kind, &settings), value)).boxed()
    };
    let none = || Value::Null;
    let text = || word().prop_map(Value::from).boxed();
    prop_oneof![
        made("text", none(), text()),
        made("tel", none(), text()),
        made("location", none(), text()),
        made("number", none(), decimal().boxed()),
        made("progress", none(), (0_u64..=100).prop_map(Value::from).boxed()),
        made("duration", none(), any::<u32>().prop_map(Value::from).boxed()),
        made("category", options, prop_oneof![Just(json!("open")), Just(json!(2)), Just(json!("3"))].boxed()),
        made("category", several, Just(json!(["Open", 2, 3])).boxed()),
        made("money", none(), decimal().prop_map(|amount| json!({ "amount": amount, "currency": "eur" })).boxed()),
        made("embed", none(), "[a-z]{1,8}".prop_map(|host| json!([format!("https://{host}.example/x")])).boxed()),
        made(
            "email",
            none(),
            "[a-z]{1,8}@[a-z]{1,8}".prop_map(|mail| json!([mail, { "type": "home", "value": "a@b" }])).boxed()
        ),
        made("phone", none(), "[0-9 +-]{0,8}[0-9]".prop_map(Value::from).boxed()),
        made("app", none(), ids().boxed()),
        made("app", json!({ "multiple": false }), (1_u64..).prop_map(Value::from).boxed()),
        made("contact", none(), ids().boxed()),
        made("file", none(), ids().boxed()),
        made("tag", none(), proptest::collection::vec(word(), 1..4).prop_map(|tags| json!(tags)).boxed()),
        made("date", json!({ "end": "disabled" }), moment().prop_map(|(text, _)| json!(text)).boxed()),
        made(
            "date",
            none(),
            (moment(), moment())
                .prop_filter_map("one kind", |(one, other)| {
                    (one.1 == other.1).then(|| json!({ "start": one.0, "end": other.0 }))
                })
                .boxed()
        ),
        made(
            "date",
            json!({ "end": "required" }),
            moment().prop_map(|(text, _)| json!({ "start": text, "end": text })).boxed()
        ),
    ]
}

proptest! {
    #[test]
    fn what_is_read_can_be_written((field, given) in pair()) {
        // A span may be the wrong way round.
        let Ok(written) = with(&given.to_string(), |given| encode(&field, given)) else {
            prop_assert!(given["start"].is_string(), "{:?} refuses {}", field.kind, given);
            return Ok(());
        };
        let simple = decode(&field, &stored(&field, &written));
        let again = with(&simple.to_string(), |given| encode(&field, given).map_err(|unfit| unfit.to_string()));
        prop_assert_eq!(Ok(written), again, "{}", simple);
    }

    #[test]
    fn any_value_is_taken_or_refused_in_a_short_text(kind in 0_usize..17, json in any_json()) {
        let kinds = [
            "text", "tel", "number", "progress", "duration", "category", "date", "money", "location", "embed", "email",
            "phone", "app", "contact", "file", "tag", "hologram",
        ];
        let field = field(kinds[kind], &Value::Null);
        if let Err(unfit) = with(&json.to_string(), |given| encode(&field, given)) {
            prop_assert!(unfit.to_string().len() < 600, "{}", unfit);
        }
        decode(&field, &[json.clone(), json!({ "value": json })]);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![Just("value"), Just("start"), Just("amount"), Just("url"), Just("id"), Just("lat")];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()),
        ]
    })
}

#[test]
fn an_item_s_values_are_found_by_name() {
    let fields = json!([
        { "external_id": "title", "type": "text", "label": "Title", "values": [{ "value": "Acme" }] },
        { "external_id": "stage", "type": "category", "values": [{ "value": { "id": 2, "text": "Won" } }] },
        { "external_id": "sum", "type": "calculation", "values": [{ "value": "12.5000" }] },
        { "type": "text", "values": [] },
    ]);
    let fields = fields.as_array().expect("a list");
    assert_eq!(Value::Object(by_name(fields, None)), json!({ "title": "Acme", "stage": "Won", "sum": 12.5 }));
    let app = App::read(
        r#"{"app_id":1,"fields":[{"external_id":"stage","type":"category","config":{"settings":{"multiple":true}}}]}"#,
    );
    assert_eq!(by_name(fields, app.as_ref())["stage"], json!(["Won"]), "the app says that there can be several");
}
