//! All runs of the commands: `exec`, `service`, and starts with settings that are wrong.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::command::Command;
use crate::hosts::Hosts;

const GET_USER: &str = r#"{"body":{"method":"GET","url":"/user"}}"#;

fn success() -> Value {
    let headers = json!({ "set-cookie": Canary::PodioHeader.value() });
    json!({ "json": { "answer": Canary::PodioAnswer.value() }, "headers": headers })
}

fn expired() -> Value {
    json!({ "status": 401, "json": { "error": "unauthorized" } })
}

fn fresh() -> Value {
    json!({ "access_token": Canary::NewAccessToken.value(), "refresh_token": Canary::NewRefreshToken.value() })
}

fn credential() -> String {
    json!({
        "access_token": Canary::FileAccessToken.value(),
        "refresh_token": Canary::FileRefreshToken.value(),
        "note": Canary::FileField.value(),
    })
    .to_string()
}

fn exec(name: &str) -> Command {
    Command::new(name, &["exec", "--credential", "{credential}"])
        .credential(credential())
        .input(GET_USER)
        .with("PODIO_API_URL", "http://{podio}")
        .with("PODIO_TOKEN_URL", "http://{tokens}/oauth/token")
        .with("PODIO_CLIENT_ID", Canary::ClientId.value())
        .with("PODIO_CLIENT_SECRET", Canary::ClientSecret.value())
}

/// `exec` with the credential in its environment.
fn exec_of_environment(name: &str) -> Command {
    Command::new(name, &["exec"])
        .input(GET_USER)
        .with("PODIO_API_URL", "http://{podio}")
        .with("PODIO_TOKEN_URL", "http://{tokens}/oauth/token")
        .with("PODIO_CLIENT_ID", Canary::ClientId.value())
        .with("PODIO_CLIENT_SECRET", Canary::ClientSecret.value())
        .with("PODIO_ACCESS_TOKEN", Canary::ExecAccessToken.value())
        .with("PODIO_REFRESH_TOKEN", Canary::ExecRefreshToken.value())
}

fn service(name: &str, method: &'static str) -> Command {
    let post =
        format!("http://poster:{}@{{result}}/result?key={}", Canary::PostPassword.encoded(), Canary::PostQuery.value());
    Command::new(name, &["service", method])
        .with("ELASTICIO_POST_RESULT_URL", post)
        .with("ELASTICIO_CFG", crate::flow::own_credential().to_string())
        .with("ELASTICIO_API_URI", "http://{platform}")
        .with("ELASTICIO_API_USERNAME", Canary::ApiUser.value())
        .with("ELASTICIO_API_KEY", Canary::ApiKey.value())
        .with("PODIO_API_URL", "http://{podio}")
        .with("PODIO_TOKEN_URL", "http://{tokens}/oauth/token")
        .with("PODIO_CLIENT_ID", Canary::ClientId.value())
        .with("PODIO_CLIENT_SECRET", Canary::ClientSecret.value())
}

fn of_exec() -> Vec<Command> {
    let refreshed = json!({ "GET /user": [expired(), success()], "POST /oauth/token": [{ "json": fresh() }] });
    let refused = json!({ "GET /user": [expired()], "POST /oauth/token": [
        { "status": 400, "json": { "error": "invalid_grant", "error_description": Canary::FileRefreshToken.value() } },
    ] });
    let echo = json!({ "GET /user": [{ "status": 404, "text": Canary::FileAccessToken.value() }] });
    let unreadable =
        format!("{{\"access_token\": \"{}\", {}", Canary::FileAccessToken.value(), Canary::FileField.value());
    vec![
        exec("exec").podio(json!({ "GET /user": [success()] })),
        exec("exec that refreshes").podio(refreshed.clone()),
        exec("exec whose refresh is refused").podio(refused).fails(),
        exec("exec that is refused").podio(echo).fails(),
        exec("exec of what is not JSON").input(format!("{{{}\n", Canary::Unreadable.value())).fails(),
        exec("exec with a file that is not JSON").credential(unreadable).fails(),
        exec("exec with a file of a wrong type").credential(json!([credential()]).to_string()).fails(),
        exec_of_environment("exec of the environment").podio(refreshed),
        exec_of_environment("exec with a token that no header can hold")
            .with("PODIO_ACCESS_TOKEN", format!("{}\u{7f}", Canary::ExecAccessToken.value()))
            .fails(),
    ]
}

fn of_service() -> Vec<Command> {
    let said = |status: u16| json!({ "GET /oauth/scope": [{ "status": status, "text": Canary::PodioAnswer.value() }] });
    let verify = |name: &str| service(name, "verifyCredentials").podio(json!({ "GET /oauth/scope": [success()] }));
    let not_posted = |status: u16| json!({ "POST /result": [{ "status": status, "text": "no" }] });
    vec![
        verify("verifyCredentials"),
        verify("verifyCredentials that is refused").podio(said(401)),
        verify("verifyCredentials that is forbidden").podio(said(403)),
        verify("verifyCredentials that fails").podio(said(404)).with("API_RETRIES_COUNT", "0"),
        verify("verifyCredentials without JSON").with("ELASTICIO_CFG", format!("{{{}", Canary::Malformed.value())),
        verify("verifyCredentials without an object")
            .with("ELASTICIO_CFG", json!([Canary::Malformed.value()]).to_string()),
        verify("a result that is refused").platform(not_posted(403)).fails(),
        verify("a result that fails").platform(not_posted(500)).with("ELASTICIO_API_REQUEST_RETRY_DELAY", "10").fails(),
        verify("a result that cannot be posted")
            .with("ELASTICIO_POST_RESULT_URL", format!("http://u:{}@127.0.0.1:1/", Canary::PostPassword.encoded()))
            .with("ELASTICIO_API_REQUEST_RETRY_DELAY", "10")
            .fails(),
        verify("an address of results that is none")
            .with("ELASTICIO_POST_RESULT_URL", format!("no address {}", Canary::Malformed.value()))
            .fails(),
        service("selectModel", "selectModel"),
        service("an unknown method", "noSuchMethod"),
    ]
}

/// The shutdown hook, which is a start of the worker with other variables.
fn of_hooks() -> Vec<Command> {
    const DATA: &str = "/sailor-support/hooks/task/flow1/startup/data";
    const IDENTITY: [&str; 7] = [
        "ELASTICIO_FLOW_ID",
        "ELASTICIO_EXEC_ID",
        "ELASTICIO_STEP_ID",
        "ELASTICIO_CONTAINER_ID",
        "ELASTICIO_WORKSPACE_ID",
        "ELASTICIO_USER_ID",
        "ELASTICIO_COMP_ID",
    ];
    let hook = |name: &str, status: u16| {
        let command = Command::new(name, &[]).platform(json!({
            format!("GET {DATA}"): [{ "json": { "subscription": Canary::StartupData.value() } }],
            format!("DELETE {DATA}"): [{ "status": status, "text": Canary::StartupData.value() }],
        }));
        let command = IDENTITY.iter().fold(command, |command, name| command.with(name, "flow1"));
        command
            .with("ELASTICIO_FUNCTION", "customRequest")
            .with("ELASTICIO_HOOK_SHUTDOWN", "true")
            .with("ELASTICIO_API_URI", "http://{platform}")
            .with("ELASTICIO_API_USERNAME", Canary::ApiUser.value())
            .with("ELASTICIO_API_KEY", Canary::ApiKey.value())
            .with("ELASTICIO_API_REQUEST_RETRY_DELAY", "10")
    };
    vec![
        hook("the shutdown hook", 204),
        hook("a shutdown hook that fails", 500).fails(),
        hook("a shutdown hook that is refused", 403).fails(),
    ]
}

/// Starts of the worker, each with one setting that is malformed, and one with all of them.
fn of_settings() -> Vec<Command> {
    let secret = Canary::Malformed.value();
    let url = |host: &str| format!("https://user:{secret}@{host}/?key={secret}");
    let wrong = [
        ("ELASTICIO_AMQP_URI", format!("amqp://user:{secret}@host:port/")),
        ("ELASTICIO_AMQP_URI", format!("https://user:{secret}@host/")),
        ("ELASTICIO_AMQP_URI", format!("amqp://user:{secret}@host/?heartbeat={secret}")),
        ("ELASTICIO_AMQP_URI", format!("amqp://user:%ff{secret}@host/")),
        ("ELASTICIO_API_URI", url("platform.example.com")),
        ("ELASTICIO_API_KEY", format!("{secret}\n")),
        ("ELASTICIO_MESSAGE_CRYPTO_IV", secret.to_owned()),
        ("ELASTICIO_MESSAGE_CRYPTO_PASSWORD", String::new()),
        ("ELASTICIO_OBJECT_STORAGE_URI", url("storage.example.com")),
        ("ELASTICIO_OBJECT_STORAGE_TOKEN", format!("{secret}\n")),
        ("PODIO_API_URL", url("podio.example.com")),
        ("PODIO_TOKEN_URL", format!("token {secret}")),
        ("PODIO_CLIENT_SECRET", format!("{secret}\n")),
        ("LOG_LEVEL", secret.to_owned()),
    ];
    let start = |name: String, wrong: &[(&'static str, String)]| {
        let begin = Command::new(name, &[]).fails();
        wrong.iter().fold(begin, |command, (name, value)| command.with(name, value.clone()))
    };
    let mut all: Vec<Command> =
        wrong.iter().map(|one| start(format!("a wrong {}", one.0), std::slice::from_ref(one))).collect();
    all.push(start("everything wrong".to_owned(), &wrong[..wrong.len() - 1]));
    all
}

/// All of them, and where the settings file is that one of them reads.
pub(crate) fn all(hosts: &Hosts) -> Result<Vec<Command>> {
    let file = hosts.folder().join("settings.toml");
    let secret = Canary::Unreadable.value();
    fs::write(&file, format!("ELASTICIO_API_KEY = {}\nELASTICIO_CFG = \"\"\"{secret}", secret.replace('"', "")))?;
    let settings = Command::new("a settings file that is not TOML", &[])
        .with("PODIO_COMPONENT_SETTINGS", file.display().to_string())
        .fails();
    Ok([of_exec(), of_service(), of_hooks(), of_settings(), vec![settings]].into_iter().flatten().collect())
}
