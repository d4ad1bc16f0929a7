//! The form of a scenario file. `tests/conformance/README.md` says what the fields mean.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Script;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::message::Message;

/// One scenario. An unknown field is an error, so that nothing in a file goes unchecked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) cfg: Value,
    /// Further fields of the step data.
    #[serde(default)]
    pub(crate) step: Map<String, Value>,
    /// Further environment variables.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) messages: Vec<Message>,
    #[serde(default)]
    pub(crate) podio: Script,
    #[serde(default)]
    pub(crate) platform: Script,
    /// Whether nothing listens at Podio's address.
    #[serde(default)]
    pub(crate) podio_down: bool,
    /// Routing keys that are not bound to a queue.
    #[serde(default)]
    pub(crate) unbound: Vec<String>,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
    pub(crate) expected: Expected,
}

/// Something that happens `after` so many seconds from the moment at which the worker began to consume.
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

/// What must be observed from outside. What is absent is not checked.
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
    #[expect(dead_code, reason = "for readers of the file")]
    pub(crate) note: Option<String>,
}

/// How many messages ended in which way.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InputCounts {
    pub(crate) sent: Option<usize>,
    pub(crate) acked: usize,
    pub(crate) rejected: usize,
    pub(crate) left: usize,
}

/// A message that must be published: as a whole, or as checks of single places.
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

/// A call to Podio that must be made.
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
    /// Parses the text of the file `name`.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let scenario: Self = serde_json::from_str(text).context("the file is not a scenario")?;
        ensure!(scenario.name == name, "the file is named {name}, the scenario {}", scenario.name);
        ensure!(
            !scenario.expected.recorded || scenario.expected.is_complete(),
            "a recorded scenario must state everything"
        );
        Ok(scenario)
    }

    /// How many messages are sent.
    pub(crate) fn sent(&self) -> usize {
        self.messages.iter().map(|message| message.copies).sum()
    }
}

impl Expected {
    /// Whether it states everything that a recorded scenario must.
    fn is_complete(&self) -> bool {
        let emits_are_complete = self.emitted.as_ref().is_some_and(|emitted| {
            emitted.iter().all(|emit| emit.properties.is_some() && emit.headers.is_some() && emit.payload.is_some())
        });
        let rest = self.input.is_some() && self.exit.is_some() && self.podio.is_some();
        emits_are_complete && rest && self.platform.is_some() && self.storage.is_some()
    }
}

/// Reads the scenario files of the folder: name → text.
pub(crate) fn read_all(folder: &Path) -> Result<BTreeMap<String, String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let name = path.file_stem().and_then(|stem| stem.to_str()).context("a file name is not UTF-8")?;
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}
