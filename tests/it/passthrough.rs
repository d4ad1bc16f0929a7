//! Passthrough: the messages of previous steps in results.

use anyhow::{Context, Result};
use podio_test_support::{Emitted, Environment, Stage, TestMessage, cipher};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, stage, step_data, stop};

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 } }] });
    let stage = stage(label, oauth_config(), podio, json!({})).await?;
    let mut step = step_data(oauth_config());
    step["is_passthrough"] = json!(true);
    stage.sandbox.set_step(&step);
    let environment = environment(&stage, 1);
    Ok((stage, environment))
}

/// Processes these messages with one worker; each must have a result.
async fn results(stage: &Stage, environment: &Environment, inputs: &[TestMessage]) -> Result<Vec<Emitted>> {
    let mut worker = consuming_worker(stage, environment).await?;
    for (index, input) in inputs.iter().enumerate() {
        stage.send(input).await?;
        stage.results.wait_for(index + 1, "results", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert!(emitted.iter().all(|emitted| emitted.routing_key == "data"), "{emitted:?}");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    Ok(emitted)
}

fn without_passthrough(payload: &Value) -> Value {
    let mut payload = payload.clone();
    payload.as_object_mut().map(|object| object.remove("passthrough"));
    payload
}

#[tokio::test]
async fn passthrough_carries_the_previous_steps_and_the_result() -> Result<()> {
    let (stage, environment) = setup("pass-both").await?;
    let step_0 = json!({ "id": "0", "body": { "n": [1, null] }, "headers": { "h": "v" }, "attachments": {} });
    let step_1 = json!({ "body": "text", "headers": {} });
    let input = json!({
        "id": "in", "body": { "method": "GET", "url": "/user" }, "headers": {},
        "passthrough": { "step_0": step_0, "step_1": step_1, "step_2": { "body": "from an earlier round", "headers": {} } },
    });
    let emitted = results(&stage, &environment, &[TestMessage::new(&input)]).await?;
    // Checked in the text, since a parsed value would hide a duplicate key.
    assert!(!emitted[0].text.contains("from an earlier round"), "{}", emitted[0].text);
    let result = &emitted[0].payload;
    let passthrough = &result["passthrough"];
    assert_eq!(passthrough["step_0"], step_0);
    assert_eq!(passthrough["step_1"], step_1);
    assert_eq!(passthrough["step_2"], without_passthrough(result), "the result itself, not the incoming entry");
    assert_eq!(passthrough.as_object().map(serde_json::Map::len), Some(3));
    stage.remove().await
}

#[tokio::test]
async fn without_self_passthrough_carries_the_incoming_message() -> Result<()> {
    let (stage, environment) = setup("pass-no-self").await?;
    let environment = environment.with("ELASTICIO_NO_SELF_PASSTRHOUGH", "true");
    let step_0 = json!({ "body": { "a": 1 }, "headers": {} });
    let payload = json!({
        "id": "in", "body": { "method": "GET", "url": "/user" }, "headers": { "h": "v" }, "attachments": {},
        "passthrough": { "step_0": step_0 },
    });
    let inputs = [
        TestMessage::new(&payload),
        TestMessage::new(&payload).with_header("stepId", Value::Null),
        TestMessage::new(&payload).with_header("reply_to", json!("reply")),
    ];
    let emitted = results(&stage, &environment, &inputs).await?;
    let incoming = without_passthrough(&payload);
    let carried: Vec<&Value> = emitted.iter().map(|emitted| &emitted.payload["passthrough"]).collect();
    assert_eq!(carried[0], &json!({ "step_0": step_0, "step_1": incoming }));
    assert_eq!(carried[1], &json!({ "step_0": step_0 }), "without the header `stepId`");
    let mut with_reply = incoming.clone();
    with_reply["headers"]["reply_to"] = json!("reply");
    assert_eq!(carried[2], &json!({ "step_0": step_0, "step_1": with_reply }));
    stage.remove().await
}

#[tokio::test]
async fn each_of_several_results_has_itself_in_passthrough() -> Result<()> {
    let (stage, environment) = setup("pass-several").await?;
    let worker = ScriptedWorker::start(&stage, &environment.with("ELASTICIO_FUNCTION", SCRIPTED)).await?;
    stage.send(&scripted_message(&json!([{ "data": "one" }, { "data": "two" }]))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;
    for (emitted, body) in stage.emitted()?.iter().zip(["one", "two"]) {
        assert_eq!(emitted.payload["body"], body);
        assert_eq!(emitted.payload["passthrough"], json!({ "step_2": without_passthrough(&emitted.payload) }));
    }
    stage.remove().await
}

#[tokio::test]
async fn without_passthrough_several_results_carry_none_either() -> Result<()> {
    let stage = stage("pass-off-several", oauth_config(), json!({}), json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED);
    let worker = ScriptedWorker::start(&stage, &environment.with("ELASTICIO_NO_SELF_PASSTRHOUGH", "true")).await?;
    let payload = json!({
        "body": { "script": [{ "data": 1 }, { "data": 2 }] },
        "passthrough": { "step_0": { "body": {}, "headers": {} } },
    });
    stage.send(&TestMessage::new(&payload)).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.payload.get("passthrough").is_none()));
    stage.remove().await
}

#[tokio::test]
async fn passthrough_keeps_every_digit_of_numbers() -> Result<()> {
    let (stage, environment) = setup("pass-digits").await?;
    let (before, answer) = (r#"{"long":12345678901234567890,"decimal":1.50}"#, r#"{"exponent":1.0e2,"zero":0.0}"#);
    let podio = json!({ "GET /digits": [{ "text": answer }] });
    stage.sandbox.set_answers(answers(podio, json!({}))?)?;
    let text = format!(
        r#"{{"body":{{"method":"GET","url":"/digits"}},"passthrough":{{"step_0":{{"body":{before},"headers":{{}}}}}}}}"#
    );
    let emitted = results(&stage, &environment, &[TestMessage::from_text(&text)]).await?;
    let count = |part: &str| emitted[0].text.matches(part).count();
    assert_eq!((count(before), count(answer)), (1, 2), "{}", emitted[0].text);
    stage.remove().await
}

#[tokio::test]
async fn lone_surrogates_and_deep_nesting_pass_unchanged() -> Result<()> {
    let (stage, environment) = setup("pass-any-json").await?;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let steps = format!(r#""\ud800":{{"body":{{"\udc00":"\udfff"}},"headers":{{}}}},"deep":{{"body":{deep}}}"#);
    let input = format!(
        r#"{{"\ud801":1,"body":{{"\ud802":{deep},"method":"GET","url":"/user"}},"headers":{{"\ud803":1e999}},"passthrough":{{{steps}}}}}"#
    );

    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::from_text(&input)).await?;
    stage.results.wait_for(1, "a result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    // Not read as JSON here: the tests' parser takes neither.
    let received = stage.results.all().pop().context("no result")?;
    let text = cipher::decrypt_base64(&received.delivery.data)?;
    assert!(text.contains(&format!(r#""passthrough":{{{steps},"step_2":"#)), "{}", &text[..text.len().min(500)]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}
