//! Pagination in `customRequest`: each page is a separate result, in order, up to a limit.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Emitted, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// Processes one message; returns its emits.
async fn run(stage: &Stage, body: Value, emits: usize) -> Result<Vec<Emitted>> {
    let mut worker = consuming_worker(stage, &environment(stage, 1)).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(emits, "emits", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.emitted()
}

fn page(items: &[u64], filtered: u64) -> Value {
    let items: Vec<Value> = items.iter().map(|id| json!({ "item_id": id })).collect();
    json!({ "json": { "total": 99, "filtered": filtered, "items": items } })
}

fn bodies(stage: &Stage) -> Vec<String> {
    stage.calls(Api::Podio).into_iter().map(|call| call.body).collect()
}

#[tokio::test]
async fn all_pages_of_a_filter_are_fetched() -> Result<()> {
    let podio = json!({ "POST /item/app/1/filter/": [page(&[1, 2], 5), page(&[3, 4], 5), page(&[5], 5)] });
    let stage = stage("pages-filter", oauth_config(), podio, json!({})).await?;
    let body = json!({
        "method": "POST", "url": "/item/app/1/filter/", "data": { "sort_by": "id" }, "pagination": { "limit": 2 },
    });
    let emitted = run(&stage, body, 3).await?;
    let pages: Vec<&Value> = emitted.iter().map(|emit| &emit.payload["body"]["page"]).collect();
    assert_eq!(pages[0], &json!({ "number": 1, "offset": 0, "nextOffset": 2 }));
    assert_eq!(pages[2], &json!({ "number": 3, "offset": 4, "nextOffset": null }));
    assert_eq!(emitted[2].payload["body"]["responseBody"]["items"], json!([{ "item_id": 5 }]));
    let want = [0, 2, 4].map(|offset| format!(r#"{{"sort_by":"id","limit":2,"offset":{offset}}}"#));
    assert_eq!(bodies(&stage), want);
    assert_eq!((emitted.len(), stage.rejected.count(), stage.left().await?), (3, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_list_is_fetched_until_a_page_is_not_full() -> Result<()> {
    let podio = json!({
        "GET /tasks?limit=2&offset=0": [{ "json": [1, 2] }],
        "GET /tasks?limit=2&offset=2": [{ "json": [3] }],
    });
    let stage = stage("pages-list", oauth_config(), podio, json!({})).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 2 } });
    let emitted = run(&stage, body, 2).await?;
    assert_eq!(emitted[1].payload["body"]["responseBody"], json!([3]));
    assert_eq!((emitted.len(), stage.rejected.count()), (2, 0));
    stage.remove().await
}

#[tokio::test]
async fn max_pages_limits_the_pages() -> Result<()> {
    let podio = json!({ "GET /tasks": [{ "json": [1] }] });
    let stage = stage("pages-bound", oauth_config(), podio, json!({})).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 1, "maxPages": 3 } });
    let emitted = run(&stage, body, 3).await?;
    assert_eq!((emitted.len(), stage.calls(Api::Podio).len(), stage.rejected.count()), (3, 3, 0));
    assert_eq!(emitted[2].payload["body"]["page"]["nextOffset"], 3);
    stage.remove().await
}

#[tokio::test]
async fn an_error_names_the_page_that_failed_and_the_pages_before_it_stay() -> Result<()> {
    let podio = json!({
        "POST /item/app/1/filter/": [page(&[1], 3), { "status": 400, "json": { "error": "invalid_value" } }],
    });
    let stage = stage("pages-fail", oauth_config(), podio, json!({})).await?;
    let body = json!({ "method": "POST", "url": "/item/app/1/filter/", "pagination": { "limit": 1 } });
    let emitted = run(&stage, body, 2).await?;
    assert_eq!(emitted[0].routing_key, "data");
    let message = emitted[1].error_message()?;
    assert!(message.starts_with("Page 2 (\"offset\" 1; pages already emitted: 1): Got error"), "{message}");
    assert_eq!((stage.rejected.count(), stage.left().await?), (1, 0));
    stage.remove().await
}
