//! A worker inside the test process whose only action runs the script in its message. It tests emits that no action of
//! the component makes. Apart from the action it is the real worker, with a real broker and the sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use elasticio_runtime::action::{Action, Context, Failure, HttpReply, Interruption, Registry};
use elasticio_runtime::platform::message::{Message, Outgoing};
use elasticio_runtime::settings::{Reader, Source, Unset, Variable};
use elasticio_runtime::stop::Stop;
use elasticio_runtime::{Component, Info, Step, run_until};
use podio_test_support::{Environment, Stage, TestMessage, until};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::step::BOUND;

/// The name of the action.
pub(crate) const SCRIPTED: &str = "scripted";

/// One instruction of a script.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Instruction {
    /// A result with this body.
    Data(Value),
    /// A result with these message headers.
    DataWithHeaders(BTreeMap<String, String>),
    /// An error; the script continues.
    Error(String),
    Snapshot(Value),
    /// A snapshot with a text of so many bytes.
    SnapshotOfSize(usize),
    UpdateSnapshot(Value),
    /// A result with the snapshot that the message sees.
    SeenSnapshot(()),
    /// Waits for so many milliseconds.
    Wait(u64),
    UpdateKeys(Value),
    /// A reply with this body.
    HttpReply(Value),
    /// A reply whose body has so many bytes.
    HttpReplyOfSize(usize),
    /// Ends the script with an error.
    Fail(String),
    /// Ends the script with a rebound.
    Rebound(String),
    Panic(String),
}

/// A message with `script` in its body.
pub(crate) fn scripted_message(script: &Value) -> TestMessage {
    TestMessage::new(&json!({ "body": { "script": script } }))
}

/// The action.
struct Scripted;

/// Where figures are served.
const HTTP_ADDRESS: Variable = Variable { name: "SCRIPTED_HTTP_ADDRESS", default: Unset::None, meaning: "" };

/// The component of the action.
struct ScriptedComponent;

impl Component for ScriptedComponent {
    const INFO: Info = Info {
        name: "scripted-component",
        version: env!("CARGO_PKG_VERSION"),
        revision: "unknown",
        about: "Runs the scripts in its messages",
        manifest: "{}",
        example: r#"{"body":{}}"#,
        log_target: env!("CARGO_CRATE_NAME"),
        settings_file: "SCRIPTED_COMPONENT_SETTINGS",
        variables: &[HTTP_ADDRESS],
        http_address: Some(HTTP_ADDRESS),
        metrics_prefix: "scripted",
        access_token: None,
    };

    type Settings = ();

    fn settings(_: &mut Reader<'_>) {}

    fn actions((): &(), _: Step) -> Result<Registry> {
        Ok(Registry::default().with(SCRIPTED, Arc::new(Scripted)))
    }

    fn attempt_timeout((): &()) -> Duration {
        BOUND
    }
}

#[async_trait]
impl Action for Scripted {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        run_script(message, context).await
    }
}

/// Runs the script of a message; a message without one is emitted as the action sees it.
async fn run_script(message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
    #[derive(Deserialize)]
    struct Body {
        script: Vec<Instruction>,
    }
    let body = message.body().map(RawValue::get).unwrap_or_default();
    let Ok(Body { script }) = serde_json::from_str(body) else {
        return context.emitter.data(Outgoing::new(seen(message))).await;
    };
    for instruction in script {
        execute(instruction, context).await?;
    }
    Ok(())
}

async fn execute(instruction: Instruction, context: &Context<'_>) -> Result<(), Interruption> {
    let emitter = context.emitter;
    match instruction {
        Instruction::Data(body) => emitter.data(Outgoing::new(body)).await,
        Instruction::DataWithHeaders(headers) => emitter.data(Outgoing { headers, ..Outgoing::new(json!({})) }).await,
        Instruction::Error(text) => emitter.error(Failure::new(text)).await,
        Instruction::Snapshot(value) => emitter.snapshot(raw(&value)).await,
        Instruction::SnapshotOfSize(size) => emitter.snapshot(raw(&json!({ "x": "x".repeat(size) }))).await,
        Instruction::UpdateSnapshot(value) => emitter.update_snapshot(raw(&value)).await,
        Instruction::SeenSnapshot(()) => emitter.data(Outgoing::new(context.snapshot.raw().to_owned())).await,
        Instruction::Wait(millis) => Ok(context.stop.sleep(Duration::from_millis(millis)).await?),
        Instruction::UpdateKeys(value) => emitter.update_keys(raw(&value)).await,
        Instruction::HttpReply(body) => reply(body, context).await,
        Instruction::HttpReplyOfSize(size) => reply("x".repeat(size).into(), context).await,
        Instruction::Fail(text) => Err(Failure::new(text).into()),
        Instruction::Rebound(reason) => Err(Interruption::Rebound { reason, wait: Duration::ZERO }),
        Instruction::Panic(text) => panic!("{text}"),
    }
}

async fn reply(body: Value, context: &Context<'_>) -> Result<(), Interruption> {
    let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
    context.emitter.http_reply(HttpReply { status_code: 201, headers, body: Box::new(body) }).await
}

/// The message's fields, with its body as fetched from the object storage.
fn seen(message: &Message<'_>) -> Value {
    let value = |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or(Value::Null);
    let mut fields: Map<String, Value> =
        message.fields().entries().map(|(name, raw)| (name.text().into_owned(), value(raw))).collect();
    if let Some(body) = message.body() {
        fields.insert("body".to_owned(), value(body));
    }
    fields.into()
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a JSON value is JSON")
}

/// A worker running in this process; dropping it aborts it.
pub(crate) struct ScriptedWorker {
    stop: Stop,
    running: JoinHandle<Result<()>>,
}

impl ScriptedWorker {
    /// Starts a worker with the scripted action and waits until it consumes.
    pub(crate) async fn start(stage: &Stage, environment: &Environment) -> Result<Self> {
        Self::of::<ScriptedComponent>(stage, environment).await
    }

    /// Starts a worker of another component and waits until it consumes.
    pub(crate) async fn of<C: Component>(stage: &Stage, environment: &Environment) -> Result<Self> {
        let variables = environment.variables().map(|(name, value)| (name.clone(), value.clone()));
        let source: Source = variables.collect();
        let stop = Stop::default();
        let stopped = stop.clone();
        let running = tokio::spawn(async move { run_until::<C>(&source, &stopped).await });
        let worker = Self { stop, running };
        until("the worker's consumer", BOUND, async || {
            ensure!(!worker.running.is_finished(), "the worker ended at start");
            Ok(stage.is_consumed().await?.then_some(()))
        })
        .await?;
        Ok(worker)
    }

    /// Stops the worker; fails if it ends with an error.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.stop.request();
        let ended = tokio::time::timeout(BOUND, &mut self.running).await;
        ended.context("the worker did not stop")??
    }
}

impl Drop for ScriptedWorker {
    fn drop(&mut self) {
        self.running.abort();
    }
}
