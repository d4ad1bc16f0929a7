//! A component whose only action emits secrets and then panics with one. This test's own program is the worker: the
//! component proper has no action that panics.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use elasticio_runtime::action::{Action, Context, Failure, HttpReply, Interruption, Registry};
use elasticio_runtime::platform::message::{Message, Outgoing};
use elasticio_runtime::settings::Reader;
use elasticio_runtime::{Component, Info, Step};
use podio_component::PodioComponent;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

/// The name of the action.
pub(crate) const FUNCTION: &str = "panicking";

/// The action, and its component.
struct Panicking;

impl Component for Panicking {
    const INFO: Info = Info {
        name: "panicking-component",
        version: env!("CARGO_PKG_VERSION"),
        revision: "unknown",
        about: "Panics",
        manifest: "{}",
        example: r#"{"body":{}}"#,
        log_target: env!("CARGO_CRATE_NAME"),
        settings_file: "PANICKING_COMPONENT_SETTINGS",
        variables: PodioComponent::INFO.variables,
        http_address: PodioComponent::INFO.http_address,
        metrics_prefix: "panicking",
        access_token: None,
    };

    type Settings = ();

    fn settings(_: &mut Reader<'_>) {}

    fn actions((): &(), _: Step) -> Result<Registry> {
        Ok(Registry::default().with(FUNCTION, Arc::new(Self)))
    }
}

/// The part `name` of a message's body.
fn part(message: &Message<'_>, name: &str) -> Result<Box<RawValue>, Failure> {
    let body = message.body().map(RawValue::get).unwrap_or_default();
    let mut parts: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(body).map_err(|_| Failure::new("The body is not an object."))?;
    parts.remove(name).ok_or_else(|| Failure::new(format!("The body has no {name}.")))
}

#[async_trait]
impl Action for Panicking {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let reply = part(message, "reply")?;
        let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        context.emitter.http_reply(HttpReply { status_code: 200, headers, body: Box::new(reply) }).await?;
        let snapshot = json!({ "snapshot": part(message, "snapshot")? });
        context.emitter.snapshot(to_raw_value(&snapshot).expect("an object is JSON")).await?;
        context.emitter.data(Outgoing::new(to_raw_value(&json!({})).expect("an object is JSON"))).await?;
        let text = part(message, "panic")?;
        panic!("{text}");
    }
}

/// The worker.
pub(crate) fn main() -> ExitCode {
    elasticio_runtime::main::<Panicking>()
}
