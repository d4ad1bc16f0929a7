//! The form of a scenario file. The folder's README says what the fields mean.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Script;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::message::Message;

/// One scenario. A field that this form does not have is an error, so that nothing in a file goes unchecked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) cfg: Value,
    /// Further fields of the step data.
    #[serde(default)]
    pub(crate) step: Map<String, Value>,
    /// Further environment.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) messages: Vec<Message>,
    #[serde(default)]
    pub(crate) podio: Script,
    #[serde(default)]
    pub(crate) platform: Script,
    /// Nothing listens where Podio should.
    #[serde(default)]
    pub(crate) podio_down: bool,
    /// Routing keys that no queue takes.
    #[serde(default)]
    pub(crate) unbound: Vec<String>,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
    pub(crate) expected: Expected,
}

/// Something that happens so many seconds after the worker took its first message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(rename = "do")]
    pub(crate) action: Action,
    pub(crate) after: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Sigterm,
    DropConnections,
}

/// What must be seen from outside. What is absent is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) recorded: bool,
    pub(crate) input: Option<InputCounts>,
    pub(crate) exit: Option<i32>,
    pub(crate) emitted: Option<Vec<ExpectedEmit>>,
    pub(crate) podio: Option<Vec<ExpectedCall>>,
    pub(crate) podio_max: Option<usize>,
    pub(crate) podio_body: Option<String>,
    pub(crate) platform: Option<Vec<String>>,
    pub(crate) platform_max: Option<usize>,
    pub(crate) storage: Option<Vec<String>>,
    pub(crate) evil: Option<usize>,
    pub(crate) min_seconds: Option<f64>,
    pub(crate) keys_updated: Option<String>,
    pub(crate) response_body_bytes: Option<String>,
    #[expect(dead_code, reason = "for the reader of the file")]
    pub(crate) note: Option<String>,
}

/// How the messages ended.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InputCounts {
    pub(crate) sent: Option<usize>,
    pub(crate) acked: usize,
    pub(crate) rejected: usize,
    pub(crate) left: usize,
}

/// One message that must be published: whole, or by checks of single places.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedEmit {
    pub(crate) routing_key: String,
    pub(crate) properties: Option<Value>,
    pub(crate) headers: Option<Value>,
    pub(crate) payload: Option<Value>,
    /// Dotted path → the value there, or `~` and a regular expression.
    #[serde(default)]
    pub(crate) checks: BTreeMap<String, Value>,
}

/// One call of the API that must be made.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ExpectedCall {
    Line(String),
    Whole {
        call: String,
        auth: Option<String>,
        body: String,
        #[serde(rename = "type")]
        content_type: Option<String>,
    },
}

impl Scenario {
    /// Reads the text of the file `name`.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let scenario: Self = serde_json::from_str(text).context("the file is not a scenario")?;
        ensure!(scenario.name == name, "the file is named {name}, the scenario {}", scenario.name);
        ensure!(!scenario.expected.recorded || scenario.expected.is_whole(), "a transcript must say everything");
        Ok(scenario)
    }

    /// How many messages are sent.
    pub(crate) fn sent(&self) -> usize {
        self.messages.iter().map(|message| message.copies).sum()
    }
}

/// The `host:port` of the API and of the host that must not see a token.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    pub(crate) podio: String,
    pub(crate) evil: String,
}

impl Expected {
    /// Does it leave nothing out that a transcript has?
    fn is_whole(&self) -> bool {
        let emits_are_whole = self.emitted.as_ref().is_some_and(|emitted| {
            emitted.iter().all(|emit| emit.properties.is_some() && emit.headers.is_some() && emit.payload.is_some())
        });
        let rest = self.input.is_some() && self.exit.is_some() && self.podio.is_some();
        emits_are_whole && rest && self.platform.is_some() && self.storage.is_some()
    }
}

impl Hosts {
    /// The text of a file with `{{podio}}` and `{{evil}}` replaced.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        text.replace("{{podio}}", &self.podio).replace("{{evil}}", &self.evil)
    }
}

/// The scenario files of the folder: name → text.
pub(crate) fn read_all(folder: &Path) -> Result<BTreeMap<String, String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
            let name = path.file_stem().and_then(|stem| stem.to_str()).context("a file name is not UTF-8")?;
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}
