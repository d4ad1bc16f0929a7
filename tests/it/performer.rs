//! A worker in this process whose one action does what its message says: for emits that no action of the component
//! makes. Everything else is the worker as it is, on a real broker and with the sandbox as its platform.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use elasticio_runtime::action::{Action, Context, Failure, HttpReply, Interruption, Registry};
use elasticio_runtime::platform::message::{Message, Outgoing};
use elasticio_runtime::settings::{Reader, Source};
use elasticio_runtime::stop::Stop;
use elasticio_runtime::{Component, Info, Step, run_until};
use podio_test_support::{Environment, Stage, TestMessage, until};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::step::BOUND;

/// The name of the action.
pub(crate) const PERFORM: &str = "perform";

/// What the action can be told to do, in this order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Order {
    /// A result with this body.
    Data(Value),
    /// A result with these message headers.
    Headed(BTreeMap<String, String>),
    /// An error, and on with the next order.
    Error(String),
    Snapshot(Value),
    UpdateSnapshot(Value),
    UpdateKeys(Value),
    /// A reply with this body.
    HttpReply(Value),
    /// The end of the work: an error.
    Fail(String),
    /// The end of the work: the message comes again.
    Rebound(String),
    Panic(String),
}

/// The message with `orders` in its body.
pub(crate) fn orders(orders: &Value) -> TestMessage {
    TestMessage::new(&json!({ "body": { "orders": orders } }))
}

struct Perform;

/// A component whose only action performs.
struct PerformComponent;

impl Component for PerformComponent {
    const INFO: Info = Info {
        name: "perform-component",
        version: env!("CARGO_PKG_VERSION"),
        about: "Does what its messages say",
        manifest: "{}",
        example: r#"{"body":{}}"#,
        log_target: env!("CARGO_CRATE_NAME"),
        settings_file: "PERFORM_COMPONENT_SETTINGS",
        variables: &[],
        access_token: None,
    };

    type Settings = ();

    fn settings(_: &mut Reader<'_>) {}

    fn actions((): &(), _: Step) -> Result<Registry> {
        Ok(Registry::default().with(PERFORM, Arc::new(Perform)))
    }

    fn attempt_timeout((): &()) -> Duration {
        BOUND
    }
}

#[async_trait]
impl Action for Perform {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        perform(message, context).await
    }
}

/// Carries the orders out; a message without any is emitted as the action sees it.
async fn perform(message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
    #[derive(Deserialize)]
    struct Body {
        orders: Vec<Order>,
    }
    let body = message.body().map(RawValue::get).unwrap_or_default();
    let Ok(Body { orders }) = serde_json::from_str(body) else {
        return context.emitter.data(Outgoing::new(seen(message))).await;
    };
    for order in orders {
        carry_out(order, context).await?;
    }
    Ok(())
}

async fn carry_out(order: Order, context: &Context<'_>) -> Result<(), Interruption> {
    let emitter = context.emitter;
    match order {
        Order::Data(body) => emitter.data(Outgoing::new(body)).await,
        Order::Headed(headers) => emitter.data(Outgoing { headers, ..Outgoing::new(json!({})) }).await,
        Order::Error(text) => emitter.error(Failure::new(text)).await,
        Order::Snapshot(value) => emitter.snapshot(raw(&value)).await,
        Order::UpdateSnapshot(value) => emitter.update_snapshot(raw(&value)).await,
        Order::UpdateKeys(value) => emitter.update_keys(raw(&value)).await,
        Order::HttpReply(body) => {
            let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
            emitter.http_reply(HttpReply { status_code: 201, headers, body: Box::new(body) }).await
        }
        Order::Fail(text) => Err(Failure::new(text).into()),
        Order::Rebound(reason) => Err(Interruption::Rebound { reason, wait: Duration::ZERO }),
        Order::Panic(text) => panic!("{text}"),
    }
}

/// The message's fields, its body as it was fetched.
fn seen(message: &Message<'_>) -> Value {
    let value = |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or(Value::Null);
    let mut fields: Map<String, Value> =
        message.fields().entries().map(|(name, raw)| (name.into_owned(), value(raw))).collect();
    if let Some(body) = message.body() {
        fields.insert("body".to_owned(), value(body));
    }
    fields.into()
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a JSON value is JSON")
}

/// A running worker of this process. Dropping it ends it.
pub(crate) struct Performer {
    stop: Stop,
    running: JoinHandle<Result<()>>,
}

impl Performer {
    /// Starts a worker of the performing action in this environment and waits until it consumes.
    pub(crate) async fn start(stage: &Stage, environment: &Environment) -> Result<Self> {
        Self::of::<PerformComponent>(stage, environment).await
    }

    /// Starts a worker of another component.
    pub(crate) async fn of<C: Component>(stage: &Stage, environment: &Environment) -> Result<Self> {
        let variables = environment.variables().map(|(name, value)| (name.clone(), value.clone()));
        let source: Source = variables.collect();
        let stop = Stop::default();
        let stopped = stop.clone();
        let running = tokio::spawn(async move { run_until::<C>(&source, &stopped).await });
        let performer = Self { stop, running };
        until("the worker's consumer", BOUND, async || {
            ensure!(!performer.running.is_finished(), "the worker ended at start");
            Ok(stage.is_consumed().await?.then_some(()))
        })
        .await?;
        Ok(performer)
    }

    /// Asks it to stop; it must end in order.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.stop.request();
        let ended = tokio::time::timeout(BOUND, &mut self.running).await;
        ended.context("the worker does not end")??
    }
}

impl Drop for Performer {
    fn drop(&mut self) {
        self.running.abort();
    }
}
