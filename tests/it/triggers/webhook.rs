//! `webhook`: the platform starts the step, Podio calls the flow's address, and the platform makes messages of that.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Sandbox};
use podio_test_support::{Ended, Environment, Stage, TestMessage, Worker, until};
use serde_json::{Value, json};

use super::{APP, call, config, create, podio_calls, sandbox, worker_of};
use crate::step::{BOUND, consuming_worker, program, stage, stop, wait_for_empty_queue};

const STARTUP_DATA: &str = "/sailor-support/hooks/task/flow1/startup/data";
/// The flow's address, on the platform's listener.
const ADDRESS: &str = "/in/flow1";

/// A flow that begins with the trigger.
struct Flow {
    podio: Sandbox,
    stage: Stage,
    environment: Environment,
    /// Calls of the flow's address that became messages.
    passed_on: usize,
}

impl Flow {
    async fn new(label: &str, fields: &Value) -> Result<Self> {
        let podio = sandbox().await?;
        let platform = json!({
            format!("POST {ADDRESS}"): [{ "json": {} }],
            format!("POST {STARTUP_DATA}"): [{ "status": 201, "json": {} }],
            format!("DELETE {STARTUP_DATA}"): [{ "status": 204 }],
        });
        let stage = stage(label, config(fields), json!({}), platform).await?;
        let address = format!("{}{ADDRESS}", stage.sandbox.platform_url());
        let environment = worker_of(&stage, "webhook", &podio)
            .with("ELASTICIO_STARTUP_REQUIRED", "true")
            .with("ELASTICIO_FLOW_WEBHOOK_URI", &address);
        Ok(Self { podio, stage, environment, passed_on: 0 })
    }

    /// Waits for `count` further calls of the flow's address, and passes them on as the platform does.
    async fn pass_on(&mut self, count: usize) -> Result<()> {
        let wanted = self.passed_on + count;
        let bodies = until("Podio's calls", BOUND, async || {
            let calls = self.stage.calls(Api::Platform).into_iter().filter(|call| call.path == ADDRESS);
            let bodies: Vec<String> = calls.map(|call| call.body).collect();
            Ok((bodies.len() >= wanted).then_some(bodies))
        })
        .await?;
        for body in &bodies[self.passed_on..wanted] {
            self.stage.send(&TestMessage::new(&json!({ "body": body, "headers": {} }))).await?;
        }
        self.passed_on = wanted;
        wait_for_empty_queue(&self.stage).await
    }

    /// The hooks of the app, `type status`.
    async fn hooks(&self) -> Result<Vec<String>> {
        let answers = call(&self.podio, &[("GET", format!("/hook/app/{APP}/"), Value::Null)]).await?;
        let hooks = answers[0].as_array().context("a list")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(hooks.iter().map(|hook| format!("{} {}", text(&hook["type"]), text(&hook["status"]))).collect())
    }

    /// The state that the startup hook stored last.
    fn state(&self) -> Result<Value> {
        let calls = self.stage.calls(Api::Platform);
        let stored = calls.iter().rev().find(|call| call.method == "POST" && call.path == STARTUP_DATA);
        Ok(serde_json::from_str(&stored.context("the state is stored")?.body)?)
    }

    async fn shut_down(&self) -> Result<()> {
        let state = self.state()?;
        let answers = json!({ format!("GET {STARTUP_DATA}"): [{ "json": state }] });
        self.stage.sandbox.add_answers(crate::step::answers(json!({}), answers)?)?;
        let environment = self.environment.clone().with("ELASTICIO_HOOK_SHUTDOWN", "true");
        let environment = environment.without("ELASTICIO_STARTUP_REQUIRED");
        let mut worker = Worker::start(program(), &environment)?;
        assert_eq!(worker.ended(BOUND).await?, Ended(0), "{}", worker.log().all().join("\n"));
        Ok(())
    }
}

#[tokio::test]
async fn hooks_are_made_verified_used_and_removed() -> Result<()> {
    let fields = json!({ "events": ["item.create", "item.delete"], "emitItem": true });
    let mut flow = Flow::new("webhook", &fields).await?;
    // Somebody else's hook on the same app stays as it is.
    let elsewhere = json!({ "url": "http://localhost:1/", "type": "item.create" });
    call(&flow.podio, &[("POST", format!("/hook/app/{APP}/"), elsewhere)]).await?;
    let mut worker = consuming_worker(&flow.stage, &flow.environment).await?;
    flow.pass_on(2).await?;
    until("the verification", BOUND, async || {
        Ok((flow.hooks().await? == ["item.create inactive", "item.create active", "item.delete active"]).then_some(()))
    })
    .await?;
    assert_eq!(flow.stage.results.count(), 0, "a verification emits nothing");

    let id = create(&flow.podio, &["Acme"]).await?[0];
    flow.pass_on(1).await?;
    call(&flow.podio, &[("DELETE", format!("/item/{id}"), Value::Null)]).await?;
    flow.pass_on(1).await?;
    flow.stage
        .send(&TestMessage::new(&json!({ "body": { "type": "item.create", "hook_id": 1, "item_id": id } })))
        .await?;
    flow.stage.results.wait_for(2, "events", BOUND).await?;
    worker
        .log()
        .wait_until("the warning", BOUND, |log| log.iter().any(|line| line.contains("a call is ignored")))
        .await?;
    stop(&mut worker, BOUND).await?;
    let emitted = flow.stage.emitted()?;
    assert_eq!(emitted.len(), 2);
    let (created, deleted) = (&emitted[0].payload["body"], &emitted[1].payload["body"]);
    assert_eq!((&created["type"], &created["item"]["fieldsByName"]["name"]), (&json!("item.create"), &json!("Acme")));
    assert_eq!((&deleted["type"], deleted.get("item")), (&json!("item.delete"), None));

    flow.shut_down().await?;
    assert_eq!(flow.hooks().await?, ["item.create inactive"]);
    flow.shut_down().await?; // What is gone already is no failure.
    assert_eq!((flow.stage.left().await?, flow.stage.rejected.count()), (0, 0));
    flow.stage.remove().await
}

#[tokio::test]
async fn a_start_finds_its_hooks_again_and_makes_what_has_vanished() -> Result<()> {
    let mut flow = Flow::new("webhook-again", &json!({ "events": "item.create,item.update" })).await?;
    let mut worker = consuming_worker(&flow.stage, &flow.environment).await?;
    flow.pass_on(2).await?;
    stop(&mut worker, BOUND).await?;
    let first = flow.state()?;
    let vanished = first["hooks"][1]["hook_id"].as_u64().context("an id")?;
    call(&flow.podio, &[("DELETE", format!("/hook/{vanished}"), Value::Null)]).await?;
    flow.podio.clear_calls();

    let mut worker = consuming_worker(&flow.stage, &flow.environment).await?;
    let made = format!("POST /hook/app/{APP}/");
    assert_eq!(podio_calls(&flow.podio).iter().filter(|call| **call == made).count(), 1);
    let second = flow.state()?;
    assert_eq!(second["hooks"][0], first["hooks"][0]);
    assert_ne!(second["hooks"][1], first["hooks"][1]);
    flow.pass_on(1).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(flow.hooks().await?, ["item.create active", "item.update active"]);
    flow.stage.remove().await
}

#[tokio::test]
async fn the_limit_of_hooks_ends_the_start_with_a_clear_error() -> Result<()> {
    let flow = Flow::new("webhook-limit", &json!({ "events": ["item.update", "item.create"] })).await?;
    let other = |port: u16| {
        let hook = json!({ "url": format!("http://localhost:{port}/"), "type": "item.create" });
        ("POST", format!("/hook/app/{APP}/"), hook)
    };
    call(&flow.podio, &(1..=10).map(other).collect::<Vec<_>>()).await?;
    let mut worker = Worker::start(program(), &flow.environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    flow.stage.results.wait_for(1, "the error", BOUND).await?;
    let emitted = flow.stage.emitted()?;
    assert!(emitted[0].error_message()?.contains("10 hooks for item.create"), "{}", emitted[0].error_message()?);
    assert_eq!(flow.hooks().await?.len(), 10, "none was made");
    flow.stage.remove().await
}
