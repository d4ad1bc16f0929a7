//! One flow of a worker: what it is given, how it ends, and the search of every place afterwards.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use podio_test_support::{Ended, TestMessage, Worker, http_get};
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::ledger::Ledger;
use crate::place::Place;
use crate::scene::Scene;
use crate::step::{BOUND, consuming, program, stop, wait_for_podio_calls};

/// How a flow ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ends {
    /// After emits with these routing keys.
    Emits(&'static [&'static str]),
    /// When all messages are rejected.
    Rejects,
    /// By a stop while Podio is called.
    Stopped,
    /// The start fails.
    AtStart,
}

/// What a worker is given.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    program: PathBuf,
    function: &'static str,
    pub(crate) config: Value,
    pub(crate) podio: Value,
    pub(crate) platform: Value,
    variables: Vec<(&'static str, String)>,
    messages: Vec<TestMessage>,
    ends: Ends,
}

impl Flow {
    /// A `customRequest` with every secret in its message, whose step has its own credential.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            program: program().to_owned(),
            function: "customRequest",
            config: own_credential(),
            podio: json!({}),
            platform: json!({}),
            variables: Vec::new(),
            messages: vec![request("POST")],
            ends: Ends::Emits(&["error"]),
        }
    }

    /// It runs in another program than the component.
    pub(crate) fn program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    pub(crate) fn function(self, function: &'static str) -> Self {
        Self { function, ..self }
    }

    pub(crate) fn config(self, config: Value) -> Self {
        Self { config, ..self }
    }

    /// Answers by `METHOD /path`.
    pub(crate) fn podio(self, podio: Value) -> Self {
        Self { podio, ..self }
    }

    pub(crate) fn platform(self, platform: Value) -> Self {
        Self { platform, ..self }
    }

    /// Sets a variable, in which `{broker}` is the broker's `host:port`.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn messages(self, messages: Vec<TestMessage>) -> Self {
        Self { messages, ..self }
    }

    /// It ends after emits with these routing keys, instead of one error.
    pub(crate) fn emits(self, keys: &'static [&'static str]) -> Self {
        self.ends(Ends::Emits(keys))
    }

    pub(crate) fn ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// Runs it and searches every place.
    pub(crate) async fn run(&self, format: &str, broker_url: &str, ledger: &Ledger) -> Result<()> {
        self.played(format, broker_url, ledger).await.with_context(|| format!("the flow {:?}, {format}", self.name))
    }

    async fn played(&self, format: &str, broker_url: &str, ledger: &Ledger) -> Result<()> {
        let scene = Scene::set(self, broker_url).await?;
        let broker = scene.broker.address().to_string();
        let environment = self
            .variables
            .iter()
            .fold(scene.environment(self.function)?.with("LOG_FORMAT", format), |environment, (name, value)| {
                environment.with(name, &value.replace("{broker}", &broker))
            });
        let mut worker = Worker::start(&self.program, &environment)?;
        if matches!(self.ends, Ends::AtStart) {
            let ended = worker.ended(BOUND).await?;
            ensure!(ended == Ended(1), "it ended with {ended:?}: {:#?}", worker.log().all());
        } else {
            worker = consuming(&scene.stage, worker).await?;
            for message in &self.messages {
                scene.stage.send(message).await?;
            }
            let (results, rejected) = (&scene.stage.results, &scene.stage.rejected);
            match self.ends {
                Ends::Emits(keys) => results.wait_for(keys.len(), "emits", BOUND).await.map(drop),
                Ends::Rejects => rejected.wait_for(self.messages.len(), "rejected messages", BOUND).await.map(drop),
                Ends::Stopped | Ends::AtStart => wait_for_podio_calls(&scene.stage, 1).await.map(drop),
            }
            .with_context(|| format!("{:#?}", worker.log().all()))?;
            let (_, figures) = http_get(scene.address, "/metrics").await?;
            ledger.search(self.name, Place::Metrics, figures.as_bytes());
            stop(&mut worker, BOUND).await?;
        }
        if let Ends::Emits(expected) = self.ends {
            let emitted = scene.stage.emitted()?;
            let keys: Vec<&str> = emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect();
            ensure!(keys == expected, "it emitted {keys:?}: {}", emitted[0].text);
        }
        self.search(&worker, &scene, ledger)?;
        scene.stage.remove().await
    }

    fn search(&self, worker: &Worker, scene: &Scene, ledger: &Ledger) -> Result<()> {
        let search = |place: Place, bytes: &[u8]| ledger.search(self.name, place, bytes);
        search(Place::Environment, &worker.view().environment);
        search(Place::CommandLine, &worker.view().command_line);
        let traces = scene.collector.bodies();
        ensure!(!traces.is_empty() || matches!(self.ends, Ends::AtStart), "there are no traces");
        for body in traces {
            search(Place::Traces, &body);
        }
        let log = worker.log().all();
        // Nothing of a message is fatal.
        let silent = self.variables.contains(&("LOG_LEVEL", "fatal".to_owned()));
        ensure!(log.is_empty() == silent, "{} lines of log", log.len());
        search(Place::Log, log.join("\n").as_bytes());
        for (place, recorder) in [
            (Place::Podio, &scene.podio),
            (Place::TokenEndpoint, &scene.tokens),
            (Place::Platform, &scene.platform),
            (Place::Storage, &scene.storage),
            (Place::Broker, &scene.broker),
        ] {
            recorder.received().iter().for_each(|received| search(place, received));
        }
        for emitted in scene.stage.emitted()? {
            let place = match emitted.routing_key.as_str() {
                "data" => Place::Results,
                "rebound" => Place::Rebounds,
                "snapshot" => Place::Snapshots,
                _ if emitted.payload.get("statusCode").is_some() => Place::Results,
                _ => Place::Errors,
            };
            search(place, emitted.text.as_bytes());
        }
        crate::files::search(scene.folder.path(), self.name, ledger)
    }
}

/// A step's config with its own credential, which is kept in an account.
pub(crate) fn own_credential() -> Value {
    json!({
        "_account": "acc1",
        "oauth": {
            "access_token": Canary::AccessToken.value(),
            "refresh_token": Canary::RefreshToken.value(),
        },
        "password": Canary::ConfigField.value(),
        "retries": 1,
        "retriesDelay": 10,
    })
}

/// The path of [`request`], without its query.
pub(crate) fn path() -> String {
    format!("/item/app/1/external_id/{}", Canary::Path.value())
}

/// A message with secrets wherever it can have some.
pub(crate) fn request(method: &str) -> TestMessage {
    let body = json!({
        "method": method,
        "url": format!("{}?token={}", path(), Canary::Query.value()),
        "data": if method == "GET" { Value::Null } else { json!({ "field": Canary::Body.value() }) },
    });
    message(&body)
}

/// A message with this body, and secrets in its headers and passthrough.
pub(crate) fn message(body: &Value) -> TestMessage {
    TestMessage::new(&json!({
        "body": body,
        "headers": { "secret": Canary::MessageHeader.value() },
        "passthrough": { "step_0": { "body": { "secret": Canary::Passthrough.value() } } },
    }))
    .with_header("x-eio-meta-secret", json!(Canary::AmqpHeader.value()))
}
