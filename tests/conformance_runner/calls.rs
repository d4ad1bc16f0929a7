//! Comparing the HTTP calls that were made with those that must be.

use podio_sandbox::Call;
use serde_json::{Value, json};

use super::observation::{Observation, line};
use super::pairing::pair;
use super::pattern::{Comparison, difference};
use super::scenario::{Expected, ExpectedCall, Hosts};

/// What differs between the calls and the expectations of them.
pub(crate) fn differences(expected: &Expected, observation: &Observation, hosts: &Hosts) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(calls) = &expected.podio {
        found.extend(api_differences(calls, observation, hosts));
    }
    for (name, lines, calls) in
        [("platform", &expected.platform, &observation.platform), ("storage", &expected.storage, &observation.storage)]
    {
        let in_order = observation.sent <= 1;
        found.extend(lines.iter().flat_map(|lines| line_differences(name, lines, calls, in_order)));
    }
    for (name, max, calls) in [
        ("podio_max", expected.podio_max, &observation.podio),
        ("platform_max", expected.platform_max, &observation.platform),
    ] {
        if let Some(max) = max.filter(|max| calls.len() > *max) {
            found.push(format!("{name}: expected at most {max} calls, got {}: {}", calls.len(), joined(calls)));
        }
    }
    if let Some(body) = &expected.podio_body {
        let sent = observation.podio.first().map(body_text);
        if sent.as_ref() != Some(body) {
            found.push(difference("podio_body", Some(&json!(body)), sent.map(Value::from).as_ref()));
        }
    }
    if let Some(token) = &expected.keys_updated {
        found.extend(updated_keys_difference(token, &observation.platform));
    }
    found.extend(other_host_differences(expected.evil, observation));
    found
}

fn api_differences(expected: &[ExpectedCall], observation: &Observation, hosts: &Hosts) -> Vec<String> {
    let compare = |index: usize, expected: &ExpectedCall, actual: &Call| {
        let mut comparison = Comparison::new(hosts);
        comparison.compare(&format!("podio.{index}"), &expected_json(expected), &actual_json(expected, actual));
        comparison.differences
    };
    let in_order = observation.sent <= 1;
    let pairs = pair(expected, &observation.podio, in_order, |e, a| compare(0, e, a).is_empty());
    let lines = pairs.into_iter().enumerate().flat_map(|(index, pair)| match pair {
        (Some(expected), Some(actual)) => compare(index, expected, actual),
        (expected, actual) => {
            let expected = expected.map(expected_json);
            vec![difference(
                &format!("podio.{index}"),
                expected.as_ref(),
                actual.map(|call| json!(line(call))).as_ref(),
            )]
        }
    });
    lines.collect()
}

fn expected_json(call: &ExpectedCall) -> Value {
    match call {
        ExpectedCall::Line(line) => json!(line),
        ExpectedCall::Whole { call, auth, body, content_type } => {
            json!({ "call": call, "auth": auth, "body": body, "type": content_type })
        }
    }
}

fn actual_json(expected: &ExpectedCall, actual: &Call) -> Value {
    match expected {
        ExpectedCall::Line(_) => json!(line(actual)),
        ExpectedCall::Whole { .. } => json!({
            "call": line(actual),
            "auth": actual.authorization,
            "body": body_text(actual),
            "type": actual.content_type,
        }),
    }
}

/// Object storage calls are named without the object: `GET objects`.
fn short_line(name: &str, call: &Call) -> String {
    if name == "storage" { format!("{} objects", call.method) } else { line(call) }
}

fn line_differences(name: &str, expected: &[String], calls: &[Call], in_order: bool) -> Vec<String> {
    let actual: Vec<String> = calls.iter().map(|call| short_line(name, call)).collect();
    let pairs = pair(expected, &actual, in_order, |expected, actual| expected == actual);
    let unequal = pairs.into_iter().enumerate().filter(|(_, (expected, actual))| expected != actual);
    unequal
        .map(|(index, (expected, actual))| {
            let value = |line: Option<&String>| line.map(|line| json!(line));
            difference(&format!("{name}.{index}"), value(expected).as_ref(), value(actual).as_ref())
        })
        .collect()
}

/// The credential that was handed to the platform must have this access token.
fn updated_keys_difference(token: &str, platform: &[Call]) -> Option<String> {
    let bodies = platform.iter().filter(|call| line(call).starts_with("PUT /v1/accounts/")).map(body_text);
    let tokens: Vec<Value> = bodies
        .filter_map(|body| serde_json::from_str::<Value>(&body).ok())
        .filter_map(|body| find(body.get("keys")?, "access_token").cloned())
        .collect();
    (tokens != [json!(token)]).then(|| difference("keys_updated", Some(&json!([token])), Some(&tokens.into())))
}

/// The value of `key` in `value`, at any depth.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(key).or_else(|| object.values().find_map(|value| find(value, key)))
}

/// No token may reach another host, whether or not a scenario says so.
fn other_host_differences(expected: Option<usize>, observation: &Observation) -> Vec<String> {
    let requests = &observation.other_host;
    let mut found: Vec<String> = requests
        .iter()
        .filter(|request| request.authorization().is_some())
        .map(|request| format!("evil: a token went to another host with {}", request.line))
        .collect();
    if expected.is_some_and(|count| count != requests.len()) {
        found.push(difference("evil", expected.map(|count| json!(count)).as_ref(), Some(&json!(requests.len()))));
    }
    found
}

fn body_text(call: &Call) -> String {
    call.body.clone()
}

fn joined(calls: &[Call]) -> String {
    calls.iter().map(line).collect::<Vec<_>>().join(", ")
}
