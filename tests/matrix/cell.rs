//! One cell: puts messages to a point, lets a fault happen, ends it, and counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use podio_sandbox::Api;
use podio_test_support::broker::Received;
use podio_test_support::{Applied, Emitted, TestMessage};

use super::expectation::{Expected, expected};
use super::fault::Fault;
use super::point::Point;
use super::scene::{BOUND, PROBE, Scene};

/// A cell that is being run.
pub(crate) struct Cell {
    pub(crate) point: Point,
    fault: Fault,
    expected: Expected,
    scene: Scene,
    messages: Vec<TestMessage>,
    gate: Option<Applied>,
    healed: Instant,
    seen: Option<Seen>,
}

/// What was seen of a cell.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Outcomes of each message.
    pub(crate) outcomes: Vec<usize>,
    /// Outcomes with different ids.
    pub(crate) distinct: usize,
    /// Calls to Podio for all messages, without those of the token endpoint.
    pub(crate) calls: usize,
    /// Refreshes at the token endpoint.
    pub(crate) refreshes: usize,
    /// Attempts to store a body.
    pub(crate) stores: usize,
    /// Messages in the dead-letter queue.
    pub(crate) dead: usize,
    /// From the fault's end until every message and a later one have their outcome.
    pub(crate) recovery: Duration,
}

impl Cell {
    pub(crate) async fn set(broker_url: &str, fault: Fault, point: Point) -> Result<Self> {
        let scene = Scene::set(broker_url, fault, point).await?;
        let expected = expected(fault, point);
        Ok(Self {
            point,
            fault,
            expected,
            scene,
            messages: point.messages(),
            gate: None,
            healed: Instant::now(),
            seen: None,
        })
    }

    /// Puts the messages to their point.
    pub(crate) async fn enter(&mut self) -> Result<()> {
        self.gate = self.point.enter(&self.scene, &self.messages).await?;
        Ok(())
    }

    pub(crate) async fn inject(&mut self) -> Result<()> {
        self.fault.inject(&mut self.scene).await
    }

    /// Lets the messages go on while the fault lasts.
    pub(crate) async fn go_on(&mut self) -> Result<()> {
        if let Some(line) = self.expected.before {
            self.scene.logged(line).await?;
        }
        if let Some(gate) = self.gate.take() {
            gate.lift();
        }
        match (self.expected.after, self.fault.unseen()) {
            (Some(line), _) => self.scene.logged(line).await?,
            (None, Some(time)) => tokio::time::sleep(time).await,
            (None, None) => {}
        }
        Ok(())
    }

    pub(crate) async fn heal(&mut self) -> Result<()> {
        self.healed = Instant::now();
        self.fault.heal(&mut self.scene).await
    }

    /// Waits until all is done, and counts.
    pub(crate) async fn count(&mut self) -> Result<()> {
        let probe = TestMessage::get(PROBE);
        let stage = &self.scene.stage;
        stage.send(&probe).await?;
        self.messages.push(probe);
        let ids: Vec<String> =
            self.messages.iter().filter_map(|message| message.message_id().map(str::to_owned)).collect();
        let answered =
            |results: &[Arc<Received>]| ids.iter().all(|id| outcomes(results, id).is_ok_and(|all| !all.is_empty()));
        stage.results.wait_until("an outcome of every message", BOUND, answered).await?;
        let recovery = self.healed.elapsed();
        self.scene.stop().await?;
        let stage = &self.scene.stage;
        ensure!(stage.left().await? == 0, "a message stayed in the queue");
        let counted = if ids.len() > 1 { &ids[..ids.len() - 1] } else { &ids };
        let found = counted.iter().map(|id| outcomes(&stage.results.all(), id)).collect::<Result<Vec<_>>>()?;
        ensure!(found.iter().flatten().all(|(key, _)| key == "data"), "an error was emitted");
        let of_all = ids.iter().map(|id| outcomes(&stage.results.all(), id)).collect::<Result<Vec<_>>>()?;
        ensure!(stage.results.count() == of_all.iter().flatten().count(), "there are outcomes of other messages");
        let mut distinct: Vec<_> = found.iter().flatten().map(|(_, id)| id.clone()).collect();
        distinct.sort();
        distinct.dedup();
        let is_own = |path: &str| (path == PROBE) == (ids.len() == 1) && path != "/oauth/token";
        self.seen = Some(Seen {
            outcomes: found.iter().map(Vec::len).collect(),
            distinct: distinct.len(),
            calls: stage.calls(Api::Podio).iter().filter(|call| is_own(&call.path)).count(),
            refreshes: stage.calls(Api::Podio).iter().filter(|call| call.path == "/oauth/token").count(),
            stores: stage.calls(Api::Platform).iter().filter(|call| call.path == "/objects").count(),
            dead: stage.rejected.count(),
            recovery,
        });
        Ok(())
    }

    /// What was counted.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    pub(crate) fn log(&self) -> String {
        self.scene.log()
    }

    pub(crate) async fn remove(self) {
        // What is left is removed with the broker, or expires.
        let _ = self.scene.stage.remove().await;
    }
}

/// Routing key and id of every outcome of the message `id`.
fn outcomes(results: &[Arc<Received>], id: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for received in results {
        let emitted = Emitted::decode(received)?;
        if emitted.text_header("parentMessageId") == Some(id) {
            let id = emitted.text_header("messageId").context("an outcome without an id")?.to_owned();
            found.push((emitted.routing_key.clone(), id));
        }
    }
    Ok(found)
}

impl Seen {
    /// What is not as expected.
    pub(crate) fn differences(&self, expected: &Expected) -> Vec<String> {
        let mut differences = Vec::new();
        let (fewest, most) = expected.outcomes;
        if self.outcomes.iter().any(|outcomes| !(fewest..=most).contains(outcomes)) {
            differences.push(format!("outcomes {:?} instead of {fewest} to {most}", self.outcomes));
        }
        let messages = self.outcomes.len();
        let (fewest, most) = (expected.calls.0 * messages, expected.calls.1 * messages);
        if !(fewest..=most).contains(&self.calls) {
            differences.push(format!("{} calls instead of {fewest} to {most}", self.calls));
        }
        for (what, seen, (fewest, most)) in
            [("refreshes", self.refreshes, expected.refreshes), ("stores", self.stores, expected.stores)]
        {
            if !(fewest..=most).contains(&seen) {
                differences.push(format!("{seen} {what} instead of {fewest} to {most}"));
            }
        }
        if expected.same_id && self.distinct != self.outcomes.len() {
            differences.push(format!("{} different ids of {} messages' outcomes", self.distinct, self.outcomes.len()));
        }
        if self.dead > 0 {
            differences.push(format!("{} dead letters", self.dead));
        }
        differences
    }
}
