//! A component with one action: `echo` emits the body of every message as it came.

use std::{process::ExitCode, sync::Arc};

use elasticio_runtime::action::{Action, Context, Failure, Interruption, Registry};
use elasticio_runtime::platform::message::{Message, Outgoing};
use elasticio_runtime::{Component, Info, Step, settings::Reader};

/// The component, and its only action.
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
        Ok(Registry::default().with("echo", Arc::new(Self)))
    }
}

#[async_trait::async_trait]
impl Action for Echo {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let body = message.body().ok_or_else(|| Failure::input("The message has no \"body\": nothing to echo."))?;
        context.emitter.data(Outgoing::new(body.to_owned())).await
    }
}

fn main() -> ExitCode {
    elasticio_runtime::main::<Echo>()
}
