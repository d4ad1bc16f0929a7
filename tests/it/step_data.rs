//! Answers that are not the step's data: one clear error at start, instead of an error for every message.

use anyhow::Result;
use podio_test_support::{Ended, TestMessage, Worker};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, program, stage, stop};

const STEP_DATA: &str = "GET /v1/tasks/flow1/steps/step_2";

#[tokio::test]
async fn an_answer_that_is_not_step_data_is_one_clear_error_at_start() -> Result<()> {
    let missing = "its \"config\" with the credential is missing";
    let html = json!({ "content-type": "text/html" });
    for (answer, problem) in [
        (json!({ "json": {} }), missing),
        (json!({ "json": { "config": null } }), missing),
        (json!({ "json": { "snapshot": {}, "is_passthrough": true } }), missing),
        (json!({ "json": { "error": "secret-of-the-answer" } }), missing),
        (json!({ "json": [] }), "it is an array, not an object"),
        (json!({ "json": [{ "config": {} }] }), "it is an array, not an object"),
        (json!({ "json": null }), "it is null, not an object"),
        (json!({ "json": "secret-of-the-answer" }), "it is text, not an object"),
        (json!({ "json": { "config": ["secret-of-the-answer"] } }), "its \"config\" is an array, not an object"),
        (json!({ "json": { "config": "secret-of-the-answer" } }), "its \"config\" is text, not an object"),
        (json!({ "text": "<html>secret-of-the-answer", "headers": html }), "it is a web page"),
        (json!({ "text": "secret-of-the-answer" }), "it is not JSON"),
        (json!({ "text": "{\"config\":{\"oauth\":" }), "it is not JSON"),
        (json!({ "text": "" }), "it is empty"),
        (json!({ "status": 204 }), "it is empty"),
    ] {
        let stage = stage("no-step-data", oauth_config(), json!({}), json!({ STEP_DATA: [answer] })).await?;
        stage.send(&TestMessage::get("/user")).await?;
        let mut worker = Worker::start(program(), &environment(&stage, 1))?;
        assert_eq!(worker.ended(BOUND).await?, Ended(1), "{answer}");

        stage.results.wait_for(1, "error message", BOUND).await?;
        let address = format!("{}/v1/tasks/flow1/steps/step_2", stage.sandbox.platform_url());
        let emitted = stage.emitted()?;
        let log = worker.log().all().join("\n").replace("\\\"", "\"");
        for text in [emitted[0].error_message()?, &log] {
            assert!(text.contains(&format!("{address} is not the step's data: {problem}")), "{answer}: {text}");
            assert!(text.contains("Check ELASTICIO_API_URI"), "{text}");
            assert!(!text.contains("secret-of-the-answer") && !text.contains("api-key"), "{text}");
        }
        assert_eq!((emitted.len(), stage.left().await?, stage.rejected.count()), (1, 1, 0), "{answer}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_config_without_a_credential_is_an_error_of_each_message() -> Result<()> {
    for config in [json!({}), json!({ "oauth": [] }), json!({ "secretId": 7 })] {
        let stage = stage("no-credential", config, json!({}), json!({})).await?;
        stage.send(&TestMessage::get("/user")).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
        stage.results.wait_for(1, "an error", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        assert_eq!(stage.emitted()?[0].error_message()?, "Can't find credentials in incoming configuration");
        stage.remove().await?;
    }
    Ok(())
}
