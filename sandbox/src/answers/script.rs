//! The form of scripts: which answers are given to which calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::api::Api;

/// Answers by key: `"METHOD /path"` or `"METHOD /path?query"` → the answers, in order.
pub type Script = BTreeMap<String, Vec<Answer>>;

/// Scripted answers for both APIs.
///
/// Deserialize it from JSON text if the order of keys or the spelling of numbers in a `json` answer matters: a detour over
/// [`serde_json::Value`] sorts keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// For the Podio listener, the token endpoint included.
    pub podio: Script,
    /// For the platform listener, object storage included.
    pub platform: Script,
}

impl Answers {
    /// Adds one answer at the end of a key's list.
    pub(super) fn push(&mut self, api: Api, key: &str, answer: Answer) {
        let script = match api {
            Api::Podio => &mut self.podio,
            Api::Platform => &mut self.platform,
        };
        script.entry(key.to_owned()).or_default().push(answer);
    }
}

/// Why a scripted answer cannot be given.
#[derive(Debug, thiserror::Error)]
#[error("answer for `{key}`: {problem}")]
pub struct AnswerError {
    /// The answer's key, or its short form.
    pub key: String,
    /// What is wrong with it and what is allowed.
    pub problem: String,
}
