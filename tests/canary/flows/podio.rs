//! What Podio may answer.

use podio_test_support::TestMessage;
use serde_json::json;

use super::{answered, echo, success};
use crate::canary::Canary;
use crate::flow::{Ends, Flow, message, path, request};
use crate::hosts::Hosts;

pub(super) fn flows(hosts: &Hosts) -> Vec<Flow> {
    let echo_token = json!({ "error": Canary::AccessToken.value(), "answer": Canary::PodioAnswer.value() });
    let get = format!("GET {}", path());
    vec![
        Flow::new("success").podio(answered(&json!([success()]))).emits(&["data"]),
        Flow::new("a success with the other encoding and passthrough")
            .emits(&["data"])
            .podio(json!({ "GET /user": [success()] }))
            .messages(vec![TestMessage::new(&json!({
                "body": { "method": "GET", "url": "/user" },
                "passthrough": { "step_0": { "body": { "secret": Canary::Passthrough.value() } } },
            }))])
            .with("ELASTICIO_PROTOCOL_VERSION", "2")
            .with("ELASTICIO_NO_SELF_PASSTRHOUGH", "true")
            .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "true"),
        Flow::new("a refusal that repeats the token")
            .podio(answered(&json!([{ "status": 404, "json": echo_token.clone() }]))),
        Flow::new("a refusal as text").podio(answered(&json!([{ "status": 400, "text": echo_token.to_string() }]))),
        Flow::new("a refusal whose reason phrase repeats the token")
            .podio(answered(&json!([{ "status": 403, "json": {}, "reason": Canary::AccessToken.value() }]))),
        Flow::new("a server error").podio(answered(&json!([{ "status": 500, "json": echo_token.clone() }]))),
        Flow::new("a page of a gateway").podio(answered(&json!([{ "status": 502, "text": echo_token.to_string() }]))),
        Flow::new("an answer that breaks off").podio(answered(&json!([{ "reset": "midbody" }]))),
        Flow::new("no answer").podio(answered(&json!([{ "reset": true }]))),
        Flow::new("not HTTP").with("PODIO_API_URL", hosts.garbage.url()),
        Flow::new("nobody there").with("PODIO_API_URL", "http://127.0.0.1:1"),
        Flow::new("an answer that is too large")
            .podio(answered(&json!([success()])))
            .with("PODIO_MAX_RESPONSE_SIZE", "5"),
        Flow::new("a redirect of content").podio(answered(&hosts.redirect(307))),
        Flow::new("a redirect of a GET")
            .emits(&["data"])
            .podio(json!({ get.clone(): hosts.redirect(302) }))
            .messages(vec![request("GET")]),
        Flow::new("a rate limit").emits(&["rebound"]).podio(answered(&json!([
            { "status": 420, "json": echo_token, "headers": { "retry-after": "300" } },
        ]))),
        Flow::new("a wrong method").messages(vec![request(Canary::Body.value())]),
        Flow::new("a url that leads away").messages(vec![message(
            &json!({ "method": "GET", "url": format!("http://{}/{}", hosts.other.address(), Canary::Query.value()) }),
        )]),
        Flow::new("pages that repeat")
            .emits(&["data", "error"])
            .podio(json!({ get: [{ "json": [1, 2, 3] }] }))
            .messages(vec![message(&json!({
                "method": "GET", "url": format!("{}?token={}", path(), Canary::Query.value()), "pagination": true,
            }))]),
        Flow::new("a look-up")
            .function("lookupObjectById")
            .messages(vec![message(&json!({ "idValue": Canary::Path.value() }))]),
        Flow::new("a deletion")
            .function("deleteObjectById")
            .messages(vec![message(&json!({ "idValue": Canary::Path.value() }))]),
        Flow::new("a refusal that repeats both tokens")
            .function("makeRawRequest")
            .podio(answered(&json!([{ "status": 422, "text": echo(&[Canary::AccessToken, Canary::RefreshToken]) }]))),
        Flow::new("an error reply")
            .podio(answered(&json!([{ "status": 410, "json": {} }])))
            .messages(vec![request("POST").with_header("reply_to", json!("reply"))])
            .emits(&["error", "reply"]),
        Flow::new("a stop")
            .podio(answered(&json!([{ "delay": 20 }])))
            .with("API_REQUEST_TIMEOUT", "500")
            .ends(Ends::Stopped),
        Flow::new("a proxy")
            .with("HTTPS_PROXY", format!("http://user:{}@{}", Canary::ProxyPassword.value(), hosts.proxy.address()))
            .with("PODIO_API_URL", "https://podio.invalid")
            .with("API_REQUEST_TIMEOUT", "500"),
    ]
}
