//! Compares whole JSON values. Placeholders stand for what varies: `<uuid>`, `<ms>`, `<stack>`, `<podio>`, `<evil>`,
//! `<N characters>`. A placeholder may be a part of a string.

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::hosts::Hosts;

/// The earliest time that counts as `<ms>`, in 2017. A time in seconds or microseconds is out of range.
const EARLIEST_MS: i64 = 1_500_000_000_000;
/// The latest time that counts as `<ms>`.
const LATEST_MS: i64 = 10 * EARLIEST_MS;
/// How many characters of a value a difference shows.
const SHOWN: usize = 300;

/// The differences between JSON values, one line each: dotted path, expected, actual.
pub(crate) struct Comparison<'a> {
    hosts: &'a Hosts,
    pub(crate) differences: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(hosts: &'a Hosts) -> Self {
        Self { hosts, differences: Vec::new() }
    }

    /// Adds the differences at `path`.
    pub(crate) fn compare(&mut self, path: &str, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => self.compare_objects(path, expected, actual),
            (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
                for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.compare(&format!("{path}.{index}"), expected, actual);
                }
            }
            _ if matches(expected, actual, self.hosts) => {}
            _ => self.differences.push(difference(path, Some(expected), Some(actual))),
        }
    }

    fn compare_objects(&mut self, path: &str, expected: &Map<String, Value>, actual: &Map<String, Value>) {
        for (key, value) in expected {
            let path = format!("{path}.{key}");
            match actual.get(key) {
                Some(actual) => self.compare(&path, value, actual),
                None => self.differences.push(difference(&path, Some(value), None)),
            }
        }
        for (key, value) in actual.iter().filter(|(key, _)| !expected.contains_key(*key)) {
            self.differences.push(difference(&format!("{path}.{key}"), None, Some(value)));
        }
    }
}

/// A line that says what is expected at `path` and what was found there; `None` stands for nothing.
pub(crate) fn difference(path: &str, expected: Option<&Value>, actual: Option<&Value>) -> String {
    format!("{path}: expected {}, got {}", shown(expected), shown(actual))
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

fn matches(expected: &Value, actual: &Value, hosts: &Hosts) -> bool {
    match (expected, actual) {
        (Value::String(expected), Value::Number(number)) if expected == "<ms>" => {
            number.as_i64().is_some_and(|ms| (EARLIEST_MS..LATEST_MS).contains(&ms))
        }
        (Value::String(expected), Value::String(actual)) => text_matches(expected, actual, hosts),
        _ => expected == actual,
    }
}

fn text_matches(expected: &str, actual: &str, hosts: &Hosts) -> bool {
    if !expected.contains('<') {
        return expected == actual;
    }
    let characters = expected.strip_prefix('<').and_then(|rest| rest.strip_suffix(" characters>"));
    if let Some(count) = characters.and_then(|count| count.parse::<usize>().ok()) {
        return actual.chars().count() == count;
    }
    let pattern = regex_lite::escape(expected)
        .replace("<uuid>", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
        .replace("<stack>", "(?s:.*)")
        .replace("<podio>", &regex_lite::escape(&hosts.podio))
        .replace("<evil>", &regex_lite::escape(&hosts.evil));
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(actual))
}
