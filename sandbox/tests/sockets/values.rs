//! The values of fields of every type: how they are stated, how they are shown, and which are refused.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, create, get, send};
use crate::sandbox;

const APP: u64 = 30_816_001;
const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=edge");

/// Uploads a file of a media type and returns its id.
pub(crate) async fn upload(addr: SocketAddr, name: &str, media_type: &str) -> u64 {
    let body = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"source\"; filename=\"{name}\"\r\n\
         content-type: {media_type}\r\n\r\nabc\r\n--edge--\r\n"
    );
    let file = send(addr, "POST /file/", &[OAUTH2, MULTIPART], body).await.json();
    file["file_id"].as_u64().expect("an id")
}

/// The values of one field after an item was created with it.
async fn shown(addr: SocketAddr, field: &str, stated: &Value) -> Value {
    let id = create(addr, APP, &json!({"fields": {field: stated}})).await;
    let item = get(addr, &format!("/item/{id}"), OAUTH2).await.json();
    let mut fields = item["fields"].as_array().expect("a list").iter();
    fields.find(|shown| shown["external_id"] == field).map_or(Value::Null, |shown| shown["values"].clone())
}

#[tokio::test]
async fn simple_values_are_shown_as_podio_shows_them() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let open = json!([{"value": {"id": 3, "text": "Open", "status": "active", "color": "DCEBD8"}}]);
    for (field, stated, expected) in [
        ("title", json!("Acme"), json!([{"value": "Acme"}])),
        ("title", json!([{"value": "Acme"}]), json!([{"value": "Acme"}])),
        ("notes", json!("<p>a</p>"), json!([{"value": "<p>a</p>"}])),
        ("score", json!(-7.5), json!([{"value": "-7.5000"}])),
        ("score", json!("12"), json!([{"value": "12.0000"}])),
        ("probability", json!(42), json!([{"value": 42}])),
        ("effort", json!(93_784), json!([{"value": 93_784}])),
        ("hotline", json!("+45 12"), json!([{"value": "+45 12"}])),
        ("labels", json!(["a", "b"]), json!([{"value": "a"}, {"value": "b"}])),
        ("stage", json!(3), open.clone()),
        ("stage", json!("Open"), open.clone()),
        ("stage", json!([{"value": 3}]), open),
        ("satisfaction", json!("Happy"), json!([{"value": {"id": 1, "text": "Happy", "status": "active"}}])),
        ("amount", json!({"value": "1.5", "currency": "EUR"}), json!([{"value": "1.5000", "currency": "EUR"}])),
        ("email", json!({"type": "work", "value": "a@b.test"}), json!([{"type": "work", "value": "a@b.test"}])),
        (
            "phone",
            json!([{"type": "main", "value": "1"}, {"type": "home", "value": "2"}]),
            json!([{"type": "main", "value": "1"}, {"type": "home", "value": "2"}]),
        ),
        ("address", json!("Paris"), json!([{"value": "Paris", "formatted": "Paris", "map_in_sync": false}])),
        ("title", json!([]), Value::Null),
    ] {
        assert_eq!(shown(addr, field, &stated).await, expected, "{field} {stated}");
    }
    let channels = shown(addr, "channels", &json!([2, "Fair"])).await;
    assert_eq!((&channels[0]["value"]["text"], &channels[1]["value"]["id"]), (&json!("Web"), &json!(1)));
    let due = shown(addr, "due", &json!({"start_date": "2026-09-01", "start_time": "10:00:00"})).await;
    assert_eq!(
        (&due[0]["start"], &due[0]["start_utc"]),
        (&json!("2026-09-01 10:00:00"), &json!("2026-09-01 08:00:00"))
    );
    let period = shown(addr, "period", &json!({"start": "2026-09-01", "end_date": "2026-09-03"})).await;
    assert_eq!((&period[0]["start_time"], &period[0]["end_date"]), (&Value::Null, &json!("2026-09-03")));
    assert_eq!(shown(addr, "901", &json!("by id")).await, Value::Null, "shown under its external id");
}

#[tokio::test]
async fn references_are_shown_with_what_they_refer_to() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let company = create(addr, 30_816_002, &json!({"fields": {"name": "Acme"}})).await;
    let companies = shown(addr, "company", &json!([company])).await;
    assert_eq!((&companies[0]["value"]["item_id"], &companies[0]["value"]["title"]), (&json!(company), &json!("Acme")));
    assert_eq!(companies[0]["value"]["app"]["config"]["name"], "Companies");
    for stated in
        [json!(8_800_457), json!({"type": "user", "id": 7_700_124}), json!({"type": "mail", "id": "ann@example.test"})]
    {
        let owner = shown(addr, "owner", &stated).await;
        assert_eq!(
            (&owner[0]["value"]["profile_id"], &owner[0]["value"]["name"]),
            (&json!(8_800_457), &json!("Ann Smith"))
        );
    }
    let (photo, contract) = (upload(addr, "a.png", "image/png").await, upload(addr, "b.pdf", "application/pdf").await);
    let photos = shown(addr, "photo", &json!(photo)).await;
    assert_eq!((&photos[0]["value"]["file_id"], &photos[0]["value"]["mimetype"]), (&json!(photo), &json!("image/png")));
    assert_eq!(photos[0]["value"]["link"], format!("http://{addr}/file/{photo}/raw"));
    assert_eq!(shown(addr, "contract", &json!([contract])).await[0]["value"]["name"], "b.pdf");
    let embed = call(addr, "POST /embed/", &json!({"url": "https://podio.example/a"})).await.1;
    let by_id = shown(addr, "website", &json!({"embed": embed["embed_id"], "file": null})).await;
    assert_eq!((&by_id[0]["embed"]["url"], &by_id[0]["file"]), (&json!("https://podio.example/a"), &Value::Null));
    let by_url = shown(addr, "website", &json!([{"url": "https://podio.example/b"}])).await;
    assert_eq!(by_url[0]["embed"]["original_url"], "https://podio.example/b");

    let lead = create(addr, APP, &json!({"fields": {"company": company}, "file_ids": [contract]})).await;
    send(addr, &format!("DELETE /item/{company}"), &[OAUTH2], "").await;
    let item = get(addr, &format!("/item/{lead}"), OAUTH2).await.json();
    assert_eq!(item["fields"], json!([]), "a reference to a deleted item is not shown");
    assert_eq!((&item["files"][0]["name"], &item["file_count"]), (&json!("b.pdf"), &json!(1)));
}

#[tokio::test]
async fn a_calculation_shows_the_number_of_its_script_s_field() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let id = create(addr, APP, &json!({"fields": {"amount": {"value": 12.5, "currency": "USD"}}})).await;
    let item = get(addr, &format!("/item/{id}"), OAUTH2).await.json();
    let weighted = &item["fields"][1];
    assert_eq!((&weighted["type"], &weighted["values"]), (&json!("calculation"), &json!([{"value": "12.5000"}])));
}

#[tokio::test]
async fn a_wrong_value_is_refused_and_names_its_field() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let pdf = upload(addr, "b.pdf", "application/pdf").await;
    for (field, stated, problem) in [
        ("title", json!(7), "Invalid value 7 (integer): must be string (field \"Title\", title)"),
        ("title", json!(["a", "b"]), "must have at most 1 value(s)"),
        ("score", json!("many"), "must be a decimal (field \"Score\", score)"),
        ("probability", json!(101), "must not be larger than 100"),
        ("probability", json!("5"), "must be integer"),
        ("effort", json!(-1), "must not be less than 0"),
        ("stage", json!("Purple"), "must be an option's id or text: 1 \"New\", 2 \"Contacted\""),
        ("stage", json!(6), "must be an option's id or text"),
        ("stage", json!([1, 2]), "must have at most 1 value(s)"),
        ("amount", json!(5), "must be object"),
        ("amount", json!({"value": 5, "currency": "DKK"}), "one of USD, EUR"),
        ("due", json!("2026-09-01"), "must be object"),
        ("due", json!({"start_date": "2026-09-01", "end_date": "2026-09-02"}), "must not have an end"),
        ("period", json!({"start": "2026-09-01 10:00:00"}), "must not have a time"),
        ("email", json!("a@b.test"), "must be object"),
        ("phone", json!({"type": "fax", "value": "1"}), "type must be one of mobile"),
        ("website", json!("https://podio.example"), "must be object with embed or url"),
        ("website", json!({"url": "podio"}), "must be an address of the web"),
        ("address", json!(7), "must be string or must be object"),
        ("company", json!("Acme"), "must be integer"),
        ("company", json!(1), "the referenced item is not valid"),
        ("company", json!(3_352_054_999_u64), "an app that the field does not refer to"),
        ("owner", json!(1), "there is no such profile"),
        ("photo", json!(pdf), "the file is no image"),
        ("contract", json!(1), "there is no such file"),
        ("weighted", json!(1), "a field of type calculation cannot be set"),
        ("history", json!("x"), "a field of type separator cannot be set"),
    ] {
        let (status, answer) = call(addr, "POST /item/app/30816001/", &json!({"fields": {field: stated}})).await;
        let description = answer["error_description"].as_str().unwrap_or_default();
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_value")), "{field} {stated}");
        assert!(description.contains(problem) && description.contains(field), "{field} {stated}: {description}");
    }
}

#[tokio::test]
async fn another_definition_changes_what_is_shown() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut app = get(addr, "/app/30816001", OAUTH2).await.json();
    app["fields"][1]["config"]["settings"]["options"][2]["text"] = json!("Warm");
    app["fields"][3]["type"] = json!("text");
    app["fields"][3]["config"]["settings"] = Value::Null;
    sandbox.define_app(APP, &app).expect("a definition");
    let item = get(addr, "/item/3352054999", OAUTH2).await.json();
    let fields: Vec<_> = item["fields"].as_array().expect("a list").iter().map(|f| f["external_id"].clone()).collect();
    assert_eq!(fields, ["title", "stage", "due"], "an amount is no text");
    assert_eq!(item["fields"][1]["values"][0]["value"]["text"], "Warm");
}
