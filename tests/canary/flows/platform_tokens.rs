//! The credential is a secret of the platform, which refreshes it.

use serde_json::{Value, json};

use super::{answered, expired, success};
use crate::canary::Canary;
use crate::flow::Flow;
use crate::hosts::Hosts;

const READ: &str = "GET /v2/workspaces/ws1/secrets/sec1";
const REFRESH: &str = "POST /v2/workspaces/ws1/secrets/sec1/refresh";

fn of(token: Canary) -> Value {
    let credentials = json!({ "access_token": token.value(), "refresh_token": Canary::RefreshToken.value() });
    json!({ "json": { "data": { "attributes": { "credentials": credentials } } } })
}

fn flow(name: &'static str, platform: Value) -> Flow {
    Flow::new(name)
        .config(json!({ "secretId": "sec1", "retries": 1, "retriesDelay": 10 }))
        .podio(answered(&json!([expired(), success()])))
        .platform(platform)
        .with("ELASTICIO_API_REQUEST_RETRY_DELAY", "10")
}

pub(super) fn flows(hosts: &Hosts) -> Vec<Flow> {
    let said = |status: u16| {
        let text =
            json!({ "token": Canary::PlatformToken.value(), "message": Canary::TokenAnswer.value() }).to_string();
        json!([{ "status": status, "text": text }])
    };
    let read = || json!([of(Canary::PlatformToken)]);
    vec![
        flow("a secret that is refreshed", json!({ READ: read(), REFRESH: [of(Canary::NewPlatformToken)] }))
            .emits(&["data"]),
        flow("a secret that cannot be refreshed", json!({ READ: read(), REFRESH: said(422) })),
        flow("a refresh of a secret that fails", json!({ READ: read(), REFRESH: said(500) })),
        flow("a refresh of a secret that is a page", json!({ READ: read(), REFRESH: said(200) })),
        flow("a refresh of a secret that redirects", json!({ READ: read(), REFRESH: hosts.redirect(307) })),
        flow("no such secret", json!({ READ: said(404) })),
        flow("a secret that is refused", json!({ READ: said(401) })),
        flow("a secret that fails", json!({ READ: said(503) })),
        flow("a secret that is a page", json!({ READ: said(200) })),
        flow("a secret that is elsewhere", json!({ READ: hosts.redirect(302) })),
    ]
}
