//! `podio-component exec`: actions without a broker.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Options, Sandbox};
use podio_test_support::{Ended, Finished, run_to_end};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::step::{BOUND, answers, oauth_config, program, step_data};

/// The variables for reading a step's data and its secret.
const PLATFORM: [(&str, &str); 5] = [
    ("ELASTICIO_FLOW_ID", "flow1"),
    ("ELASTICIO_STEP_ID", "step_2"),
    ("ELASTICIO_WORKSPACE_ID", "ws1"),
    ("ELASTICIO_API_USERNAME", "api-user"),
    ("ELASTICIO_API_KEY", "api-key"),
];
const GET_USER: &str = r#"{"body":{"method":"GET","url":"/user"}}"#;
const GET_SLOW: &str = r#"{"id":"slow","body":{"method":"GET","url":"/slow"}}"#;
const GET_NOTHING: &str = r#"{"body":{"method":"GET","url":"/nothing"}}"#;

/// A credential file that is removed on drop.
struct CredentialFile(PathBuf);

impl CredentialFile {
    fn write(credential: &Value) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("podio-test-{}.json", Uuid::new_v4()));
        fs::write(&path, credential.to_string()).context("the credential file cannot be written")?;
        let file = Self(path);
        file.set_mode(0o600)?;
        Ok(file)
    }

    fn set_mode(&self, mode: u32) -> Result<()> {
        Ok(fs::set_permissions(&self.0, PermissionsExt::from_mode(mode))?)
    }

    fn read(&self) -> Result<Value> {
        Ok(serde_json::from_str(&fs::read_to_string(&self.0)?)?)
    }
}

impl Drop for CredentialFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn sandbox(podio: Value) -> Result<Sandbox> {
    let answers = answers(podio, json!({}))?;
    Ok(podio_sandbox::start(Options { only_answers: true, answers, ..Options::default() }).await?)
}

async fn usual_sandbox() -> Result<Sandbox> {
    sandbox(json!({
        "GET /user": [{ "json": { "user_id": 1 } }],
        "GET /slow": [{ "json": { "slow": true }, "delay": 1.0 }],
    }))
    .await
}

/// Runs `exec` with `arguments` and `input`; fails if the output contains a secret.
async fn exec(sandbox: &Sandbox, file: &CredentialFile, arguments: &[&str], input: &str) -> Result<Finished> {
    let path = file.0.to_str().context("the path is not UTF-8")?;
    let all: Vec<&str> = ["exec", "--credential", path].iter().chain(arguments).copied().collect();
    let (url, token_url) = (sandbox.podio_url(), format!("{}/oauth/token", sandbox.podio_url()));
    let variables = [
        ("PODIO_API_URL", url.as_str()),
        ("PODIO_TOKEN_URL", &token_url),
        ("PODIO_CLIENT_ID", "client-of-the-tests"),
        ("PODIO_CLIENT_SECRET", "secret-of-the-client"),
        ("LOG_LEVEL", "debug"),
    ];
    let finished = run_to_end(program(), &all, &variables, input, BOUND).await?;
    for secret in ["access-token", "refresh-token", "secret-of-the-client"] {
        ensure!(!finished.output.contains(secret), "a secret on standard output: {}", finished.output);
        ensure!(!finished.errors.contains(secret), "a secret on standard error: {}", finished.errors);
    }
    Ok(finished)
}

/// The JSON objects on standard output, one per line.
fn lines(finished: &Finished) -> Result<Vec<Value>> {
    let parse = |line| serde_json::from_str(line).with_context(|| format!("not a JSON line: {line}"));
    finished.output.lines().map(parse).collect()
}

/// The number of the input that each line belongs to.
fn order(lines: &[Value]) -> Vec<Option<u64>> {
    lines.iter().map(|line| line["input"].as_u64()).collect()
}

#[tokio::test]
async fn a_message_on_standard_input_produces_a_result_on_standard_output() -> Result<()> {
    let sandbox = usual_sandbox().await?;
    let credentials = [
        json!({ "access_token": "old-access-token", "refresh_token": "old-refresh-token" }),
        json!({ "oauth": { "access_token": "old-access-token" }, "retries": 2, "retriesDelay": 50 }),
    ];
    for (credential, mark) in credentials.iter().zip(["", "\u{feff}"]) {
        let file = CredentialFile::write(credential)?;
        fs::write(&file.0, format!("{mark}{credential}"))?;
        let finished = exec(&sandbox, &file, &[], &format!("{mark}{GET_USER}\n")).await?;
        assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
        let lines = lines(&finished)?;
        assert_eq!(order(&lines), [Some(1)]);
        assert_eq!(lines[0]["body"]["statusCode"], 200);
        assert_eq!(lines[0]["body"]["responseBody"], json!({ "user_id": 1 }));
        assert!(lines[0]["id"].is_string(), "{}", lines[0]);
        let call = sandbox.calls().pop().context("no call")?;
        assert_eq!(call.authorization.as_deref(), Some("Bearer old-access-token"));
    }
    Ok(())
}

#[tokio::test]
async fn a_message_can_be_an_argument() -> Result<()> {
    let sandbox = usual_sandbox().await?;
    let file = CredentialFile::write(&oauth_config())?;
    let finished = exec(&sandbox, &file, &[GET_USER], "").await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    assert_eq!(lines(&finished)?[0]["body"]["responseBody"], json!({ "user_id": 1 }));
    Ok(())
}

#[tokio::test]
async fn results_keep_the_order_of_the_messages_unless_unordered() -> Result<()> {
    let sandbox = usual_sandbox().await?;
    let file = CredentialFile::write(&oauth_config())?;
    let input = [GET_SLOW, GET_USER, GET_USER, GET_USER, GET_USER].join("\n");
    let finished = exec(&sandbox, &file, &["--concurrency", "4"], &input).await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    assert_eq!(order(&lines(&finished)?), [1, 2, 3, 4, 5].map(Some));

    let finished = exec(&sandbox, &file, &["--concurrency", "4", "--unordered"], &input).await?;
    let mut seen = order(&lines(&finished)?);
    assert_eq!(seen.last(), Some(&Some(1)), "the slow message comes last: {seen:?}");
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5].map(Some));
    Ok(())
}

#[tokio::test]
async fn a_failed_message_is_an_error_line_and_exit_code_1() -> Result<()> {
    let sandbox = usual_sandbox().await?;
    let file = CredentialFile::write(&oauth_config())?;
    let input = [GET_USER, GET_NOTHING, "{not JSON", GET_USER].join("\n");
    let finished = exec(&sandbox, &file, &[], &input).await?;
    assert_eq!(finished.ended, Ended(1), "{}", finished.errors);
    let lines = lines(&finished)?;
    assert_eq!(order(&lines), [1, 2, 3, 4].map(Some));
    for good in [&lines[0], &lines[3]] {
        assert_eq!(good["body"]["statusCode"], 200);
        assert_eq!(good.get("error"), None);
    }
    for (bad, part) in [(&lines[1], "status - \"404\""), (&lines[2], "JSON")] {
        let (name, message) = (bad["error"]["name"].as_str(), bad["error"]["message"].as_str());
        assert!(name.is_some_and(|name| !name.is_empty()), "{bad}");
        assert!(message.is_some_and(|message| message.contains(part)), "{bad}");
        assert_eq!(bad.get("body"), None);
    }
    Ok(())
}

#[tokio::test]
async fn a_refreshed_credential_is_written_back() -> Result<()> {
    let fresh = json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token", "token_type": "bearer", "expires_in": 28800 });
    let sandbox = sandbox(json!({
        "GET /user": [
            { "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } },
            { "json": { "user_id": 1 } },
        ],
        "POST /oauth/token": [{ "json": fresh }],
    }))
    .await?;
    let file =
        CredentialFile::write(&json!({ "access_token": "old-access-token", "refresh_token": "old-refresh-token" }))?;
    let finished = exec(&sandbox, &file, &[GET_USER], "").await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    let written = file.read()?;
    assert_eq!(written["access_token"], "new-access-token");
    assert_eq!(written["refresh_token"], "new-refresh-token");
    Ok(())
}

#[tokio::test]
async fn exec_needs_only_the_variables_of_the_calls_it_makes() -> Result<()> {
    const SECRET: &str = "GET /v2/workspaces/ws1/secrets/sec1";
    let credentials = json!({ "data": { "attributes": { "credentials": { "access_token": "of-the-secret" } } } });
    let user = json!({ "GET /item/7": [{ "json": { "item_id": 7 } }] });
    let answers = answers(user, json!({ SECRET: [{ "json": credentials }] }))?;
    let step = step_data(json!({ "secretId": "sec1", "objectType": "item" }));
    let sandbox = podio_sandbox::start(Options { only_answers: true, answers, step, ..Options::default() }).await?;
    let (podio, platform) = (sandbox.podio_url(), sandbox.platform_url());
    let mut variables = PLATFORM.to_vec();
    variables.extend([("PODIO_API_URL", podio.as_str()), ("ELASTICIO_API_URI", &platform)]);
    let arguments = ["exec", "--function", "lookupObjectById", r#"{"body":{"idValue":7}}"#];
    let finished = run_to_end(program(), &arguments, &variables, "", BOUND).await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    assert_eq!(lines(&finished)?[0]["body"]["item_id"], 7);
    let call = sandbox.calls().pop().context("no call")?;
    assert_eq!(call.authorization.as_deref(), Some("Bearer of-the-secret"));
    Ok(())
}

#[tokio::test]
async fn a_secret_id_needs_the_platform_and_missing_variables_are_named() -> Result<()> {
    let file = CredentialFile::write(&json!({ "secretId": "sec1" }))?;
    let finished = exec(&usual_sandbox().await?, &file, &[GET_USER], "").await?;
    assert_eq!(finished.ended, Ended(1), "{}", finished.errors);
    for word in ["secretId", "ELASTICIO_WORKSPACE_ID", "ELASTICIO_API_URI", "ELASTICIO_API_KEY"] {
        assert!(finished.errors.contains(word), "{word} is not named: {}", finished.errors);
    }
    for word in ["ELASTICIO_FUNCTION", "ELASTICIO_FLOW_ID", "ELASTICIO_EXEC_ID"] {
        assert!(!finished.errors.contains(word), "{word} is not needed: {}", finished.errors);
    }
    Ok(())
}

#[tokio::test]
async fn a_credential_file_that_others_can_open_is_refused_unless_allowed() -> Result<()> {
    let sandbox = usual_sandbox().await?;
    let file = CredentialFile::write(&oauth_config())?;
    let chmod = format!("chmod 600 {}", file.0.display());
    for mode in [0o644, 0o640, 0o602] {
        file.set_mode(mode)?;
        let refused = exec(&sandbox, &file, &[GET_USER], "").await?;
        assert_eq!(refused.ended, Ended(1), "{mode:o}: {}", refused.errors);
        assert!(refused.errors.contains(&chmod), "{mode:o}: {}", refused.errors);
        assert_eq!((refused.errors.lines().count(), refused.output.as_str()), (1, ""), "{}", refused.errors);
        let allowed = exec(&sandbox, &file, &["--allow-readable-credential", GET_USER], "").await?;
        assert_eq!(allowed.ended, Ended(0), "{mode:o}: {}", allowed.errors);
    }
    for mode in [0o600, 0o400] {
        file.set_mode(mode)?;
        let finished = exec(&sandbox, &file, &[GET_USER], "").await?;
        assert_eq!(finished.ended, Ended(0), "{mode:o}: {}", finished.errors);
    }
    Ok(())
}
