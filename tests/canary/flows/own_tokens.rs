//! The credential is in the step's config, and the worker refreshes it.

use anyhow::Result;
use serde_json::{Value, json};

use super::{answered, echo, expired, success};
use crate::canary::Canary;
use crate::flow::{Flow, own_credential, request};
use crate::hosts::Hosts;

/// What the token endpoint is sent.
const SENT: &[Canary] = &[Canary::RefreshToken, Canary::ClientId, Canary::ClientSecret];

/// What the token endpoint answers to a refresh.
fn fresh() -> Value {
    json!({
        "access_token": Canary::NewAccessToken.value(),
        "refresh_token": Canary::NewRefreshToken.value(),
        "expires_in": 28800,
        "scope": Canary::TokenAnswer.value(),
    })
}

/// Podio rejects the token; the token endpoint gives `answer`.
fn refresh(name: &'static str, answer: &Value) -> Flow {
    let mut podio = answered(&json!([expired(), success()]));
    podio["POST /oauth/token"] = json!([answer]);
    Flow::new(name).podio(podio).platform(json!({ "PUT /v1/accounts/acc1": [{ "json": {} }] }))
}

fn text(status: u16, text: &str) -> Value {
    json!({ "status": status, "text": text })
}

pub(super) fn flows(hosts: &Hosts) -> Result<Vec<Flow>> {
    let said =
        |code: &str| json!({ "error": code, "error_description": Canary::TokenAnswer.value(), "echo": echo(SENT) });
    let mut twice = answered(&json!([expired(), success(), expired(), success()]));
    twice["POST /oauth/token"] = json!([{ "json": fresh() }]);
    let away = |name, platform: Value| refresh(name, &json!({ "json": fresh() })).platform(platform).emits(&["data"]);
    let accounts = "PUT /v1/accounts/acc1";
    let mut unusable = own_credential();
    unusable["oauth"]["access_token"] = json!(format!("{}\n", Canary::AccessToken.value()));
    let mut malformed = own_credential();
    malformed["oauth"] = json!(Canary::ConfigField.value());
    let mut wrong_types = own_credential();
    wrong_types["oauth"]["access_token"] = json!([Canary::AccessToken.value()]);
    let levels = ["trace", "debug", "info", "warn", "error", "fatal"];
    let at_levels = levels.map(|level| {
        refresh("a refusal at every level", &json!({ "status": 400, "json": said("invalid_grant") }))
            .with("LOG_LEVEL", level)
    });
    let mut flows = vec![
        refresh("a refresh", &json!({ "json": fresh() })).emits(&["data"]),
        Flow::new("a second refresh")
            .podio(twice)
            .platform(json!({ "PUT /v1/accounts/acc1": [{ "json": {} }] }))
            .messages(vec![request("POST"), request("POST")])
            .emits(&["data", "data"]),
        refresh("a token that is not accepted", &json!({ "json": fresh() }))
            .podio({
                let mut podio = answered(&json!([expired(), { "status": 401, "text": echo(&[Canary::AccessToken, Canary::NewAccessToken, Canary::NewRefreshToken]) }]));
                podio["POST /oauth/token"] = json!([{ "json": fresh() }]);
                podio
            }),
        refresh("a refresh token that is spent", &json!({ "status": 400, "json": said("invalid_grant") })),
        refresh("a client that is refused", &json!({ "status": 401, "json": said("invalid_client") })),
        refresh("a code that is a secret", &json!({ "status": 400, "json": said(Canary::RefreshToken.value()) })),
        refresh("a token endpoint that fails", &text(500, &echo(SENT))),
        refresh("a token endpoint's page", &text(200, &echo(SENT))),
        refresh("a token endpoint's array", &text(200, &json!([fresh()]).to_string())),
        refresh("a token endpoint that breaks off", &json!({ "reset": "midbody" })),
        refresh("a token endpoint that answers nothing", &json!({ "reset": true })),
        refresh("a token endpoint that redirects", &hosts.redirect(307)[0]),
        refresh("a token endpoint that redirects a page", &hosts.redirect(302)[0]),
        refresh("a token endpoint's rate limit", &json!({ "status": 420, "json": said("rate_limit"), "headers": { "retry-after": "300" } }))
            .emits(&["rebound"]),
        refresh("a token that is no header", &json!({ "json": { "access_token": format!("{}\n", Canary::NewAccessToken.value()) } })),
        refresh("a token endpoint with version 2", &json!({})).with("PODIO_TOKEN_URL", format!("{}/oauth/token/v2", hosts.garbage.url())),
        refresh("a token endpoint that is down", &json!({}))
            .with("PODIO_TOKEN_URL", format!("http://{}/oauth/token", hosts.closed()?)),
        refresh("a token endpoint that is not HTTP", &json!({})).with("PODIO_TOKEN_URL", hosts.garbage.url()),
        refresh("no client", &json!({})).with("PODIO_CLIENT_SECRET", ""),
        away("an account that fails", json!({ accounts: [{ "status": 500, "text": Canary::PlatformAnswer.value() }] })),
        away("an account that is refused", json!({ accounts: [{ "status": 403, "text": Canary::PlatformAnswer.value() }] })),
        away("an account that redirects", json!({ accounts: hosts.redirect(307) })),
        Flow::new("a token that no header can hold").config(unusable),
        Flow::new("a credential that is malformed").config(malformed),
        Flow::new("a token of a wrong type").config(wrong_types),
    ];
    flows.extend(at_levels);
    Ok(flows)
}
