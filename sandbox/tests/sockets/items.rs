//! Items: created, read, updated, deleted, and found by their external id.

use serde_json::{Value, json};

use crate::client::{JSON, OAUTH2, call, create, get, send};
use crate::sandbox;

#[tokio::test]
async fn an_item_of_a_lenient_app_takes_any_field() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let body = r#"{"external_id":"x-1","fields":{"title":"Büro","amount":"1.50"}}"#;
    let created = send(addr, "POST /item/app/7/", &[OAUTH2, JSON], body).await.json();
    let id = created["item_id"].as_u64().expect("an id");
    assert!(id > 1 << 31);
    assert_eq!(created["title"], "Büro");
    let item = get(addr, &format!("/item/{id}"), OAUTH2).await.json();
    assert_eq!(
        (&item["item_id"], &item["external_id"], &item["app"]["app_id"]),
        (&json!(id), &json!("x-1"), &json!(7))
    );
    assert_eq!(item["fields"][0]["values"], json!([{"value": "1.50"}]));
    let change = send(addr, &format!("PUT /item/{id}"), &[OAUTH2], r#"{"fields":{"title":"Werk"}}"#).await;
    assert_eq!((change.status, change.json()), (200, json!({"revision": 1, "title": "Werk"})));
    let stale = send(addr, &format!("PUT /item/{id}"), &[OAUTH2], r#"{"revision":0}"#).await;
    assert_eq!((stale.status, &stale.json()["error"]), (409, &json!("conflict")));
    let gone = send(addr, &format!("DELETE /item/{id}"), &[OAUTH2], "").await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    for call in ["GET", "DELETE"] {
        assert_eq!(send(addr, &format!("{call} /item/{id}"), &[OAUTH2], "").await.status, 410);
    }
}

#[tokio::test]
async fn the_item_that_is_there_from_the_start_has_podio_s_form() {
    let sandbox = sandbox("{}").await;
    let item = get(sandbox.podio_addr(), "/item/3352054999", OAUTH2).await.json();
    assert_eq!(
        (&item["title"], &item["revision"], &item["external_id"]),
        (&json!("Acme Ltd"), &json!(0), &json!("crm-17"))
    );
    let fields: Vec<_> = item["fields"].as_array().expect("a list").iter().map(|f| f["external_id"].clone()).collect();
    assert_eq!(fields, ["title", "stage", "due", "amount", "weighted"]);
    assert_eq!(item["app"]["config"]["name"], "Leads");
    assert_eq!(item["created_by"]["user_id"], 7_700_123);
    let revision = &item["current_revision"];
    assert_eq!((&revision["type"], &revision["created_on"]), (&json!("creation"), &item["created_on"]));
}

#[tokio::test]
async fn the_oldest_item_with_an_external_id_is_found() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let path = "/item/app/30816001/external_id/a%2Fb%20c";
    assert_eq!(get(addr, path, OAUTH2).await.status, 404);
    let body = json!({"external_id": "a/b c", "fields": {"title": "A"}});
    let (first, second) = (create(addr, 30_816_001, &body).await, create(addr, 30_816_001, &body).await);
    create(addr, 30_816_002, &json!({"external_id": "a/b c", "fields": {"name": "A"}})).await;
    assert_eq!(get(addr, path, OAUTH2).await.json()["item_id"], first);
    send(addr, &format!("DELETE /item/{first}"), &[OAUTH2], "").await;
    assert_eq!(get(addr, path, OAUTH2).await.json()["item_id"], second);
    call(addr, &format!("PUT /item/{second}"), &json!({"external_id": null})).await;
    assert_eq!(get(addr, path, OAUTH2).await.status, 404);
}

#[tokio::test]
async fn a_change_is_partial_and_an_empty_list_clears() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let item = "/item/3352054999";
    let change = json!({"revision": 0, "fields": {"stage": [], "due": null, "score": 7}, "tags": ["hot"]});
    let changed = call(addr, &format!("PUT {item}"), &change).await;
    assert_eq!(changed, (200, json!({"revision": 1, "title": "Acme Ltd"})));
    let shown = get(addr, item, OAUTH2).await.json();
    let fields: Vec<_> = shown["fields"].as_array().expect("a list").iter().map(|f| f["external_id"].clone()).collect();
    assert_eq!(
        (fields, &shown["tags"]),
        (vec![json!("title"), json!("amount"), json!("score"), json!("weighted")], &json!(["hot"]))
    );
    let (status, stale) = call(addr, &format!("PUT {item}"), &change).await;
    assert_eq!((status, &stale["error"]), (409, &json!("conflict")));
    let description = stale["error_description"].as_str().expect("a text");
    assert!(description.contains("its revision is 1"), "{description}");
}

#[tokio::test]
async fn required_fields_and_fields_of_the_app_are_demanded() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let company = create(addr, 30_816_002, &json!({"fields": {"name": "Acme"}})).await;
    for (line, body, problem) in [
        (
            "POST /item/app/30816002/".to_owned(),
            json!({"fields": {"size": 1}}),
            "the field \"Name\" (name) is required",
        ),
        ("POST /item/app/30816002/".to_owned(), json!({}), "the field \"Name\" (name) is required"),
        (format!("PUT /item/{company}"), json!({"fields": {"name": []}}), "the field \"Name\" (name) is required"),
        (
            format!("PUT /item/{company}"),
            json!({"fields": {"none": 1}}),
            "Invalid value \"none\" (string): No field found",
        ),
        ("POST /item/app/30816001/".to_owned(), json!({"fields": {"old-source": "x"}}), "No field found"),
        ("POST /item/app/30816001/".to_owned(), json!({"fields": {"campaign": "x"}}), "No field found"),
        ("POST /item/app/30816001/".to_owned(), json!({"fields": ["x"]}), "must have external_id or field_id"),
        ("POST /item/app/30816001/".to_owned(), json!({"file_ids": [1]}), "there is no such file"),
        ("POST /item/app/30816001/".to_owned(), json!({"external_id": 1}), "(external_id)"),
    ] {
        let (status, answer) = call(addr, &line, &body).await;
        let description = answer["error_description"].as_str().unwrap_or_default();
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_value")), "{line} {body}");
        assert!(description.contains(problem), "{line} {body}: {description}");
    }
    assert_eq!(call(addr, &format!("PUT /item/{company}"), &json!({"fields": {"size": 2}})).await.0, 200);
    assert_eq!(call(addr, "POST /item/app/30816002/", &Value::Null).await.0, 404, "no body");
}
