//! `podio-component service METHOD`: the platform's one-shot calls, whose result is posted to a URL.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Api, Call, Options, Sandbox};
use podio_test_support::{Ended, Finished, run_to_end};
use serde_json::{Value, json};

use crate::step::{BOUND, answers, oauth_config, program};

/// The path on the platform's server where results are posted.
const RESULT: &str = "/result";

/// The variables of a call; their names have no prefix.
type Variables = Vec<(&'static str, String)>;

async fn sandbox(podio: Value, mut platform: Value) -> Result<Sandbox> {
    if platform.get(format!("POST {RESULT}")).is_none() {
        platform[format!("POST {RESULT}")] = json!([{ "json": {} }]);
    }
    let answers = answers(podio, platform)?;
    Ok(podio_sandbox::start(Options { only_answers: true, answers, ..Options::default() }).await?)
}

/// The usual variables, with this config.
fn variables(sandbox: &Sandbox, config: &Value) -> Variables {
    vec![
        ("POST_RESULT_URL", format!("{}{RESULT}", sandbox.platform_url())),
        ("CFG", config.to_string()),
        ("API_URI", sandbox.platform_url()),
        ("API_USERNAME", "api-user".to_owned()),
        ("API_KEY", "api-key".to_owned()),
    ]
}

fn with(mut variables: Variables, name: &'static str, value: &str) -> Variables {
    variables.retain(|(other, _)| *other != name);
    variables.push((name, value.to_owned()));
    variables
}

fn without(mut variables: Variables, name: &str) -> Variables {
    variables.retain(|(other, _)| *other != name);
    variables
}

async fn call(sandbox: &Sandbox, method: &str, variables: &Variables) -> Result<Finished> {
    let named: Vec<(String, &str)> =
        variables.iter().map(|(name, value)| (format!("ELASTICIO_{name}"), value.as_str())).collect();
    let podio_url = sandbox.podio_url();
    let mut all: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    all.extend([("PODIO_API_URL", podio_url.as_str()), ("LOG_LEVEL", "debug")]);
    let finished = run_to_end(program(), &["service", method], &all, "", BOUND).await?;
    for secret in ["old-access-token", "old-refresh-token", "api-key", "p:ss/wörd"] {
        let printed = format!("{}{}", finished.output, finished.errors);
        ensure!(!printed.contains(secret), "a secret was printed: {printed}");
    }
    Ok(finished)
}

fn posts(sandbox: &Sandbox) -> Vec<Call> {
    sandbox.calls().into_iter().filter(|call| call.method == "POST" && call.path == RESULT).collect()
}

/// Makes a call that must succeed; returns the posted result.
async fn result(sandbox: &Sandbox, method: &str, variables: &Variables) -> Result<Value> {
    sandbox.clear_calls();
    let finished = call(sandbox, method, variables).await?;
    ensure!(finished.ended == Ended(0), "it ended with {:?}:\n{}", finished.ended, finished.errors);
    let posts = posts(sandbox);
    ensure!(posts.len() == 1, "{posts:?}");
    ensure!(posts[0].content_type.as_deref() == Some("application/json"), "{posts:?}");
    Ok(serde_json::from_str(&posts[0].body)?)
}

/// Makes a call; returns the text of the posted error.
async fn error(sandbox: &Sandbox, method: &str, variables: &Variables) -> Result<String> {
    let result = result(sandbox, method, variables).await?;
    ensure!(result["status"] == "error", "{result}");
    let message = result["data"]["message"].as_str().filter(|text| !text.is_empty());
    message.map(str::to_owned).with_context(|| format!("no message: {result}"))
}

#[tokio::test]
async fn a_good_credential_is_verified() -> Result<()> {
    let sandbox = sandbox(json!({ "GET /oauth/scope": [{ "json": [] }] }), json!({})).await?;
    let result = result(&sandbox, "verifyCredentials", &variables(&sandbox, &oauth_config())).await?;
    assert_eq!(result, json!({ "status": "success", "data": { "verified": true } }));
    let calls = sandbox.calls();
    assert_eq!(calls[0].authorization.as_deref(), Some("Bearer old-access-token"));
    assert_eq!(posts(&sandbox)[0].authorization, None, "the address has no user");
    Ok(())
}

#[tokio::test]
async fn the_token_of_an_app_is_verified() -> Result<()> {
    let refusal = json!([{ "status": 403, "json": { "error": "forbidden" } }]);
    let scope = json!([{ "json": [{ "ref_type": "app", "ref_id": 30_816_001, "permissions": ["all"] }] }]);
    let podio = json!({ "GET /user": refusal, "GET /org/": refusal, "GET /oauth/scope": scope });
    let sandbox = sandbox(podio, json!({})).await?;
    let result = result(&sandbox, "verifyCredentials", &variables(&sandbox, &oauth_config())).await?;
    assert_eq!(result["data"], json!({ "verified": true }));
    assert_eq!(sandbox.calls().iter().filter(|call| call.api == Api::Podio).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_secret_of_the_platform_is_verified() -> Result<()> {
    let secret = json!({ "data": { "attributes": { "credentials": { "access_token": "token-of-the-secret" } } } });
    let platform = json!({ "GET /v2/workspaces/ws1/secrets/sec1": [{ "json": secret }] });
    let sandbox = sandbox(json!({ "GET /oauth/scope": [{ "json": {} }] }), platform).await?;
    let variables = with(variables(&sandbox, &json!({ "secretId": "sec1" })), "WORKSPACE_ID", "ws1");
    let result = result(&sandbox, "verifyCredentials", &variables).await?;
    assert_eq!(result["data"], json!({ "verified": true }));
    let scope = sandbox.calls().into_iter().find(|call| call.api == Api::Podio).context("a call to Podio")?;
    assert_eq!(scope.authorization.as_deref(), Some("Bearer token-of-the-secret"));
    Ok(())
}

#[tokio::test]
async fn a_rejected_credential_is_not_verified_and_the_reason_is_given() -> Result<()> {
    let refusal = json!({ "error": "unauthorized", "error_description": "expired_token" });
    let sandbox = sandbox(json!({ "GET /oauth/scope": [{ "status": 401, "json": refusal }] }), json!({})).await?;
    for config in [oauth_config(), json!({})] {
        let result = result(&sandbox, "verifyCredentials", &variables(&sandbox, &config)).await?;
        assert_eq!(result["status"], "success", "{result}");
        assert_eq!(result["data"]["verified"], false, "{result}");
        let reason = result["data"]["reason"].as_str().unwrap_or_default();
        assert!(reason.to_lowercase().contains("credential"), "{result}");
    }
    Ok(())
}

#[tokio::test]
async fn credentials_in_the_result_url_are_sent_as_basic_authentication() -> Result<()> {
    let sandbox = sandbox(json!({ "GET /oauth/scope": [{ "json": {} }] }), json!({})).await?;
    let address = format!("http://us%40er:p%3Ass%2Fw%C3%B6rd@{}{RESULT}", sandbox.platform_addr());
    let variables = with(variables(&sandbox, &oauth_config()), "POST_RESULT_URL", &address);
    result(&sandbox, "verifyCredentials", &variables).await?;
    // `us@er:p:ss/wörd`
    assert_eq!(posts(&sandbox)[0].authorization.as_deref(), Some("Basic dXNAZXI6cDpzcy93w7ZyZA=="));
    Ok(())
}

#[tokio::test]
async fn the_models_list_the_object_types_of_both_actions() -> Result<()> {
    let sandbox = sandbox(json!({}), json!({})).await?;
    let lookup = [
        "action",
        "app",
        "batch",
        "comment",
        "file",
        "flow",
        "form",
        "integration",
        "item",
        "notification",
        "organization",
        "space",
        "status",
        "task",
        "view",
        "widget",
    ];
    let delete = [
        "app",
        "comment",
        "file",
        "flow",
        "form",
        "hook",
        "integration",
        "item",
        "label",
        "space",
        "status",
        "task",
        "view",
        "voting",
        "widget",
    ];
    for (action, method, types) in [
        ("lookupObjectById", "getLookupByIdObjects", &lookup[..]),
        ("deleteObjectById", "getDeleteByIdObjects", &delete[..]),
    ] {
        let variables = with(variables(&sandbox, &json!({})), "ACTION_OR_TRIGGER", action);
        let result = result(&sandbox, "selectModel", &with(variables, "GET_MODEL_METHOD", method)).await?;
        assert_eq!(result["status"], "success", "{result}");
        let choices = result["data"].as_object().with_context(|| format!("no choices: {result}"))?;
        assert_eq!(choices.keys().map(String::as_str).collect::<BTreeSet<_>>(), types.iter().copied().collect());
        for (name, label) in choices {
            let capitalised = name[..1].to_uppercase() + &name[1..];
            assert!(label.as_str().is_some_and(|label| label.starts_with(&capitalised)), "{action}: {name} is {label}");
        }
        assert_eq!(choices["item"], "Item");
    }
    Ok(())
}

#[tokio::test]
async fn failures_are_posted_as_errors() -> Result<()> {
    let sandbox = sandbox(json!({ "GET /oauth/scope": [{ "json": {} }] }), json!({})).await?;
    let usual = || with(variables(&sandbox, &oauth_config()), "ACTION_OR_TRIGGER", "lookupObjectById");
    let model = || with(usual(), "GET_MODEL_METHOD", "getLookupByIdObjects");
    let cases = [
        ("noSuchMethod", usual(), "noSuchMethod"),
        ("verifyCredentials", without(usual(), "CFG"), "CFG"),
        ("verifyCredentials", with(usual(), "CFG", "{not JSON"), "CFG"),
        ("verifyCredentials", without(usual(), "API_URI"), "API_URI"),
        ("verifyCredentials", without(usual(), "API_USERNAME"), "API_USERNAME"),
        ("verifyCredentials", without(usual(), "API_KEY"), "API_KEY"),
        ("getMetaModel", usual(), "lookupObjectById"),
        ("getMetaModel", without(usual(), "ACTION_OR_TRIGGER"), "ACTION_OR_TRIGGER"),
        ("selectModel", without(model(), "ACTION_OR_TRIGGER"), "ACTION_OR_TRIGGER"),
        ("selectModel", without(model(), "GET_MODEL_METHOD"), "GET_MODEL_METHOD"),
        ("selectModel", with(model(), "GET_MODEL_METHOD", "noSuchModel"), "noSuchModel"),
        ("selectModel", with(model(), "ACTION_OR_TRIGGER", "noSuchAction"), "noSuchAction"),
    ];
    for (method, variables, word) in cases {
        let message = error(&sandbox, method, &variables).await.with_context(|| format!("{method}, {word}"))?;
        assert!(message.contains(word), "{method}: {word} is not named: {message}");
    }
    let message = error(&sandbox, "verifyCredentials", &without(without(usual(), "API_KEY"), "CFG")).await?;
    assert_eq!(message, "ELASTICIO_CFG is not provided; ELASTICIO_API_KEY is not provided");
    Ok(())
}

#[tokio::test]
async fn a_result_that_cannot_be_posted_fails_the_call() -> Result<()> {
    let refusals = [json!({ "status": 404 }), json!({ "status": 201, "json": {} }), json!({ "status": 500 })];
    for refusal in refusals {
        let sandbox =
            sandbox(json!({ "GET /oauth/scope": [{ "json": {} }] }), json!({ format!("POST {RESULT}"): [refusal] }))
                .await?;
        let variables = variables(&sandbox, &oauth_config());
        let finished = call(&sandbox, "verifyCredentials", &variables).await?;
        assert_eq!(finished.ended, Ended(1), "{refusal}: {}", finished.errors);
        assert!(finished.errors.contains("POST_RESULT_URL"), "{}", finished.errors);

        sandbox.clear_calls();
        let finished = call(&sandbox, "verifyCredentials", &without(variables, "POST_RESULT_URL")).await?;
        assert_eq!(finished.ended, Ended(1));
        assert!(finished.errors.contains("ELASTICIO_POST_RESULT_URL"), "{}", finished.errors);
        assert!(sandbox.calls().is_empty(), "without an address for the result, nothing is called");
    }
    Ok(())
}
