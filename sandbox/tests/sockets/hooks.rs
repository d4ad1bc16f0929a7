//! Hooks: made, verified, called and deleted.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, create, get, send};
use crate::receiver::{Form, Receiver};
use crate::sandbox;
use crate::values::upload;

const LEADS: &str = "app/30816001";

/// Makes a hook and returns its id, after its verification has come.
async fn hook(addr: SocketAddr, receiver: &mut Receiver, on: &str, event: &str) -> (u64, Form) {
    let body = json!({"url": format!("http://{}/hooks?flow=1", receiver.addr), "type": event});
    let (status, made) = call(addr, &format!("POST /hook/{on}/"), &body).await;
    assert_eq!(status, 200, "{made}");
    (made["hook_id"].as_u64().expect("an id"), receiver.next().await)
}

/// Makes a hook and verifies it.
async fn active_hook(addr: SocketAddr, receiver: &mut Receiver, on: &str, event: &str) -> u64 {
    let (id, form) = hook(addr, receiver, on, event).await;
    let validated = call(addr, &format!("POST /hook/{id}/verify/validate"), &json!({"code": form["code"]})).await;
    assert_eq!(validated, (204, Value::Null));
    id
}

fn of(form: &Form, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| form.get(*name).cloned().unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_hook_is_inactive_until_its_receiver_returns_the_code() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut receiver = Receiver::start(200).await;
    let (id, form) = hook(addr, &mut receiver, LEADS, "item.create").await;
    assert_eq!(of(&form, &["@", "type", "hook_id", "flow"]), ["/hooks", "hook.verify", &id.to_string(), "1"]);
    let list = format!("/hook/{LEADS}/");
    let listed = get(addr, &list, OAUTH2).await.json();
    assert_eq!((&listed[0]["hook_id"], &listed[0]["status"]), (&json!(id), &json!("inactive")));
    assert_eq!(listed[0]["url"], format!("http://{}/hooks?flow=1", receiver.addr));
    create(addr, 30_816_001, &json!({"fields": {}})).await;
    receiver.expect_nothing().await;

    let validate = format!("POST /hook/{id}/verify/validate");
    let (status, wrong) = call(addr, &validate, &json!({"code": "guess"})).await;
    assert_eq!((status, &wrong["error"]), (400, &json!("invalid_value")));
    assert_eq!(call(addr, &format!("POST /hook/{id}/verify/request"), &Value::Null).await.0, 204);
    let again = receiver.next().await;
    assert_eq!(again["code"], form["code"]);
    assert_eq!(call(addr, &validate, &json!({"code": again["code"]})).await.0, 204);
    assert_eq!(get(addr, &list, OAUTH2).await.json()[0]["status"], "active");
    create(addr, 30_816_001, &json!({"fields": {}})).await;
    assert_eq!(receiver.next().await["type"], "item.create");

    assert_eq!(send(addr, &format!("DELETE /hook/{id}"), &[OAUTH2], "").await.status, 204);
    create(addr, 30_816_001, &json!({"fields": {}})).await;
    receiver.expect_nothing().await;
    assert_eq!(get(addr, &list, OAUTH2).await.json(), json!([]));
    assert_eq!(call(addr, &validate, &json!({"code": form["code"]})).await.0, 404);
}

#[tokio::test]
async fn changes_of_items_are_told_unless_the_caller_forbids_it() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut receiver = Receiver::start(200).await;
    for event in ["item.create", "item.update", "item.delete", "comment.create", "comment.delete", "file.change"] {
        active_hook(addr, &mut receiver, LEADS, event).await;
    }
    let file = upload(addr, "a.png", "image/png").await;
    let id = create(addr, 30_816_001, &json!({"external_id": "x y", "fields": {"title": "A"}})).await;
    let item = get(addr, &format!("/item/{id}"), OAUTH2).await.json();
    let revision = item["current_revision"]["item_revision_id"].to_string();
    let created = receiver.next().await;
    let names = ["type", "item_id", "item_revision_id", "external_id"];
    assert_eq!(of(&created, &names), ["item.create", &id.to_string(), &revision, "x y"]);
    for (line, body, event) in [
        (format!("PUT /item/{id}"), json!({"fields": {"title": "B"}}), "item.update"),
        (format!("POST /comment/item/{id}/"), json!({"value": "A"}), "comment.create"),
        (format!("POST /file/{file}/attach"), json!({"ref_type": "item", "ref_id": id}), "file.change"),
    ] {
        let (path, query) = (line.clone(), format!("{line}?hook=false"));
        assert!(call(addr, &query, &body).await.0 < 300, "{query}");
        let (status, answer) = call(addr, &path, &body).await;
        assert!(status < 300, "{path}: {answer}");
        let form = receiver.next().await;
        assert_eq!(of(&form, &["type", "item_id"]), [event, &id.to_string()]);
        if event == "comment.create" {
            assert_eq!(form["comment_id"], answer["comment_id"].to_string());
            send(addr, &format!("DELETE /comment/{}", form["comment_id"]), &[OAUTH2], "").await;
            assert_eq!(receiver.next().await["type"], "comment.delete");
        }
        if event == "file.change" {
            assert_eq!(of(&form, &["action_type", "file_ids"]), ["file_created", &file.to_string()]);
        }
    }
    create(addr, 30_816_002, &json!({"fields": {"name": "another app"}})).await;
    call(addr, "POST /item/app/30816001/?hook=0", &json!({"fields": {}})).await;
    send(addr, &format!("DELETE /item/{id}"), &[OAUTH2], "").await;
    assert_eq!(of(&receiver.next().await, &["type", "item_id"]), ["item.delete", &id.to_string()]);
    receiver.expect_nothing().await;
}

#[tokio::test]
async fn a_hook_on_a_field_is_called_for_its_changes_alone() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut receiver = Receiver::start(200).await;
    active_hook(addr, &mut receiver, "app_field/902", "item.update").await;
    active_hook(addr, &mut receiver, "app_field/921", "item.update").await;
    for (fields, called) in [
        (json!({"title": "A"}), false),
        (json!({"stage": "Open"}), false),
        (json!({"stage": "Won"}), true),
        (json!({"amount": {"value": 9, "currency": "USD"}}), false),
        (json!({"stage": []}), true),
    ] {
        call(addr, "PUT /item/3352054999", &json!({"fields": fields})).await;
        if called {
            assert_eq!(receiver.next().await["type"], "item.update", "{fields}");
        } else {
            receiver.expect_nothing().await;
        }
    }
}

#[tokio::test]
async fn a_hook_on_a_space_is_told_of_tasks_and_apps() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut receiver = Receiver::start(200).await;
    for event in ["task.create", "task.update", "task.delete", "app.create"] {
        active_hook(addr, &mut receiver, "space/2720001", event).await;
    }
    active_hook(addr, &mut receiver, LEADS, "app.update").await;
    let task = call(addr, "POST /task/item/3352054999/", &json!({"text": "A"})).await.1["task_id"].to_string();
    assert_eq!(of(&receiver.next().await, &["type", "task_id"]), ["task.create", &task]);
    call(addr, &format!("POST /task/{task}/complete"), &Value::Null).await;
    assert_eq!(receiver.next().await["type"], "task.update");
    send(addr, &format!("DELETE /task/{task}?hook=false"), &[OAUTH2], "").await;
    call(addr, "POST /task/", &json!({"text": "of no space"})).await;
    let mut leads = get(addr, &format!("/{LEADS}"), OAUTH2).await.json();
    leads["config"]["name"] = json!("Prospects");
    sandbox.define_app(30_816_001, &leads).expect("a definition");
    assert_eq!(of(&receiver.next().await, &["type", "app_id"]), ["app.update", "30816001"]);
    sandbox.define_app(31_000_000, &leads_copy(&leads)).expect("a definition");
    assert_eq!(of(&receiver.next().await, &["type", "app_id"]), ["app.create", "31000000"]);
    receiver.expect_nothing().await;
}

fn leads_copy(leads: &Value) -> Value {
    json!({"space_id": leads["space_id"], "config": leads["config"]})
}

#[tokio::test]
async fn a_lost_call_is_not_repeated_and_the_next_one_comes() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let mut receiver = Receiver::start(500).await;
    let id = active_hook(addr, &mut receiver, LEADS, "item.create").await;
    for _ in 0..2 {
        create(addr, 30_816_001, &json!({"fields": {}})).await;
        assert_eq!(receiver.next().await["type"], "item.create");
    }
    receiver.expect_nothing().await;
    let gone = json!({"url": "http://127.0.0.1:1/", "type": "item.create"});
    call(addr, &format!("POST /hook/{LEADS}/"), &gone).await;
    let hooks = loop {
        let state = get(addr, "/_sandbox/state", OAUTH2).await.json();
        if state["hooks"][1]["lost"] == 1 {
            break state["hooks"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!((&hooks[0]["hook_id"], &hooks[0]["delivered"], &hooks[0]["lost"]), (&json!(id), &json!(0), &json!(3)));
    assert_eq!(hooks[1]["on"], json!({"type": "app", "id": 30_816_001}));
}

#[tokio::test]
async fn an_object_has_at_most_ten_hooks_of_a_type() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let receiver = Receiver::start(200).await;
    let body = |event: &str| json!({"url": format!("http://{}/", receiver.addr), "type": event});
    let line = format!("POST /hook/{LEADS}/");
    for _ in 0..10 {
        assert_eq!(call(addr, &line, &body("item.create")).await.0, 200);
    }
    let (status, answer) = call(addr, &line, &body("item.create")).await;
    let text = answer["error_description"].as_str().expect("a text");
    assert_eq!((status, text.contains("at most 10 hooks of the type item.create")), (400, true), "{text}");
    assert_eq!(call(addr, &line, &body("item.update")).await.0, 200);
    assert_eq!(call(addr, "POST /hook/app/30816002/", &body("item.create")).await.0, 200);
}

#[tokio::test]
async fn what_is_no_hook_is_refused() {
    let sandbox = sandbox("{}").await;
    for (line, body, status) in [
        ("POST /hook/app/30816001/", json!({"url": "http://h.example/"}), 400),
        ("POST /hook/app/30816001/", json!({"type": "item.create"}), 400),
        ("POST /hook/app/30816001/", json!({"url": "http://h.example:8080/", "type": "item.create"}), 400),
        ("POST /hook/app/30816001/", json!({"url": "http://h.example/", "type": "task.create"}), 400),
        ("POST /hook/app_field/902/", json!({"url": "http://h.example/", "type": "comment.create"}), 400),
        ("POST /hook/app_field/925/", json!({"url": "http://h.example/", "type": "item.create"}), 404),
        ("POST /hook/app/30816003/", json!({"url": "http://h.example/", "type": "item.create"}), 403),
        ("POST /hook/app/30819999/", json!({"url": "http://h.example/", "type": "item.create"}), 404),
        ("POST /hook/item/3352054999/", json!({"url": "http://h.example/", "type": "item.update"}), 404),
        ("GET /hook/space/2720002/", Value::Null, 403),
        ("POST /hook/1/verify/request", Value::Null, 404),
        ("DELETE /hook/1", Value::Null, 404),
    ] {
        assert_eq!(call(sandbox.podio_addr(), line, &body).await.0, status, "{line} {body}");
    }
}
