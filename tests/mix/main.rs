//! Messages with unique ids through random faults, counted as Jepsen counts a queue: every one is answered, none is lost,
//! and what is answered twice was in flight when something broke. `make test` runs it for about a minute, `make soak` for
//! as long as `MINUTES` says. `SEED` repeats a run's faults.

mod faults;
mod lane;
mod ledger;
mod monitor;
mod plot;
mod processes;
mod report;
mod run;
mod world;

use anyhow::Result;

#[tokio::test]
async fn every_message_is_answered_through_random_faults() -> Result<()> {
    run::mix(&run::Length::from_environment()?).await
}
