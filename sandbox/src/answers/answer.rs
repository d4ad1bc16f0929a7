//! The form of one scripted answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// One scripted answer. It has at most one of `json`, `text`, `b64` and `size`; without any of them it has neither a body
/// nor a content type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// Status code, 200 to 999.
    pub status: u16,
    /// A JSON body, sent without the white space around its tokens and otherwise as it was written.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub json: Option<Box<RawValue>>,
    /// A text body; `text/plain; charset=utf-8` unless `headers` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A body of any bytes, in base64, without a content type unless `headers` has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b64: Option<String>,
    /// A JSON body `{"blob":"xxx…"}` with a string of this many characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Further response headers; they replace those that come with the body.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderValues>,
    /// Seconds to wait before answering; fractions are allowed.
    #[serde(skip_serializing_if = "is_zero")]
    pub delay: f64,
    /// Whether and how to break the connection instead of answering in full.
    #[serde(skip_serializing_if = "Reset::is_no")]
    pub reset: Reset,
    /// Execute the call first, and give this answer in place of its own: what the call changes stays changed.
    #[serde(skip_serializing_if = "is_false")]
    pub after: bool,
    /// This time the path behaves normally, after the `delay`.
    #[serde(skip_serializing_if = "is_false")]
    pub normal: bool,
    /// How many times this answer is given before the next one.
    pub times: u32,
    /// The reason phrase, in place of the status's usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What follows when a key's answers are used up. Only the last answer may have it; without it, the last answer repeats
    /// for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            json: None,
            text: None,
            b64: None,
            size: None,
            headers: BTreeMap::new(),
            delay: 0.0,
            reset: Reset::No,
            after: false,
            normal: false,
            times: 1,
            reason: None,
            then: None,
        }
    }
}

/// The value of one header name: one line, or several lines of the same name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HeaderValues {
    /// One line.
    One(String),
    /// One line for each value.
    Many(Vec<String>),
}

/// How a connection is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ResetForm", into = "ResetForm")]
pub enum Reset {
    /// It is not broken (`false`).
    #[default]
    No,
    /// The request is read, then the connection closes without a byte of an answer (`true`).
    AtOnce,
    /// The answer's head announces 1000 bytes, a few are sent, then the connection closes (`"midbody"`).
    MidBody,
}

impl Reset {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// What follows when a key's answers are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The path behaves as if it had no script.
    Normal,
    /// The key's answers are given from the first again.
    Again,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ResetForm {
    Flag(bool),
    Word(String),
}

impl TryFrom<ResetForm> for Reset {
    type Error = String;

    fn try_from(form: ResetForm) -> Result<Self, String> {
        match form {
            ResetForm::Flag(false) => Ok(Self::No),
            ResetForm::Flag(true) => Ok(Self::AtOnce),
            ResetForm::Word(word) if word == "midbody" => Ok(Self::MidBody),
            ResetForm::Word(word) => Err(format!("reset is `{word}`; it must be true, false or \"midbody\"")),
        }
    }
}

impl From<Reset> for ResetForm {
    fn from(reset: Reset) -> Self {
        match reset {
            Reset::No => Self::Flag(false),
            Reset::AtOnce => Self::Flag(true),
            Reset::MidBody => Self::Word("midbody".to_owned()),
        }
    }
}

/// Distinguishes `"json": null`, a body that is `null`, from an absent `json`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
