//! Workers at Podio's rate limit use it up and are seldom refused, however many there are and however much each takes at
//! once.

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Api, RateLimit};
use podio_test_support::TestMessage;
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The limit and the messages of each run, unless the variables `PACE_LIMIT` and `PACE_MESSAGES` say otherwise.
const LIMIT: &str = "50/2";
const MESSAGES: &str = "250";

/// What a run took.
struct Run {
    workers: usize,
    prefetch: usize,
    messages: usize,
    limit: RateLimit,
    /// Milliseconds from the first call to the last answer that was no refusal.
    took: u64,
    refused: usize,
    /// Of them, those that came after the first window.
    refused_later: usize,
}

impl Run {
    /// Windows after the first.
    fn windows(&self) -> usize {
        (self.messages - 1) / self.limit.calls as usize
    }

    #[expect(clippy::cast_precision_loss, reason = "ratios for people")]
    fn table_row(&self) -> String {
        let ideal = self.windows() as f64 * self.limit.window.as_secs_f64() * 1000.0;
        let per_message = |count: usize| count as f64 / self.messages as f64;
        format!(
            "| {} × {} | {} | {:.3} | {:.3} | {:.3} |",
            self.workers,
            self.prefetch,
            self.messages,
            self.took as f64 / ideal,
            per_message(self.refused),
            per_message(self.refused_later)
        )
    }
}

async fn run(workers: usize, prefetch: usize, messages: usize, limit: RateLimit) -> Result<Run> {
    let mut config = oauth_config();
    config["retries"] = json!(20);
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 } }] });
    let stage = stage("pace", config, podio, json!({})).await?;
    let environment = environment(&stage, prefetch).with("LOG_LEVEL", "warn");
    let mut running = Vec::new();
    for _ in 0..workers {
        running.push(consuming_worker(&stage, &environment).await?);
    }
    stage.sandbox.set_rate_limit(Some(limit));
    for _ in 0..messages {
        stage.send(&TestMessage::get("/user")).await?;
    }
    let least = limit.window * u32::try_from(messages)? / limit.calls;
    stage.results.wait_for(messages, "results", 3 * least + BOUND).await?;
    for worker in &mut running {
        stop(worker, BOUND).await?;
    }
    let emitted = stage.emitted()?;
    ensure!(emitted.iter().all(|emitted| emitted.routing_key == "data"), "not all messages succeeded");
    ensure!((emitted.len(), stage.left().await?) == (messages, 0), "{} results", emitted.len());

    let calls = stage.calls(Api::Podio);
    let begin = calls.first().context("calls")?.at;
    let end = calls.iter().filter(|call| call.status == 200).map(|call| call.at).max().context("a result")?;
    let refusals = calls.iter().filter(|call| call.status == 420).map(|call| call.at);
    let first_window = begin + u64::try_from(limit.window.as_millis())?;
    let refused_later = refusals.clone().filter(|at| *at >= first_window).count();
    stage.remove().await?;
    Ok(Run { workers, prefetch, messages, limit, took: end - begin, refused: refusals.count(), refused_later })
}

#[tokio::test]
async fn workers_at_the_rate_limit_use_it_up_and_are_seldom_refused() -> Result<()> {
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let limit: RateLimit = setting("PACE_LIMIT", LIMIT).parse().map_err(anyhow::Error::msg)?;
    let messages = setting("PACE_MESSAGES", MESSAGES).parse()?;
    let run = |workers, prefetch| run(workers, prefetch, messages, limit);
    let (a, b, c, d) = tokio::try_join!(run(1, 10), run(1, 100), run(4, 10), run(4, 100))?;
    let runs = [a, b, c, d];
    let head = "| workers × prefetch | messages | time ÷ ideal | 420s per message | after the first window |\n|---|---|---|---|---|";
    eprintln!("{head}\n{}", runs.each_ref().map(Run::table_row).join("\n"));
    for run in runs {
        let row = run.table_row();
        // One call of each worker finds that the limit is reached; the shares of the first windows are not known yet.
        let bound = 2 * run.workers * run.windows() + 10;
        ensure!(run.refused_later <= bound, "{} refusals after the first window: {row}", run.refused_later);
        let most = u64::try_from(run.windows() + 1)? * 1500 * run.limit.window.as_secs();
        ensure!(run.took <= most, "{} ms: {row}", run.took);
    }
    Ok(())
}
