//! Compares the published messages with the expected ones.

use std::collections::BTreeMap;

use podio_test_support::Emitted;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::hosts::Hosts;
use super::normalise::{drop_connection_headers, drop_varying_error_fields, error_of, missing_error_fields};
use super::observation::Observation;
use super::pairing::pair;
use super::pattern::{Comparison, difference};
use super::scenario::ExpectedEmit;

/// The differences between the published messages and the expected ones.
pub(crate) fn differences(expected: &[ExpectedEmit], observation: &Observation, hosts: &Hosts) -> Vec<String> {
    let compare = |index: usize, expected: &ExpectedEmit, actual: &Emitted| {
        let path = format!("emitted.{index}");
        let mut found = whole_differences(&path, expected, actual, hosts);
        found.extend(failed_checks(&path, &expected.checks, actual));
        found
    };
    let equal = |expected: &_, actual: &_| compare(0, expected, actual).is_empty();
    let pairs = pair(expected, &observation.emitted, observation.order(), equal);
    let lines = pairs.into_iter().enumerate().flat_map(|(index, pair)| match pair {
        (Some(expected), Some(actual)) => compare(index, expected, actual),
        (Some(expected), None) => vec![format!("emitted.{index}: expected a message `{}`", expected.routing_key)],
        (None, Some(actual)) => {
            vec![format!("emitted.{index}: unexpected message `{}`: {:.300}", actual.routing_key, actual.text)]
        }
        (None, None) => Vec::new(),
    });
    lines.collect()
}

/// Violations of what must hold for every published message, whatever the scenario expects.
pub(crate) fn defects(observation: &Observation) -> Vec<String> {
    observation
        .emitted
        .iter()
        .enumerate()
        .flat_map(|(index, emitted)| message_defects(index, emitted, observation))
        .collect()
}

fn message_defects(index: usize, emitted: &Emitted, observation: &Observation) -> Vec<String> {
    let mut found = Vec::new();
    let mut payload = emitted.payload.clone();
    if let Some(error) = error_of(emitted, &mut payload) {
        found.extend(
            missing_error_fields(error).map(|field| format!("emitted.{index}.payload.error.{field}: not a string")),
        );
    }
    if emitted.routing_key == "data" && emitted.headers.get("messageId") != emitted.payload.get("id") {
        let path = format!("emitted.{index}.headers.messageId");
        found.push(difference(&path, emitted.payload.get("id"), emitted.headers.get("messageId")));
    }
    if let Some(parent) = emitted.text_header("parentMessageId")
        && !observation.message_ids.iter().any(|id| id == parent)
    {
        found.push(format!("emitted.{index}.headers.parentMessageId: {parent} is not a messageId that was sent"));
    }
    found
}

fn whole_differences(path: &str, expected: &ExpectedEmit, actual: &Emitted, hosts: &Hosts) -> Vec<String> {
    if actual.routing_key != expected.routing_key {
        // Nothing else would match either.
        let (wanted, got) = (&expected.routing_key, &actual.routing_key);
        return vec![format!("{path}.routing_key: expected {wanted:?}, got {got:?} with {:.300}", actual.text)];
    }
    let mut comparison = Comparison::new(hosts);
    let mut payload = actual.payload.clone();
    drop_connection_headers(&mut payload);
    if let Some(error) = error_of(actual, &mut payload) {
        drop_varying_error_fields(error);
    }
    let parts = [
        ("properties", &expected.properties, &actual.properties),
        ("headers", &expected.headers, &actual.headers),
        ("payload", &expected.payload, &payload),
    ];
    for (name, expected, actual) in parts {
        if let Some(expected) = expected {
            comparison.compare(&format!("{path}.{name}"), expected, actual);
        }
    }
    comparison.differences
}

fn failed_checks(path: &str, checks: &BTreeMap<String, Value>, actual: &Emitted) -> Vec<String> {
    let whole = json!({
        "routing_key": actual.routing_key,
        "properties": actual.properties,
        "headers": actual.headers,
        "payload": actual.payload,
    });
    let failed = checks.iter().filter_map(|(place, expected)| {
        let value = place.split('.').try_fold(&whole, |value, key| match value {
            Value::Array(values) => values.get(key.parse::<usize>().ok()?),
            object => object.get(key),
        });
        let holds = value.is_some_and(|value| check_holds(expected, value));
        (!holds).then(|| difference(&format!("{path}.{place}"), Some(expected), value))
    });
    failed.collect()
}

fn check_holds(expected: &Value, actual: &Value) -> bool {
    let Some(pattern) = expected.as_str().and_then(|text| text.strip_prefix('~')) else { return expected == actual };
    let text = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&text))
}
