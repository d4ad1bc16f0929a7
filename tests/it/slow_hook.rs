//! A startup hook that waits when the stop comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use elasticio_runtime::action::{Action, Context, Failure, HookContext, Interruption, Registry};
use elasticio_runtime::platform::message::Message;
use elasticio_runtime::settings::{Reader, Source};
use elasticio_runtime::stop::Stop;
use elasticio_runtime::{Component, Info, Step, run_until};
use podio_component::PodioComponent;
use podio_sandbox::Api;
use podio_test_support::until;
use serde_json::{Value, json};

use crate::step::{BOUND, oauth_config, stage};

const NAME: &str = "slow";
static HOOK_RUNS: AtomicBool = AtomicBool::new(false);

/// A component whose only action is registered for ever.
struct Slow;

impl Component for Slow {
    const INFO: Info = PodioComponent::INFO;
    type Settings = ();

    fn settings(_: &mut Reader<'_>) {}

    fn actions((): &(), _: Step) -> Result<Registry> {
        Ok(Registry::default().with(NAME, Arc::new(Self)))
    }
}

#[async_trait]
impl Action for Slow {
    async fn run(&self, _: &Message<'_>, _: &Context<'_>) -> Result<(), Interruption> {
        Ok(())
    }

    async fn startup(&self, context: &HookContext<'_>) -> Result<Value, Failure> {
        HOOK_RUNS.store(true, Ordering::SeqCst);
        let waited = context.stop.sleep(BOUND * 10).await;
        waited.map_err(|stopped| Failure::new(stopped.to_string()))?;
        Ok(json!({}))
    }
}

#[tokio::test]
async fn a_stop_during_the_startup_hook_ends_the_start_in_order() -> Result<()> {
    let stage = stage("slow-hook", oauth_config(), json!({}), json!({})).await?;
    let environment = stage.environment(NAME).with("ELASTICIO_STARTUP_REQUIRED", "true");
    let source: Source = environment.variables().map(|(name, value)| (name.clone(), value.clone())).collect();
    let stop = Stop::default();
    let request = stop.clone();
    let running = tokio::spawn(async move { run_until::<Slow>(&source, &request).await });
    until("the hook", BOUND, async || {
        ensure!(!running.is_finished(), "the worker ended at start");
        Ok(HOOK_RUNS.load(Ordering::SeqCst).then_some(()))
    })
    .await?;
    stop.request();
    tokio::time::timeout(BOUND, running).await.context("it did not stop")???;
    let calls = stage.calls(Api::Platform);
    assert_eq!(calls.len(), 1, "nothing is stored: {calls:?}");
    assert_eq!((stage.results.count(), stage.waiting().await?), (0, 0));
    stage.remove().await
}
