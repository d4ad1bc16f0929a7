//! What a step chooses for answers without success: `errorPolicy`, `errorCodes`, `ignoreErrorCodes`, `doNotThrow404`.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The one outcome of `GET /item/7` with these fields of the step, and the number of calls.
async fn outcome(fields: &Value, answers: Value) -> Result<(Emitted, usize)> {
    let mut config = oauth_config();
    config["retries"] = json!(2);
    for (name, value) in fields.as_object().context("fields")? {
        config[name] = value.clone();
    }
    let stage = stage("error-policy", config, json!({ "GET /item/7": answers }), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/item/7")).await?;
    stage.results.wait_for(1, "an outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let mut emitted = stage.emitted()?;
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    let outcome = (emitted.pop().context("an outcome")?, stage.calls(Api::Podio).len());
    stage.remove().await?;
    Ok(outcome)
}

fn status(status: u16) -> Value {
    json!({ "status": status, "json": { "error": "e" } })
}

#[tokio::test]
async fn an_answer_that_is_emitted_is_emitted_at_once() -> Result<()> {
    for (fields, code) in [
        (json!({ "doNotThrow404": true }), 404),
        (json!({ "ignoreErrorCodes": "409, 500-504" }), 503),
        (json!({ "ignoreErrorCodes": "420" }), 420),
        (json!({ "errorPolicy": "emit" }), 500),
        (json!({ "errorPolicy": "rebound", "errorCodes": "400-599", "ignoreErrorCodes": "410" }), 410),
    ] {
        let (emitted, calls) = outcome(&fields, json!([status(code)])).await?;
        assert_eq!((emitted.routing_key.as_str(), calls), ("data", 1), "{fields}: {}", emitted.text);
        assert_eq!(emitted.payload["body"]["statusCode"], code, "{fields}");
        assert_eq!(emitted.payload["body"]["responseBody"]["error"], "e", "{fields}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_is_handed_back_if_the_step_says_so() -> Result<()> {
    let fields = json!({ "errorPolicy": "rebound", "errorCodes": "423" });
    let (emitted, calls) = outcome(&fields, json!([status(423)])).await?;
    assert_eq!((emitted.routing_key.as_str(), calls), ("rebound", 1), "{}", emitted.text);
    let limited = json!({ "status": 420, "headers": { "retry-after": "40" }, "json": {} });
    let (emitted, _) = outcome(&json!({ "errorPolicy": "rebound" }), json!([limited])).await?;
    assert_eq!(emitted.routing_key, "rebound", "{}", emitted.text);
    Ok(())
}

#[tokio::test]
async fn an_error_is_thrown_without_a_retry_or_after_more_of_them() -> Result<()> {
    for (fields, answers, calls_made) in [
        (json!({ "errorPolicy": "throwError" }), json!([status(503)]), 1),
        (json!({ "errorPolicy": "throwError", "errorCodes": "404" }), json!([status(503)]), 3),
        (json!({ "errorPolicy": "byComponent", "errorCodes": "423" }), json!([status(423)]), 3),
        (json!({ "errorCodes": "409" }), json!([status(409)]), 3),
        (json!({}), json!([status(409)]), 1),
    ] {
        let (emitted, calls) = outcome(&fields, answers).await?;
        assert!(emitted.error_message()?.contains("Got error"), "{fields}: {}", emitted.text);
        assert_eq!(calls, calls_made, "{fields}");
    }
    let (emitted, calls) =
        outcome(&json!({ "errorCodes": "423" }), json!([status(423), { "json": { "item_id": 7 } }])).await?;
    assert_eq!((&emitted.payload["body"]["statusCode"], calls), (&json!(200), 2));
    Ok(())
}

#[tokio::test]
async fn what_is_no_list_of_codes_is_named_and_nothing_is_called() -> Result<()> {
    for (fields, word) in [
        (json!({ "errorCodes": "5xx" }), "(errorCodes) must be statuses"),
        (json!({ "ignoreErrorCodes": "404;405" }), "(ignoreErrorCodes) must be statuses"),
        (json!({ "errorPolicy": "again" }), "(errorPolicy) must be one of"),
        (json!({ "emitBehavior": "emitTwice" }), "(emitBehavior) must be one of"),
    ] {
        let (emitted, calls) = outcome(&fields, json!([{ "json": {} }])).await?;
        assert!(emitted.error_message()?.contains(word), "{fields}: {}", emitted.text);
        assert_eq!(calls, 0);
    }
    Ok(())
}

/// The bodies that come of two pages, the second with this answer.
async fn bodies(fields: &Value, second: Value, emits: usize) -> Result<Vec<Value>> {
    let mut config = oauth_config();
    for (name, value) in fields.as_object().context("fields")? {
        config[name] = value.clone();
    }
    let first = json!({ "json": { "total": 3, "items": [{ "item_id": 1, "n": 1.50 }, { "item_id": 2 }] } });
    let stage = stage("emit-pages", config, json!({ "POST /item/app/1/filter/": [first, second] }), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let body = json!({ "method": "POST", "url": "/item/app/1/filter/", "pagination": { "limit": 2 } });
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(emits, "emits", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.len(), emits, "{emitted:?}");
    let bodies = emitted.into_iter().map(|mut emitted| match emitted.payload["body"].take() {
        Value::Null => emitted.payload["error"]["message"].take(),
        body => body,
    });
    let bodies = bodies.collect();
    stage.remove().await?;
    Ok(bodies)
}

#[tokio::test]
async fn pages_are_emitted_as_the_step_says() -> Result<()> {
    let second = || json!({ "json": { "total": 3, "items": [{ "item_id": 3 }] } });
    let all = json!([{ "item_id": 1, "n": 1.50 }, { "item_id": 2 }, { "item_id": 3 }]);
    let together = bodies(&json!({ "emitBehavior": "emitAll" }), second(), 1).await?;
    assert_eq!(together, [json!({ "results": all })]);
    let each = bodies(&json!({ "emitBehavior": "emitIndividually" }), second(), 3).await?;
    assert_eq!(json!(each), all);
    for fields in [json!({ "emitBehavior": "emitPage" }), json!({})] {
        let pages = bodies(&fields, second(), 2).await?;
        assert_eq!(pages[1]["responseBody"]["items"], json!([{ "item_id": 3 }]), "{fields}");
        assert_eq!(pages[1]["page"]["number"], 2, "{fields}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_without_success_comes_after_what_was_collected_before_it() -> Result<()> {
    let fields = json!({ "emitBehavior": "emitAll", "ignoreErrorCodes": "404" });
    let emitted = bodies(&fields, status(404), 2).await?;
    assert_eq!(emitted[0]["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(emitted[1]["statusCode"], 404);
    let failed = bodies(&json!({ "emitBehavior": "emitAll" }), status(404), 1).await?;
    let text = failed[0].as_str().context("an error")?;
    assert!(text.starts_with("Page 2 (\"offset\" 2; nothing was emitted): Got error"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_call_that_may_have_been_executed_is_not_handed_back_with_safe_retries() -> Result<()> {
    for (safe, answer, key) in [
        (false, status(503), "rebound"),
        (true, status(503), "error"),
        (true, json!({ "reset": true }), "error"),
        // It was refused before anything was done.
        (true, status(420), "rebound"),
    ] {
        let mut config = oauth_config();
        config["retries"] = json!(2);
        config["safeRetries"] = json!(safe);
        config["errorPolicy"] = json!("rebound");
        let answers = json!({ "POST /item/app/1/": [answer] });
        let stage = stage("error-policy-safe", config, answers, json!({})).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
        let body = json!({ "method": "POST", "url": "/item/app/1/", "data": {} });
        stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
        stage.results.wait_for(1, "an outcome", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        let emitted = stage.emitted()?.pop().context("an outcome")?;
        assert_eq!(
            (emitted.routing_key.as_str(), stage.calls(Api::Podio).len()),
            (key, 1),
            "{answer}: {}",
            emitted.text
        );
        stage.remove().await?;
    }
    Ok(())
}
