//! All differences between an observation and what a scenario expects, one line each.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::hosts::Hosts;
use super::observation::Observation;
use super::pattern::difference;
use super::scenario::{Expected, Scenario};
use super::secrets::Secrets;
use super::{calls, emits};

/// The differences; none if the scenario holds.
pub(crate) fn differences(scenario: &Scenario, secrets: &Secrets, hosts: &Hosts, seen: &Observation) -> Vec<String> {
    let expected = &scenario.expected;
    let mut found = Vec::new();
    found.extend(exit_difference(expected, seen));
    found.extend(input_differences(expected, seen));
    if let Some(emitted) = &expected.emitted {
        found.extend(emits::differences(emitted, seen, hosts));
    }
    found.extend(emits::defects(seen));
    found.extend(calls::differences(expected, seen, hosts));
    found.extend(response_body_difference(expected, seen));
    found.extend(time_difference(expected, seen));
    found.extend(secrets.leaks(&seen.log).map(|line| format!("log: a secret is in the line {line}")));
    found
}

fn exit_difference(expected: &Expected, seen: &Observation) -> Option<String> {
    // That the reference had to be killed is its defect: this worker must end with 0.
    let code = expected.exit.map(|code| code.max(0));
    let holds = code.map_or(seen.exit >= 0, |code| code == seen.exit);
    (!holds).then(|| difference("exit", code.map(|code| json!(code)).as_ref(), Some(&json!(seen.exit))))
}

fn input_differences(expected: &Expected, seen: &Observation) -> Vec<String> {
    let Some(input) = expected.input else { return Vec::new() };
    let counts = [
        ("input.sent", input.sent.map(|sent| json!(sent)), json!(seen.sent)),
        ("input.acked", Some(json!(input.acked)), json!(seen.acked())),
        ("input.rejected", Some(json!(input.rejected)), json!(seen.rejected)),
        ("input.left", Some(json!(input.left)), json!(seen.left)),
    ];
    let unequal =
        counts.into_iter().filter(|(_, expected, actual)| expected.as_ref().is_some_and(|count| count != actual));
    unequal.map(|(path, expected, actual)| difference(path, expected.as_ref(), Some(&actual))).collect()
}

#[derive(Deserialize)]
struct DataPayload {
    body: DataBody,
}

#[derive(Deserialize)]
struct DataBody {
    #[serde(rename = "responseBody")]
    response: Box<RawValue>,
}

/// Compares the text of `responseBody`, which a JSON value does not keep.
fn response_body_difference(expected: &Expected, seen: &Observation) -> Option<String> {
    let bytes = expected.response_body_bytes.as_ref()?;
    let data = seen.emitted.iter().find(|emitted| emitted.routing_key == "data");
    let payload = data.and_then(|emitted| serde_json::from_str::<DataPayload>(&emitted.text).ok());
    let actual = payload.map(|payload| Value::from(payload.body.response.get()));
    (actual != Some(json!(bytes))).then(|| difference("response_body_bytes", Some(&json!(bytes)), actual.as_ref()))
}

fn time_difference(expected: &Expected, seen: &Observation) -> Option<String> {
    let least = expected.min_seconds?;
    let actual = seen.first_result.as_ref().map(Duration::as_secs_f64);
    let too_early = actual.is_none_or(|seconds| seconds < least);
    too_early.then(|| difference("min_seconds", Some(&json!(least)), actual.map(Value::from).as_ref()))
}
