//! A DELETE whose answer is lost is repeated, and then finds nothing to delete.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The outcome of one message of an action that deletes item 7, and the number of calls.
async fn outcome(function: &str, body: Value, answers: Value) -> Result<(Emitted, usize)> {
    let mut config = oauth_config();
    config["objectType"] = json!("item");
    let stage = stage("deletes", config, json!({ "DELETE /item/7": answers }), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1).with("ELASTICIO_FUNCTION", function)).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let outcome = (stage.emitted()?.pop().context("an outcome")?, stage.calls(Api::Podio).len());
    stage.remove().await?;
    Ok(outcome)
}

fn gone(status: u16) -> Value {
    json!({ "status": status, "json": { "error": "gone" } })
}

#[tokio::test]
async fn an_object_that_is_gone_at_the_second_attempt_was_deleted_by_the_first() -> Result<()> {
    for lost in [
        json!({ "reset": true }),
        json!({ "reset": "midbody" }),
        json!({ "status": 504, "json": {} }),
        json!({ "text": "not gzip", "headers": { "content-encoding": "gzip" } }),
    ] {
        for status in [404, 410] {
            let answers = json!([lost, gone(status)]);
            let (emitted, calls) = outcome("deleteObjectById", json!({ "idValue": "7" }), answers.clone()).await?;
            assert_eq!((&emitted.payload["body"], calls), (&json!({ "id": "7" }), 2), "{lost}: {}", emitted.text);

            let request = json!({ "method": "DELETE", "url": "/item/7" });
            let (emitted, calls) = outcome("customRequest", request, answers).await?;
            assert!(emitted.error_message()?.contains(&format!("status - \"{status}\"")), "{}", emitted.text);
            assert_eq!(calls, 2);
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_not_there_is_an_error() -> Result<()> {
    let limited = json!({ "status": 429, "json": {} });
    let lost = json!({ "reset": true });
    for (answers, status, attempts) in [
        (json!([gone(404)]), 404, 1),
        (json!([gone(410)]), 410, 1),
        (json!([limited, gone(404)]), 404, 2),
        (json!([lost, gone(403)]), 403, 2),
    ] {
        let (emitted, calls) = outcome("deleteObjectById", json!({ "idValue": 7 }), answers).await?;
        assert!(emitted.error_message()?.contains(&format!("status - \"{status}\"")), "{}", emitted.text);
        assert_eq!(calls, attempts);
    }
    Ok(())
}
