//! Compares the HTTP calls that were made with the expected ones.

use podio_sandbox::Call;
use serde_json::{Value, json};

use super::hosts::Hosts;
use super::observation::Observation;
use super::pairing::{Order, pair};
use super::pattern::{Comparison, difference};
use super::scenario::{Expected, ExpectedCall};

/// The differences between the calls and the expected ones.
pub(crate) fn differences(expected: &Expected, observation: &Observation, hosts: &Hosts) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(calls) = &expected.podio {
        found.extend(api_differences(calls, observation, hosts));
    }
    if let Some(lines) = &expected.platform {
        let actual = observation.platform.iter().map(Call::line).collect::<Vec<_>>();
        found.extend(line_differences("platform", lines, &actual, observation.order()));
    }
    if let Some(lines) = &expected.storage {
        let actual = observation.storage.iter().map(storage_line).collect::<Vec<_>>();
        found.extend(line_differences("storage", lines, &actual, observation.order()));
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
        let sent = observation.podio.first().map(|call| &call.body);
        if sent != Some(body) {
            found.push(difference("podio_body", Some(&json!(body)), sent.map(|body| json!(body)).as_ref()));
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
    let equal = |expected: &_, actual: &_| compare(0, expected, actual).is_empty();
    let pairs = pair(expected, &observation.podio, observation.order(), equal);
    let lines = pairs.into_iter().enumerate().flat_map(|(index, pair)| match pair {
        (Some(expected), Some(actual)) => compare(index, expected, actual),
        (expected, actual) => {
            let expected = expected.map(expected_json);
            vec![difference(
                &format!("podio.{index}"),
                expected.as_ref(),
                actual.map(|call| json!(call.line())).as_ref(),
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
        ExpectedCall::Line(_) => json!(actual.line()),
        ExpectedCall::Whole { .. } => json!({
            "call": actual.line(),
            "auth": actual.authorization,
            "body": actual.body,
            "type": actual.content_type,
        }),
    }
}

/// Calls to object storage are named without the object: `GET objects`.
fn storage_line(call: &Call) -> String {
    format!("{} objects", call.method)
}

fn line_differences(name: &str, expected: &[String], actual: &[String], order: Order) -> Vec<String> {
    let pairs = pair(expected, actual, order, |expected, actual| expected == actual);
    let unequal = pairs.into_iter().enumerate().filter(|(_, (expected, actual))| expected != actual);
    unequal
        .map(|(index, (expected, actual))| {
            let value = |line: Option<&String>| line.map(|line| json!(line));
            difference(&format!("{name}.{index}"), value(expected).as_ref(), value(actual).as_ref())
        })
        .collect()
}

/// The credential that was sent to the platform must have this access token.
fn updated_keys_difference(token: &str, platform: &[Call]) -> Option<String> {
    let updates = platform.iter().filter(|call| call.line().starts_with("PUT /v1/accounts/"));
    let tokens: Vec<Value> = updates
        .filter_map(|call| serde_json::from_str::<Value>(&call.body).ok())
        .filter_map(|body| find(body.get("keys")?, "access_token").cloned())
        .collect();
    (tokens != [json!(token)]).then(|| difference("keys_updated", Some(&json!([token])), Some(&tokens.into())))
}

/// The value of `key` in `value`, at any depth.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(key).or_else(|| object.values().find_map(|value| find(value, key)))
}

/// No token may reach the other host, whether or not the scenario has expectations of it.
fn other_host_differences(expected: Option<usize>, observation: &Observation) -> Vec<String> {
    let requests = &observation.other_host;
    let mut found: Vec<String> = requests
        .iter()
        .filter(|request| request.authorization().is_some())
        .map(|request| format!("evil: the other host received a token with {}", request.line))
        .collect();
    if expected.is_some_and(|count| count != requests.len()) {
        found.push(difference("evil", expected.map(|count| json!(count)).as_ref(), Some(&json!(requests.len()))));
    }
    found
}

fn joined(calls: &[Call]) -> String {
    calls.iter().map(Call::line).collect::<Vec<_>>().join(", ")
}
