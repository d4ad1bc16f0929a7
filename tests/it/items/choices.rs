//! The choices and the schemas that the form of a step with items asks for.

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Answers, Api, Options, Sandbox};
use podio_test_support::{Ended, run_to_end};
use serde_json::{Value, json};

use super::LEADS;
use crate::step::{BOUND, answers, program};

/// The path on the platform's server where results are posted.
const RESULT: &str = "/result";

async fn sandbox(podio: Value) -> Result<Sandbox> {
    let answers: Answers = answers(podio, json!({ format!("POST {RESULT}"): [{ "json": {} }] }))?;
    Ok(podio_sandbox::start(Options { answers, ..Options::default() }).await?)
}

/// What the platform gets for a question about a step with these fields.
async fn ask(sandbox: &Sandbox, service: &str, action: &str, method: &str, fields: &Value) -> Result<Value> {
    let mut config = json!({ "oauth": { "access_token": "sandbox-access-token" }, "retries": 0 });
    for (name, value) in fields.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    let (url, podio, config) = (sandbox.platform_url(), sandbox.podio_url(), config.to_string());
    let result = format!("{url}{RESULT}");
    let variables = [
        ("ELASTICIO_POST_RESULT_URL", result.as_str()),
        ("ELASTICIO_CFG", &config),
        ("ELASTICIO_API_URI", &url),
        ("ELASTICIO_API_USERNAME", "user"),
        ("ELASTICIO_API_KEY", "key"),
        ("ELASTICIO_ACTION_OR_TRIGGER", action),
        ("ELASTICIO_GET_MODEL_METHOD", method),
        ("PODIO_API_URL", &podio),
    ];
    let finished = run_to_end(program(), &["service", service], &variables, "", BOUND).await?;
    ensure!(finished.ended == Ended(0), "{}", finished.errors);
    let post = sandbox.calls().into_iter().rev().find(|call| call.api == Api::Platform && call.path == RESULT);
    Ok(serde_json::from_str(&post.context("a result")?.body)?)
}

async fn choices(sandbox: &Sandbox, method: &str, fields: Value) -> Result<Value> {
    let result = ask(sandbox, "selectModel", "upsertItem", method, &fields).await?;
    ensure!(result["status"] == "success", "{result}");
    Ok(result["data"].clone())
}

#[tokio::test]
async fn organization_workspace_and_app_fill_one_another() -> Result<()> {
    let sandbox = sandbox(json!({})).await?;
    let organizations = choices(&sandbox, "getOrganizations", json!({})).await?;
    let organization = organizations.as_object().and_then(|all| all.keys().next()).context("an organization")?.clone();
    let spaces = choices(&sandbox, "getSpaces", json!({ "organization": organization })).await?;
    assert_eq!(spaces["2720001"], "Sales");
    let apps = choices(&sandbox, "getApps", json!({ "organization": organization, "space": "2720001" })).await?;
    assert_eq!(apps[LEADS.to_string()], "Leads");
    let criteria = choices(&sandbox, "getLookupCriteria", json!({ "app": LEADS.to_string() })).await?;
    assert_eq!((&criteria["externalId"], &criteria["field:email"]), (&json!("External ID"), &json!("Email (email)")));
    assert_eq!((criteria.get("field:photo"), criteria.get("field:campaign")), (None, None));
    let sorts = choices(&sandbox, "getSortFields", json!({ "app": LEADS })).await?;
    assert_eq!((&sorts["created_on"], &sorts["906"]), (&json!("Created"), &json!("Score (score)")));

    for (method, fields, part) in [
        ("getSpaces", json!({}), "Choose the step's Organization (organization) first"),
        ("getSpaces", json!({ "organization": "1" }), "Organization is not one that the credential's user belongs to"),
        ("getApps", json!({}), "Choose the step's Workspace (space) first"),
        ("getApps", json!({ "space": "2720002" }), "The apps of the workspace cannot be listed"),
        ("getLookupCriteria", json!({}), "The step's App is not chosen"),
    ] {
        let result = ask(&sandbox, "selectModel", "upsertItem", method, &fields).await?;
        let message = result["data"]["message"].as_str().unwrap_or_default();
        assert!(result["status"] == "error" && message.contains(part), "{method}: {result}");
    }
    Ok(())
}

#[tokio::test]
async fn a_credential_of_an_app_is_offered_its_own() -> Result<()> {
    let refusal = json!([{ "status": 403, "json": { "error": "forbidden" } }]);
    let scope = json!([{ "json": [{ "ref_type": "app", "ref_id": LEADS, "permissions": ["all"] }] }]);
    let sandbox = sandbox(json!({ "GET /org/": refusal, "GET /oauth/scope": scope })).await?;
    let organizations = choices(&sandbox, "getOrganizations", json!({})).await?;
    assert_eq!(organizations, json!({ "own": "The organization of the credential's app" }));
    let spaces = choices(&sandbox, "getSpaces", json!({ "organization": "own" })).await?;
    assert_eq!(spaces, json!({ "own": "The workspace of the credential's app" }));
    let apps = choices(&sandbox, "getApps", json!({ "organization": "own", "space": "own" })).await?;
    assert_eq!(apps, json!({ LEADS.to_string(): "Leads" }));
    Ok(())
}

#[tokio::test]
async fn the_mapper_sees_the_app_s_fields() -> Result<()> {
    let sandbox = sandbox(json!({})).await?;
    let model = async |action: &str, fields: Value| {
        let result = ask(&sandbox, "getMetaModel", action, "", &fields).await?;
        ensure!(result["status"] == "success", "{action}: {result}");
        Ok(result["data"].clone())
    };
    let upsert = model("upsertItem", json!({ "app": LEADS, "lookupCriteria": "field:email" })).await?;
    let fields = &upsert["in"]["properties"]["fields"]["properties"];
    assert_eq!(fields["stage"]["enum"], json!(["New", "Contacted", "Open", "Won", "Lost"]));
    assert_eq!((&fields["stage"]["title"], &fields["email"]["required"]), (&json!("Stage"), &json!(true)));
    assert_eq!((fields.get("weighted"), fields.get("campaign"), fields.get("history")), (None, None, None));
    assert!(fields["title"]["order"].as_u64() > fields["stage"]["order"].as_u64(), "the app's order");
    assert_eq!(upsert["out"]["properties"]["created"]["type"], "boolean");

    let create = model("createItem", json!({ "app": 30_816_004 })).await?;
    assert_eq!(create["in"]["properties"]["fields"]["properties"]["subject"]["required"], true);
    let lookup = model("lookupItem", json!({ "app": LEADS, "lookupCriteria": "field:stage" })).await?;
    assert_eq!(lookup["in"]["properties"]["lookupValue"]["title"], "Stage");
    let read = &lookup["out"]["properties"]["fieldsByName"]["properties"];
    assert_eq!((&read["amount"]["type"], read["weighted"].is_object()), (&json!("object"), true));
    let all = model("lookupItems", json!({ "app": LEADS })).await?;
    assert!(all["out"]["properties"]["results"]["items"]["properties"]["fieldsByName"].is_object());
    assert!(all["in"]["properties"]["filters"]["properties"]["score"]["properties"]["from"].is_object());
    let single = model("lookupItems", json!({ "app": LEADS, "emitBehavior": "emitIndividually" })).await?;
    assert!(single["out"]["properties"]["fieldsByName"].is_object());
    model("updateItem", json!({ "app": LEADS, "lookupCriteria": "itemId" })).await?;
    Ok(())
}
