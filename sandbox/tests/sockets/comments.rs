//! Comments, and files that are bound to objects.

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, create, get, send};
use crate::sandbox;
use crate::values::upload;

const ITEM: &str = "/item/3352054999";

#[tokio::test]
async fn a_comment_moves_the_last_event_and_not_the_last_edit() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let edited = get(addr, ITEM, OAUTH2).await.json()["current_revision"]["created_on"].clone();
    send(addr, "PUT /_sandbox/clock", &[], "2030-01-01 00:00:00").await;
    let file = upload(addr, "b.pdf", "application/pdf").await;
    let body = json!({"value": "A <b>\nC", "file_ids": [file]});
    let (status, comment) = call(addr, "POST /comment/item/3352054999/", &body).await;
    let id = comment["comment_id"].as_u64().expect("an id");
    assert_eq!((status, &comment["value"]), (200, &json!("A <b>\nC")));
    assert_eq!(
        (&comment["rich_value"], &comment["files"][0]["name"]),
        (&json!("<p>A &lt;b&gt;<br />C</p>"), &json!("b.pdf"))
    );
    assert_eq!(comment["ref"], json!({"type": "item", "id": 3_352_054_999_u64}));
    let item = get(addr, ITEM, OAUTH2).await.json();
    assert_eq!((&item["comments"], &item["comment_count"]), (&json!([comment]), &json!(1)));
    assert_eq!((&item["last_event_on"], &item["revision"]), (&json!("2030-01-01 00:00:00"), &json!(0)));
    assert_eq!(item["current_revision"]["created_on"], edited);
    send(addr, "PUT /_sandbox/clock", &[], "2030-01-02 00:00:00").await;
    call(addr, "POST /comment/item/3352054999/?silent=true", &json!({"value": "B"})).await;
    assert_eq!(get(addr, ITEM, OAUTH2).await.json()["last_event_on"], "2030-01-01 00:00:00");
    assert_eq!(get(addr, "/comment/item/3352054999/", OAUTH2).await.json()[1]["value"], "B");
    assert_eq!(get(addr, &format!("/comment/{id}"), OAUTH2).await.json(), comment);
    assert_eq!(send(addr, &format!("DELETE /comment/{id}"), &[OAUTH2], "").await.status, 204);
    assert_eq!(get(addr, &format!("/comment/{id}"), OAUTH2).await.status, 404);
}

#[tokio::test]
async fn a_comment_needs_a_text_and_an_object() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let gone = create(addr, 7, &json!({})).await;
    send(addr, &format!("DELETE /item/{gone}"), &[OAUTH2], "").await;
    for (line, body, status) in [
        ("POST /comment/item/3352054999/".to_owned(), json!({}), 400),
        ("POST /comment/item/3352054999/".to_owned(), json!({"value": 7}), 400),
        ("POST /comment/item/3352054999/".to_owned(), json!({"value": "A", "file_ids": [1]}), 400),
        ("POST /comment/item/3352054999/".to_owned(), Value::Null, 404),
        ("POST /comment/item/1/".to_owned(), json!({"value": "A"}), 404),
        (format!("POST /comment/item/{gone}/"), json!({"value": "A"}), 410),
        ("POST /comment/app/30816001/".to_owned(), json!({"value": "A"}), 404),
        ("POST /comment/nothing/1/".to_owned(), json!({"value": "A"}), 404),
    ] {
        assert_eq!(call(addr, &line, &body).await.0, status, "{line} {body}");
    }
}

#[tokio::test]
async fn an_uploaded_file_is_bound_to_an_item_or_a_task() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let file = upload(addr, "a.png", "image/png").await;
    let attach = format!("POST /file/{file}/attach");
    for _ in 0..2 {
        let item = json!({"ref_type": "item", "ref_id": 3_352_054_999_u64});
        assert_eq!(call(addr, &attach, &item).await, (204, Value::Null));
    }
    let item = get(addr, ITEM, OAUTH2).await.json();
    assert_eq!((&item["file_count"], &item["files"][0]["file_id"]), (&json!(1), &json!(file)));
    let task = call(addr, "POST /task/", &json!({"text": "A"})).await.1["task_id"].clone();
    assert_eq!(call(addr, &attach, &json!({"ref_type": "task", "ref_id": task})).await.0, 204);
    assert_eq!(get(addr, &format!("/task/{task}"), OAUTH2).await.json()["files"][0]["name"], "a.png");
    assert_eq!(call(addr, &format!("PUT {ITEM}"), &json!({"file_ids": []})).await.0, 200);
    assert_eq!(get(addr, ITEM, OAUTH2).await.json()["files"], json!([]));
    for (body, status) in [
        (json!({"ref_type": "item", "ref_id": 1}), 404),
        (json!({"ref_type": "space", "ref_id": 2_720_001}), 400),
        (json!({"ref_type": "nothing", "ref_id": 1}), 400),
        (json!({}), 400),
    ] {
        assert_eq!(call(addr, &attach, &body).await.0, status, "{body}");
    }
    let item = json!({"ref_type": "item", "ref_id": 3_352_054_999_u64});
    assert_eq!(call(addr, "POST /file/1/attach", &item).await.0, 404);
}
