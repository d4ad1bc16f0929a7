//! Properties of the step's data: what is read of it does not depend on the rest of it, and nothing of it is printed.

use serde_json::{Map, Value, value::RawValue};

use super::StepData;
use crate::platform::{headers::SnapshotEvent, json::Kind};

/// The platform's answer; the same bytes as a field of a config.
pub fn step_data(data: &[u8]) {
    match StepData::read(data) {
        Ok(step) => check(&step),
        Err(problem) => assert!(problem.to_string().len() < 100, "a problem repeats no answer"),
    }
    let Ok(field) = serde_json::from_slice::<&RawValue>(data) else { return };
    let oauth = object(&[("access_token", "\"t0ken\"")]);
    let config = object(&[("other", field.get()), ("_account", "\"acc\""), ("oauth", &oauth)]);
    let fields = [("x", field.get()), ("is_passthrough", "true"), ("snapshot", field.get()), ("config", &config)];
    let answer = object(&fields);
    let step = StepData::read(answer.as_bytes()).expect("step data").with_its_config().expect("its config");
    assert!(step.is_passthrough && step.account().as_deref() == Some("acc"), "another field hides the account");
    assert!(!format!("{step:?}").contains("t0ken"), "the token is printed");
    let fields = step.fields();
    let oauth = fields.get("oauth").and_then(Value::as_object).expect("another field hides the credential");
    assert!(oauth["access_token"] == "t0ken");
    let is_snapshot = matches!(Kind::of(field), Kind::Object | Kind::Null);
    assert!(step.snapshot().is_ok() == is_snapshot, "an object is a snapshot, and nothing else is");
    check(&step);
}

fn check(step: &StepData) {
    if let Ok(snapshot) = step.snapshot() {
        let again = snapshot.after(SnapshotEvent::UpdateSnapshot, snapshot.raw()).expect("an object");
        assert!(again.raw().get() == snapshot.raw().get(), "merged with itself it is another one");
    }
    assert!(step.account().is_none_or(|account| !account.is_empty()));
    let fields = step.fields();
    assert!(step.oauth().as_ref() == fields.get("oauth").and_then(Value::as_object), "there are two credentials");
    if let Ok(config) = step.config::<Map<String, Value>>() {
        assert!(config == fields, "what can be read whole is read whole");
    }
}

fn object(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}
