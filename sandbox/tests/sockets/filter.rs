//! Filters: conditions, order and pages.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, create, send};
use crate::sandbox;

async fn filter(addr: SocketAddr, app: u64, body: &Value) -> (Vec<String>, Value) {
    let (status, page) = call(addr, &format!("POST /item/app/{app}/filter/"), body).await;
    assert_eq!(status, 200, "{body}: {page}");
    let items = page["items"].as_array().expect("a list").iter();
    (items.map(|item| item["title"].as_str().expect("a title").to_owned()).collect(), page)
}

/// Leads A to D besides the one that is there.
async fn leads(addr: SocketAddr) {
    let company = 3_352_055_000_u64;
    for (second, fields) in [
        (
            1,
            json!({"title": "A", "stage": 1, "score": 10, "due": {"start": "2026-09-01 10:00:00"}, "company": company}),
        ),
        (2, json!({"title": "B", "stage": 2, "score": 20, "channels": [1, 2], "owner": 8_800_457})),
        (
            3,
            json!({"title": "C", "stage": 1, "score": 5, "amount": {"value": 7, "currency": "EUR"}, "probability": 50}),
        ),
        (4, json!({"title": "D", "due": {"start": "2026-09-02 00:00:00"}, "effort": 60})),
    ] {
        send(addr, "PUT /_sandbox/clock", &[], format!("2026-01-01 00:00:0{second}")).await;
        let body = json!({"external_id": format!("x-{second}"), "fields": fields, "tags": [format!("t{second}")]});
        create(addr, 30_816_001, &body).await;
    }
}

#[tokio::test]
async fn conditions_are_applied_and_text_is_ignored() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    leads(addr).await;
    for (filters, expected) in [
        (json!({"stage": [1]}), "A C"),
        (json!({"902": [1, 2]}), "A B C"),
        (json!({"stage": 2}), "B"),
        (json!({"stage": [null]}), "D"),
        (json!({"channels": [2]}), "B"),
        (json!({"score": {"from": 10}}), "A B"),
        (json!({"score": {"from": "5", "to": 10}}), "A C"),
        (json!({"score": {"to": null}}), "A B C"),
        (json!({"amount": {"to": 7}}), "C"),
        (json!({"weighted": {"from": 8}}), "Acme Ltd"),
        (json!({"probability": {"from": 50, "to": 50}}), "C"),
        (json!({"effort": {"from": 60}}), "D"),
        (json!({"due": {"from": "2026-09-01", "to": "2026-09-01"}}), "A Acme Ltd"),
        (json!({"due": {"from": "2026-09-01 10:00:01"}}), "D"),
        (json!({"company": [3_352_055_000_u64]}), "A"),
        (json!({"owner": [8_800_457]}), "B"),
        (json!({"created_on": {"from": "2026-01-01 00:00:02", "to": "2026-01-01 00:00:03"}}), "B C"),
        (json!({"last_edit_on": {"to": "2026-01-01"}}), "A B C D"),
        (json!({"external_id": "x-3"}), "C"),
        (json!({"external_id": ["x-3", "x-4"]}), "C D"),
        (json!({"tags": ["t1", "t2"]}), "A B"),
        (json!({"item_id": [3_352_054_999_u64]}), "Acme Ltd"),
        (json!({"item_id": {"from": 3_352_055_003_u64}}), "C D"),
        (json!({"created_by": [{"type": "user", "id": 7_700_124}]}), ""),
        (json!({"created_by": [{"type": "user", "id": 7_700_123}], "stage": [2]}), "B"),
        (json!({"stage": [1], "score": {"to": 5}}), "C"),
        (json!([{"key": "stage", "values": [1]}, {"key": "score", "values": {"to": 5}}]), "C"),
        (json!({"title": "A"}), "A Acme Ltd B C D"),
        (json!({"email": "nobody"}), "A Acme Ltd B C D"),
        (json!(null), "A Acme Ltd B C D"),
    ] {
        let body = json!({"filters": filters, "sort_by": "title", "sort_desc": false});
        let (titles, page) = filter(addr, 30_816_001, &body).await;
        assert_eq!(titles.join(" "), expected, "{filters}");
        assert_eq!((&page["total"], &page["filtered"]), (&json!(5), &json!(titles.len())), "{filters}");
    }
}

#[tokio::test]
async fn items_are_sorted_with_absent_values_last() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    leads(addr).await;
    let recent = json!({"created_on": {"to": "2026-01-02"}});
    for (sort_by, ascending, descending) in [
        ("created_on", "A B C D", "D C B A"),
        ("last_edit_on", "A B C D", "D C B A"),
        ("item_id", "A B C D", "D C B A"),
        ("title", "A B C D", "D C B A"),
        ("score", "C A B D", "B A C D"),
        ("906", "C A B D", "B A C D"),
        ("stage", "A C B D", "B C A D"),
        ("due", "A D B C", "D A C B"),
        ("owner", "B A C D", "B D C A"),
    ] {
        for (sort_desc, expected) in [(false, ascending), (true, descending)] {
            let body = json!({"filters": recent, "sort_by": sort_by, "sort_desc": sort_desc});
            assert_eq!(filter(addr, 30_816_001, &body).await.0.join(" "), expected, "{sort_by} {sort_desc}");
        }
    }
}

#[tokio::test]
async fn pages_list_the_newest_items_first() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    for number in 0..5 {
        create(addr, 7, &json!({"fields": {"title": number.to_string()}})).await;
    }
    let (titles, page) = filter(addr, 7, &json!({"limit": 2, "offset": 1, "remember": false})).await;
    assert_eq!((&page["total"], &page["filtered"], titles.join(" ")), (&json!(5), &json!(5), "3 2".to_owned()));
    assert_eq!(filter(addr, 7, &json!({"filters": {"any": "thing"}})).await.0.len(), 5, "a lenient app ignores it");
}

#[tokio::test]
async fn what_cannot_be_filtered_or_sorted_by_is_refused() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    for (body, problem) in [
        (json!({"limit": "2"}), "(limit): must be integer"),
        (json!({"limit": 501}), "must not be larger than 500"),
        (json!({"offset": -1}), "(offset): must be integer"),
        (json!({"sort_desc": 1}), "(sort_desc): must be boolean"),
        (json!({"sort_by": "nothing"}), "\"nothing\" (sort_by)"),
        (json!({"sort_by": "email"}), "\"email\" (sort_by)"),
        (json!({"filters": "x"}), "(filters): must be object or must be array"),
        (json!({"filters": {"nothing": 1}}), "Invalid value \"nothing\" (string): No field found"),
        (json!({"filters": {"stage": ["Open"]}}), "\"Open\" (stage): must be integer"),
        (json!({"filters": {"score": 7}}), "must be object with from and to"),
        (json!({"filters": {"score": {"from": "x"}}}), "must be a decimal"),
        (json!({"filters": {"score": {"min": 1}}}), "has the key min"),
        (json!({"filters": {"due": {"from": "-7d"}}}), "must be a day or a time"),
        (json!({"filters": {"created_on": "2026-01-01"}}), "must be object with from and to"),
    ] {
        let (status, answer) = call(addr, "POST /item/app/30816001/filter/", &body).await;
        let description = answer["error_description"].as_str().unwrap_or_default();
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_value")), "{body}");
        assert!(description.contains(problem), "{body}: {description}");
    }
    let empty = send(addr, "POST /item/app/30816001/filter/", &[OAUTH2], "").await;
    assert_eq!(empty.status, 404, "a filter without a body");
}
