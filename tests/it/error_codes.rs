//! The fields of an error that a flow can branch on, beside its text.

use anyhow::{Context, Result};
use podio_test_support::TestMessage;
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

const DOCUMENT: &str = include_str!("../../docs/actions.md");

/// The error that a call gets whose answer is this.
async fn error_of(answer: &Value, body: &Value) -> Result<Value> {
    let mut config = oauth_config();
    config["retries"] = json!(0);
    let podio = json!({ "GET /user": [answer], "POST /user": [answer] });
    let stage = stage("error-codes", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "the error", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let error = stage.emitted()?.pop().context("an error")?.payload["error"].clone();
    stage.remove().await?;
    Ok(error)
}

#[tokio::test]
async fn every_error_has_a_code_and_podio_s_words_in_fields_of_their_own() -> Result<()> {
    let get = json!({ "method": "GET", "url": "/user" });
    let answer = |status: u16, error: &str| {
        let words = json!({ "error": error, "error_description": "Podio's sentence" });
        json!({ "status": status, "json": words })
    };
    for (status, error, code) in [
        (400, "invalid_value", "api_error"),
        (403, "forbidden", "forbidden"),
        (404, "not_found", "not_found"),
        (410, "gone", "not_found"),
        (409, "conflict", "conflict"),
        (500, "unavailable", "unavailable"),
    ] {
        let seen = error_of(&answer(status, error), &get).await?;
        assert_eq!(
            (&seen["code"], &seen["statusCode"], &seen["apiError"], &seen["apiMessage"], &seen["name"]),
            (&json!(code), &json!(status), &json!(error), &json!("Podio's sentence"), &json!("Error")),
            "{seen}"
        );
        assert!(DOCUMENT.contains(&format!("`{code}`")), "docs/actions.md does not name {code}");
    }
    let seen = error_of(&json!({ "status": 404, "text": "nothing" }), &get).await?;
    assert_eq!((&seen["code"], &seen["apiError"]), (&json!("not_found"), &Value::Null), "{seen}");
    Ok(())
}

#[tokio::test]
async fn an_error_without_an_answer_has_a_code_alone() -> Result<()> {
    let get = json!({ "method": "GET", "url": "/user" });
    for (answer, body, code) in [
        (json!({ "reset": true }), &get, "unavailable"),
        (json!({ "json": {} }), &json!({ "method": "PATCH", "url": "/user" }), "invalid_input"),
        (json!({ "json": {} }), &json!({ "method": "GET" }), "invalid_input"),
        (
            json!({ "text": "x", "headers": { "content-encoding": "snappy" } }),
            &json!({ "method": "POST", "url": "/user" }),
            "outcome_unknown",
        ),
    ] {
        let seen = error_of(&answer, body).await?;
        assert_eq!((&seen["code"], &seen["statusCode"]), (&json!(code), &Value::Null), "{seen}");
        assert!(DOCUMENT.contains(&format!("`{code}`")), "docs/actions.md does not name {code}");
    }
    Ok(())
}
