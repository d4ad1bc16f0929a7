//! Ordered answers: the data form in which a test, a file or an HTTP call says what the sandbox answers
//! instead of behaving normally. This module and [`short`] know the form only; [`prepared`] checks it and
//! turns it into bytes, [`book`] matches it to requests and keeps count.

mod book;
mod prepared;
mod short;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub(crate) use book::Books;
pub(crate) use prepared::Prepared;

use crate::Api;

/// Answers by key: `"METHOD /path"` or `"METHOD /path?query"` → what to answer, in order.
pub type Script = BTreeMap<String, Vec<Answer>>;

/// Ordered answers for both APIs.
///
/// Read it straight from JSON text where the order of keys or the spelling of numbers in a `json` answer
/// matters: a detour over [`serde_json::Value`] sorts keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// For the Podio listener, the token endpoint included.
    pub podio: Script,
    /// For the platform listener, object storage included.
    pub platform: Script,
}

impl Answers {
    /// The script of one API.
    #[must_use]
    pub fn script(&self, api: Api) -> &Script {
        match api {
            Api::Podio => &self.podio,
            Api::Platform => &self.platform,
        }
    }

    /// The script of one API, to change.
    pub fn script_mut(&mut self, api: Api) -> &mut Script {
        match api {
            Api::Podio => &mut self.podio,
            Api::Platform => &mut self.platform,
        }
    }

    /// Adds one answer at the end of a key's list.
    pub fn push(&mut self, api: Api, key: &str, answer: Answer) {
        self.script_mut(api).entry(key.to_owned()).or_default().push(answer);
    }
}

/// One ordered answer. At most one of `json`, `text`, `b64` and `size` may be given; without any of
/// them the answer has neither a body nor a content type.
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
    /// A body of any bytes, in base64; its content type is up to `headers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b64: Option<String>,
    /// A JSON body `{"blob":"xxx…"}` with one string of so many characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Further response headers; they replace the ones that go with the body.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderValues>,
    /// Seconds to wait before answering; fractions are allowed.
    #[serde(skip_serializing_if = "is_zero")]
    pub delay: f64,
    /// Break the connection instead of answering properly.
    #[serde(skip_serializing_if = "Reset::is_no")]
    pub reset: Reset,
    /// How often this answer is given before the next one is.
    pub times: u32,
    /// Reason phrase beside the status, in place of the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What comes after the key's last answer has been used up. Only the last answer may say it;
    /// without it the last answer repeats for ever.
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
    /// A line for each.
    Many(Vec<String>),
}

/// How a connection is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ResetForm", into = "ResetForm")]
pub enum Reset {
    /// Not at all (`false`).
    #[default]
    No,
    /// The request is read, then the connection closes without a byte of an answer (`true`).
    AtOnce,
    /// The answer's head announces 1000 bytes, a few come, then the connection closes (`"midbody"`).
    MidBody,
}

impl Reset {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// What follows a key's last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The path behaves as if nothing had been ordered.
    Normal,
}

/// An ordered answer that cannot be given, and why.
#[derive(Debug, thiserror::Error)]
#[error("answer for `{key}`: {problem}")]
pub struct AnswerError {
    /// The key, or the short form, as it was given.
    pub key: String,
    /// What is wrong with it and what is allowed.
    pub problem: String,
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
            ResetForm::Word(word) => Err(format!("reset is `{word}`; it may be true, false or \"midbody\"")),
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

/// Keeps `"json": null`, an answer whose body is `null`, apart from no `json` at all.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}
