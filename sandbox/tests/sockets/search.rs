//! Search in an app.

use serde_json::{Value, json};

use crate::client::{OAUTH2, call, create, get};
use crate::sandbox;

fn titles(results: &Value) -> String {
    let results = results.as_array().expect("a list").iter();
    results.map(|result| result["title"].as_str().expect("a title")).collect::<Vec<_>>().join("|")
}

#[tokio::test]
async fn all_words_are_found_as_parts_of_texts_with_the_latest_event_first() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    for fields in [
        json!({"title": "Grüner Käse GmbH", "score": 4711}),
        json!({"title": "Käserei", "notes": "<p>Grün</p>"}),
        json!({"title": "Other", "email": {"type": "work", "value": "ann@kaese.test"}, "labels": ["cheese"]}),
    ] {
        create(addr, 30_816_001, &json!({"fields": fields})).await;
    }
    create(addr, 30_816_002, &json!({"fields": {"name": "Käse in another app"}})).await;
    for (query, fields, expected) in [
        ("käse", "", "Käserei|Grüner Käse GmbH"),
        ("KÄSE grün", "", "Käserei|Grüner Käse GmbH"),
        ("käse grün", "title", "Grüner Käse GmbH"),
        ("4711", "", "Grüner Käse GmbH"),
        ("4711", "title,text_values", ""),
        ("kaese.test", "", "Other"),
        ("cheese", "tags", "Other"),
        ("nobody", "", ""),
    ] {
        let line = format!("POST /search/app/30816001/?search_fields={fields}");
        let (status, results) = call(addr, &line, &json!({"query": query, "ref_type": "item"})).await;
        assert_eq!((status, titles(&results).as_str()), (200, expected), "{query} {fields}");
    }
    let found = call(addr, "POST /search/app/30816001/", &json!({"query": "acme"})).await.1;
    assert_eq!((&found[0]["type"], &found[0]["id"]), (&json!("item"), &json!(3_352_054_999_u64)));
    assert_eq!((&found[0]["rank"], &found[0]["app"]["app_id"]), (&json!(0), &json!(30_816_001)));
    let v2 = get(addr, "/search/app/30816001/v2?query=gr%C3%BCn%20k%C3%A4se&limit=1&offset=1", OAUTH2).await.json();
    assert_eq!((titles(&v2["results"]).as_str(), &v2["counts"]["item"]), ("Grüner Käse GmbH", &json!(2)));
    let tasks = call(addr, "POST /search/app/30816001/", &json!({"query": "acme", "ref_type": "task"})).await.1;
    assert_eq!(tasks, json!([]));
}

#[tokio::test]
async fn at_most_twenty_results_come() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    for number in 0..25 {
        create(addr, 7, &json!({"fields": {"title": format!("Same {number}"), "other": "text"}})).await;
    }
    let mut counts = Vec::new();
    for body in [json!({"query": "same", "limit": 100}), json!({"query": "text", "offset": 20})] {
        counts.push(call(addr, "POST /search/app/7/", &body).await.1.as_array().expect("a list").len());
    }
    assert_eq!(counts, [20, 5]);
}

#[tokio::test]
async fn a_search_without_words_or_an_app_is_refused() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    for (line, body, status) in [
        ("POST /search/app/30816001/", json!({}), 400),
        ("POST /search/app/30816001/", json!({"query": " - "}), 400),
        ("POST /search/app/30816001/", json!({"query": "a", "limit": "x"}), 400),
        ("POST /search/app/30816001/?search_fields=colour", json!({"query": "a"}), 400),
        ("GET /search/app/30816001/v2", Value::Null, 400),
        ("POST /search/app/30816003/", json!({"query": "a"}), 403),
        ("POST /search/app/30819999/", json!({"query": "a"}), 404),
    ] {
        assert_eq!(call(addr, line, &body).await.0, status, "{line} {body}");
    }
}
