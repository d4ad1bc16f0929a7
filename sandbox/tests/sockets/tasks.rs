//! Tasks.

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, get, send};
use crate::sandbox;

#[tokio::test]
async fn a_task_is_created_on_an_item_completed_and_deleted() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    send(addr, "PUT /_sandbox/clock", &[], "2026-08-20 09:10:11").await;
    let body = json!({
        "text": "Call", "description": "Ask for Ann", "due_date": "2026-09-01", "due_time": "10:00",
        "responsible": 7_700_124, "labels": ["urgent"],
    });
    let (status, task) = call(addr, "POST /task/item/3352054999/", &body).await;
    assert_eq!((status, &task["status"], &task["text"]), (200, &json!("active"), &json!("Call")));
    assert_eq!((&task["due_time"], &task["due_on"]), (&json!("10:00:00"), &json!("2026-09-01 08:00:00")));
    assert_eq!(task["ref"], json!({"type": "item", "id": 3_352_054_999_u64, "title": "Acme Ltd"}));
    assert_eq!((&task["responsible"]["name"], &task["space_id"]), (&json!("Ann Smith"), &json!(2_720_001)));
    assert_eq!(task["labels"][0]["text"], "urgent");
    let path = format!("/task/{}", task["task_id"]);
    assert_eq!(get(addr, &path, OAUTH2).await.json(), task);
    for (action, status, completed) in
        [("complete", "completed", json!("2026-08-20 09:10:11")), ("incomplete", "active", Value::Null)]
    {
        assert_eq!(call(addr, &format!("POST {path}/{action}"), &Value::Null).await, (204, Value::Null));
        let task = get(addr, &path, OAUTH2).await.json();
        assert_eq!((&task["status"], &task["completed_on"]), (&json!(status), &completed));
    }
    assert_eq!(send(addr, &format!("DELETE {path}"), &[OAUTH2], "").await.status, 204);
    assert_eq!(get(addr, &path, OAUTH2).await.status, 404);
}

#[tokio::test]
async fn several_people_get_a_task_each() {
    let sandbox = sandbox("{}").await;
    let people = json!([7_700_123, {"type": "mail", "id": "bo@example.test"}]);
    let body = json!({"text": "A", "responsible": people, "ref_type": "space", "ref_id": 2_720_001});
    let (status, tasks) = call(sandbox.podio_addr(), "POST /task/", &body).await;
    let names: Vec<_> =
        tasks.as_array().expect("a list").iter().map(|task| task["responsible"]["name"].clone()).collect();
    assert_eq!((status, names), (200, vec![json!("Ops Bot"), json!("Bo Larsen")]));
    assert_ne!(tasks[0]["task_id"], tasks[1]["task_id"]);
}

#[tokio::test]
async fn the_due_time_is_stated_in_either_zone() {
    let sandbox = sandbox("{}").await;
    for (stated, due_date, due_time) in [
        (json!({"due_on": "2026-12-31 23:30:00"}), json!("2027-01-01"), json!("00:30:00")),
        (json!({"due_date": "2026-12-31"}), json!("2026-12-31"), Value::Null),
        (json!({}), Value::Null, Value::Null),
    ] {
        let mut body = stated.clone();
        body["text"] = json!("A");
        let task = call(sandbox.podio_addr(), "POST /task/", &body).await.1;
        assert_eq!((&task["due_date"], &task["due_time"]), (&due_date, &due_time), "{stated}");
    }
}

#[tokio::test]
async fn what_is_no_task_is_refused() {
    let sandbox = sandbox("{}").await;
    for (line, body, status) in [
        ("POST /task/", json!({}), 400),
        ("POST /task/", json!({"text": ""}), 400),
        ("POST /task/", json!({"text": "A", "due_date": "tomorrow"}), 400),
        ("POST /task/", json!({"text": "A", "due_date": "2026-09-01", "due_time": "25:00"}), 400),
        ("POST /task/", json!({"text": "A", "responsible": 1}), 400),
        ("POST /task/", json!({"text": "A", "ref_type": "colour", "ref_id": 1}), 400),
        ("POST /task/", json!({"text": "A", "file_ids": [1]}), 400),
        ("POST /task/item/1/", json!({"text": "A"}), 404),
        ("POST /task/app/30816003/", json!({"text": "A"}), 403),
        ("POST /task/task/1/", json!({"text": "A"}), 404),
        ("POST /task/1/complete", Value::Null, 404),
    ] {
        assert_eq!(call(sandbox.podio_addr(), line, &body).await.0, status, "{line} {body}");
    }
}
