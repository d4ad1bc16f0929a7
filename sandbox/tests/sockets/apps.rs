//! Organizations, spaces and apps.

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, get};
use crate::sandbox;

const LEADS: &str = "/app/30816001";

async fn names(addr: std::net::SocketAddr, path: &str) -> Vec<Value> {
    let apps = get(addr, path, OAUTH2).await.json();
    apps.as_array().expect("a list").iter().map(|app| app["config"]["name"].clone()).collect()
}

#[tokio::test]
async fn from_an_organization_one_comes_to_its_spaces_and_apps() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let organizations = get(addr, "/org/", OAUTH2).await.json();
    let spaces: Vec<_> = organizations.as_array().expect("a list").iter().map(|org| org["spaces"].clone()).collect();
    assert_eq!((spaces.len(), &spaces[0][0]["name"], &spaces[0][1]["name"]), (2, &json!("Sales"), &json!("Support")));
    assert_eq!(names(addr, "/app/space/2720001/").await, ["Leads", "Companies"]);
    assert_eq!(names(addr, "/app/space/2730001/").await, Vec::<Value>::new());
    assert_eq!(names(addr, "/app/v2/").await, ["Leads", "Companies", "Tickets"]);
}

#[tokio::test]
async fn an_app_shows_fields_of_every_type_with_their_settings() {
    let sandbox = sandbox("{}").await;
    let app = get(sandbox.podio_addr(), LEADS, OAUTH2).await.json();
    assert_eq!((&app["current_revision"], &app["space_id"]), (&json!(3), &json!(2_720_001)));
    let fields = app["fields"].as_array().expect("a list");
    for kind in [
        "text",
        "category",
        "date",
        "money",
        "number",
        "progress",
        "duration",
        "tel",
        "location",
        "embed",
        "email",
        "phone",
        "app",
        "contact",
        "image",
        "file",
        "tag",
        "calculation",
        "question",
        "separator",
    ] {
        assert!(fields.iter().any(|field| field["type"] == kind), "{kind}");
    }
    let stage = &fields[1];
    assert_eq!(
        (&stage["field_id"], &stage["external_id"], &stage["label"]),
        (&json!(902), &json!("stage"), &json!("Stage"))
    );
    assert_eq!(stage["config"]["settings"]["options"][2]["text"], "Open");
    assert_eq!((&stage["config"]["required"], &stage["config"]["delta"]), (&json!(false), &json!(1)));
    let statuses: Vec<_> = fields.iter().rev().take(3).map(|field| field["status"].clone()).collect();
    assert_eq!(statuses, ["deleted", "inactive", "active"]);
}

#[tokio::test]
async fn what_the_user_may_not_see_is_forbidden_and_what_is_not_there_is_not_found() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let filter = json!({});
    for (line, body, status) in [
        ("GET /app/30816003", &Value::Null, 403),
        ("GET /app/space/2720002/", &Value::Null, 403),
        ("POST /item/app/30816003/", &json!({"fields": {}}), 403),
        ("POST /item/app/30816003/filter/", &filter, 403),
        ("GET /item/app/30816003/external_id/x", &Value::Null, 403),
        ("GET /app/30819999", &Value::Null, 404),
        ("GET /app/space/1/", &Value::Null, 404),
        ("POST /item/app/30819999/", &json!({"fields": {}}), 404),
        ("POST /item/app/30819999/filter/", &filter, 404),
    ] {
        let (seen, answer) = call(addr, line, body).await;
        let error = if status == 403 { "forbidden" } else { "not_found" };
        assert_eq!((seen, &answer["error"]), (status, &json!(error)), "{line}");
    }
}

#[tokio::test]
async fn a_definition_can_be_replaced_and_added() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut app = get(addr, LEADS, OAUTH2).await.json();
    app["fields"][1]["config"]["settings"]["options"][0]["text"] = json!("Fresh");
    let replaced = call(addr, "PUT /_sandbox/apps/30816001", &app).await;
    assert_eq!(replaced, (200, json!({"app_id": 30_816_001, "current_revision": 4})));
    let app = get(addr, LEADS, OAUTH2).await.json();
    assert_eq!(app["current_revision"], 4);
    assert_eq!(app["fields"][1]["config"]["settings"]["options"][0]["text"], "Fresh");
    let new = json!({"config": {"name": "New"}, "fields": [{"external_id": "name", "type": "text"}]});
    assert_eq!(sandbox.define_app(31_000_000, &new), Ok(0));
    let app = get(addr, "/app/31000000", OAUTH2).await.json();
    assert_eq!((&app["config"]["name"], &app["fields"][0]["label"]), (&json!("New"), &json!("name")));
    for (definition, problem) in [
        (json!({"fields": []}), "config"),
        (json!({"config": {}}), "config.name is missing"),
        (json!({"config": {"name": "New"}, "fields": [{"external_id": "a", "type": "colour"}]}), "`colour`"),
    ] {
        let refused = sandbox.define_app(31_000_000, &definition).expect_err("a wrong definition");
        assert!(refused.contains(problem), "{refused}");
        let over_http = crate::client::send(addr, "PUT /_sandbox/apps/31000000", &[], definition.to_string()).await;
        assert_eq!(over_http.status, 400);
    }
}
