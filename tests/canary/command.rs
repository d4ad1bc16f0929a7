//! One run of a command of the program, and the search of every place afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Options, Sandbox};
use podio_test_support::{Ended, Recorder, run_to_end};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary::Canary;
use crate::hosts::Hosts;
use crate::ledger::Ledger;
use crate::place::Place;
use crate::step::{BOUND, answers, program, step_data};

/// The path to which `service` posts.
const RESULT: &str = "/result";

/// What a command is given. Variables and the credential may name `{podio}`, `{tokens}`, `{platform}` and `{result}`: the
/// addresses of the hosts. Arguments may name `{credential}`, the file.
pub(crate) struct Command {
    name: String,
    arguments: Vec<&'static str>,
    variables: Vec<(&'static str, String)>,
    /// The content of the credential file.
    credential: Option<String>,
    input: String,
    podio: Value,
    platform: Value,
    ended: Ended,
}

impl Command {
    pub(crate) fn new(name: impl Into<String>, arguments: &[&'static str]) -> Self {
        Self {
            name: name.into(),
            arguments: arguments.to_vec(),
            variables: Vec::new(),
            credential: None,
            input: String::new(),
            podio: json!({}),
            platform: json!({}),
            ended: Ended(0),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(other, _)| *other != name);
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn credential(self, credential: impl Into<String>) -> Self {
        Self { credential: Some(credential.into()), ..self }
    }

    pub(crate) fn input(self, input: impl Into<String>) -> Self {
        Self { input: input.into(), ..self }
    }

    pub(crate) fn podio(self, podio: Value) -> Self {
        Self { podio, ..self }
    }

    pub(crate) fn platform(self, platform: Value) -> Self {
        Self { platform, ..self }
    }

    /// It fails.
    pub(crate) fn fails(self) -> Self {
        Self { ended: Ended(1), ..self }
    }

    /// Runs it and searches every place.
    pub(crate) async fn run(&self, format: &str, hosts: &Hosts, ledger: &Ledger) -> Result<()> {
        self.played(format, hosts, ledger).await.with_context(|| format!("the command {:?}, {format}", self.name))
    }

    async fn played(&self, format: &str, hosts: &Hosts, ledger: &Ledger) -> Result<()> {
        let place = Surroundings::set(self).await?;
        let credential = place.folder.path().join("credential.json");
        if let Some(content) = &self.credential {
            fs::write(&credential, content)?;
            fs::set_permissions(&credential, PermissionsExt::from_mode(0o600))?;
        }
        let home = place.folder.path().display().to_string();
        let mut variables = crate::files::variables(&home);
        variables.push(("LOG_FORMAT", format.to_owned()));
        variables.extend(self.variables.iter().map(|(name, value)| (*name, place.addressed(value, hosts))));
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let credential = credential.display().to_string();
        let arguments: Vec<String> =
            self.arguments.iter().map(|argument| argument.replace("{credential}", &credential)).collect();
        let finished = run_to_end(program(), &arguments, &variables, &self.input, BOUND).await?;
        ensure!(finished.ended == self.ended, "it ended with {:?}:\n{}", finished.ended, finished.errors);
        let search = |place: Place, bytes: &[u8]| ledger.search(&self.name, place, bytes);
        search(Place::Environment, &finished.view.environment);
        search(Place::CommandLine, &finished.view.command_line);
        search(Place::Log, finished.errors.as_bytes());
        // Only `exec` has results; what other commands print is their log.
        let is_exec = self.arguments.first() == Some(&"exec");
        search(if is_exec { Place::Output } else { Place::Log }, finished.output.as_bytes());
        place.search(&search);
        // A file that is as the test has written it was not written by the program.
        if self
            .credential
            .as_ref()
            .is_some_and(|before| fs::read_to_string(&credential).is_ok_and(|now| now == *before))
        {
            fs::remove_file(&credential)?;
        }
        crate::files::search(place.folder.path(), &self.name, ledger)
    }
}

/// What a command talks to.
struct Surroundings {
    sandbox: Sandbox,
    podio: Recorder,
    tokens: Recorder,
    platform: Recorder,
    result: Recorder,
    folder: TempDir,
}

impl Surroundings {
    async fn set(command: &Command) -> Result<Self> {
        let mut platform = command.platform.clone();
        if platform.get(format!("POST {RESULT}")).is_none() {
            platform[format!("POST {RESULT}")] = json!([{ "json": {} }]);
        }
        let answers = answers(command.podio.clone(), platform)?;
        let step = step_data(json!({ "secretId": "sec1", "password": Canary::ConfigField.value() }));
        let sandbox = podio_sandbox::start(Options { only_answers: true, answers, step, ..Options::default() }).await?;
        Ok(Self {
            podio: Recorder::start(Some(sandbox.podio_addr())).await?,
            tokens: Recorder::start(Some(sandbox.podio_addr())).await?,
            platform: Recorder::start(Some(sandbox.platform_addr())).await?,
            result: Recorder::start(Some(sandbox.platform_addr())).await?,
            folder: tempfile::tempdir()?,
            sandbox,
        })
    }

    fn addressed(&self, value: &str, hosts: &Hosts) -> String {
        value
            .replace("{podio}", &self.podio.address().to_string())
            .replace("{tokens}", &self.tokens.address().to_string())
            .replace("{platform}", &self.platform.address().to_string())
            .replace("{result}", &self.result.address().to_string())
            .replace("{proxy}", &hosts.proxy.address().to_string())
    }

    fn search(&self, search: &impl Fn(Place, &[u8])) {
        for (place, recorder) in
            [(Place::Podio, &self.podio), (Place::TokenEndpoint, &self.tokens), (Place::Platform, &self.platform)]
        {
            recorder.received().iter().for_each(|received| search(place, received));
        }
        for received in self.result.received() {
            // Each call has a connection of its own or follows another one; the result is what the sandbox has read.
            let text = String::from_utf8_lossy(&received).into_owned();
            let results: Vec<String> = self.sandbox.calls().into_iter().map(|call| call.body).collect();
            let rest =
                results.iter().filter(|result| !result.is_empty()).fold(text, |text, result| text.replace(result, ""));
            search(Place::ResultHost, rest.as_bytes());
        }
        for call in self.sandbox.calls().iter().filter(|call| call.path.starts_with(RESULT)) {
            search(Place::Posted, call.body.as_bytes());
        }
    }
}
