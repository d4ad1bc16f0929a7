//! Pagination in `customRequest`: each page is a separate result, in order, up to a limit.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Emitted, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop, wait_for_podio_calls};

/// Processes one message; returns its emits.
async fn run(stage: &Stage, body: Value, emits: usize) -> Result<Vec<Emitted>> {
    run_until(stage, body, emits, 0).await
}

/// The same, once Podio has received `calls`.
async fn run_until(stage: &Stage, body: Value, emits: usize, calls: usize) -> Result<Vec<Emitted>> {
    let mut worker = consuming_worker(stage, &environment(stage, 1)).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(emits, "emits", BOUND).await?;
    wait_for_podio_calls(stage, calls).await?;
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
async fn a_list_is_fetched_until_a_page_is_empty() -> Result<()> {
    let podio = json!({
        "GET /tasks?limit=2&offset=0": [{ "json": [1] }],
        "GET /tasks?limit=2&offset=1": [{ "json": [2, 3] }],
        "GET /tasks?limit=2&offset=3": [{ "json": [] }],
    });
    let stage = stage("pages-list", oauth_config(), podio, json!({})).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 2 } });
    let emitted = run(&stage, body, 3).await?;
    assert_eq!(emitted[1].payload["body"]["responseBody"], json!([2, 3]));
    assert_eq!(emitted[2].payload["body"]["page"], json!({ "number": 3, "offset": 3, "nextOffset": null }));
    assert_eq!((emitted.len(), stage.rejected.count()), (3, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_filter_without_totals_is_fetched_to_its_end_whatever_the_size_of_its_pages() -> Result<()> {
    let items = |ids: std::ops::Range<u64>| json!({ "json": { "items": ids.collect::<Vec<_>>() } });
    let podio = json!({ "POST /item/app/1/filter/": [items(0..20), items(20..40), items(40..50), items(0..0)] });
    let stage = stage("pages-short", oauth_config(), podio, json!({})).await?;
    let body = json!({ "method": "POST", "url": "/item/app/1/filter/", "pagination": true });
    let emitted = run(&stage, body, 4).await?;
    let want = [0, 20, 40, 50].map(|offset| format!(r#"{{"limit":100,"offset":{offset}}}"#));
    assert_eq!(bodies(&stage), want);
    assert_eq!((emitted.len(), stage.rejected.count()), (4, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_list_that_does_not_page_is_one_error() -> Result<()> {
    let all = |count: u64| json!((0..count).map(|id| json!({ "app_id": id })).collect::<Vec<_>>());
    for (label, answer, pages, start) in [
        ("all", all(120), 0, "Page 1: it has 120 objects, not 100,"),
        ("short", all(80), 1, "Page 2 (\"offset\" 80; pages already emitted: 1): it is the same as the page before,"),
        (
            "total",
            json!({ "total": 7, "items": [1, 2] }),
            1,
            "Page 2 (\"offset\" 2; pages already emitted: 1): it is the same as the page before,",
        ),
    ] {
        let podio = json!({ "GET /app": [{ "json": answer }] });
        let stage = stage(&format!("pages-{label}"), oauth_config(), podio, json!({})).await?;
        let body = json!({ "method": "GET", "url": "/app", "pagination": true });
        let emitted = run(&stage, body, pages + 1).await?;
        let message = emitted[pages].error_message()?;
        assert!(message.starts_with(start) && message.contains("does not obey"), "{message}");
        assert_eq!((emitted.len(), stage.calls(Api::Podio).len(), stage.rejected.count()), (pages + 1, pages + 1, 1));
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_list_without_a_total_that_ends_at_the_default_limit_is_complete() -> Result<()> {
    for (count, emits, error) in [(100, 100, None), (101, 101, Some("There are more than 100 pages; the first 100"))] {
        let mut pages: Vec<Value> = (0..count).map(|page| json!({ "json": [page] })).collect();
        pages.push(json!({ "json": [] }));
        let stage = stage("pages-hundred", oauth_config(), json!({ "GET /tasks": pages }), json!({})).await?;
        let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 1 } });
        // The call that finds the end comes after the last page was emitted.
        let emitted = run_until(&stage, body, emits, 101).await?;
        assert_eq!((emitted.len(), stage.calls(Api::Podio).len()), (emits, 101), "{count}");
        assert_eq!(stage.rejected.count(), usize::from(error.is_some()), "{count}");
        if let Some(error) = error {
            assert!(emitted[100].error_message()?.starts_with(error), "{:?}", emitted[100]);
        }
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn pages_that_come_in_turns_are_one_error() -> Result<()> {
    let turns = (0..20).map(|page| json!({ "json": [page % 3, "x"] })).collect::<Vec<_>>();
    let stage = stage("pages-turns", oauth_config(), json!({ "GET /tasks": turns }), json!({})).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 2 } });
    let emitted = run(&stage, body, 4).await?;
    let message = emitted[3].error_message()?;
    let start = "Page 4 (\"offset\" 6; pages already emitted: 3): it is the same as page 1, so this list does not obey";
    assert!(message.starts_with(start), "{message}");
    assert_eq!((emitted.len(), stage.calls(Api::Podio).len(), stage.rejected.count()), (4, 4, 1));
    stage.remove().await
}

#[tokio::test]
async fn an_offset_near_the_largest_number_does_not_wrap() -> Result<()> {
    let stage = stage("pages-wrap", oauth_config(), json!({ "GET /tasks": [{ "json": [1] }] }), json!({})).await?;
    let body = json!({ "method": "GET", "url": format!("/tasks?offset={}", u64::MAX), "pagination": true });
    let emitted = run(&stage, body, 1).await?;
    assert_eq!(emitted[0].error_message()?, "Page 1: its \"offset\" is too large; set a smaller one.");
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn max_pages_limits_the_pages() -> Result<()> {
    let podio = json!({ "GET /tasks": [{ "json": [1] }, { "json": [2] }, { "json": [3] }] });
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
