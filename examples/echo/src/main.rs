//! A component with an action, `echo`, which emits the body of every message as it came, and a trigger, `count`, which
//! counts its runs.

use std::{process::ExitCode, sync::Arc};

use elasticio_runtime::action::{Action, Context, Failure, FlowType, HookContext, Interruption, Registry};
use elasticio_runtime::platform::message::{Message, Outgoing};
use elasticio_runtime::{Component, Info, Step, settings::Reader};
use serde_json::{Value, json, value::to_raw_value};

/// The component, and its action.
struct Echo;

impl Component for Echo {
    const INFO: Info = Info {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        revision: "unknown",
        about: "Echo component: a step of an integration flow that emits every message as it came",
        manifest: include_str!("../component.json"),
        example: r#"{"body":{}}"#,
        log_target: env!("CARGO_CRATE_NAME"),
        settings_file: "ECHO_COMPONENT_SETTINGS",
        variables: &[],
        http_address: None,
        metrics_prefix: "echo",
        access_token: None,
    };
    type Settings = ();

    fn settings(_: &mut Reader<'_>) {}

    fn actions((): &(), _: Step) -> anyhow::Result<Registry> {
        Ok(Registry::default().with("echo", Arc::new(Self)).with("count", Arc::new(Count)))
    }
}

#[async_trait::async_trait]
impl Action for Echo {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let body = message.body().ok_or_else(|| Failure::input("The message has no \"body\": nothing to echo."))?;
        context.emitter.data(Outgoing::new(body.to_owned())).await
    }
}

/// The trigger.
struct Count;

#[async_trait::async_trait]
impl Action for Count {
    async fn run(&self, _: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let seen = context.snapshot.read::<Value>().unwrap_or_default();
        let next = json!({ "count": seen["count"].as_u64().unwrap_or(0) + 1 });
        context.emitter.data(Outgoing::new(next.clone())).await?;
        if context.flow_type == FlowType::Debug {
            return Ok(()); // A sample is not remembered.
        }
        let snapshot = to_raw_value(&next).map_err(|error| Failure::new(error.to_string()))?;
        context.emitter.snapshot(snapshot).await
    }

    async fn startup(&self, context: &HookContext<'_>) -> Result<Value, Failure> {
        let address = context.webhook_uri.ok_or_else(|| Failure::new("There is no ELASTICIO_FLOW_WEBHOOK_URI."))?;
        Ok(json!({ "address": address.as_str() })) // A real one tells the third party of the address.
    }

    async fn shutdown(&self, state: &Value, _: &HookContext<'_>) -> Result<(), Failure> {
        if state["address"].is_string() { Ok(()) } else { Err(Failure::new("The state names no address.")) }
    }
}

fn main() -> ExitCode {
    elasticio_runtime::main::<Echo>()
}
