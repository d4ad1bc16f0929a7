//! Messages with unique ids through random faults, counted as Jepsen counts a queue: every one is answered, none is lost,
//! and what is answered twice was in flight when something broke. `make test` runs it for about a minute, `make soak` for
//! as long as `MINUTES` and `ROUNDS` say. `SEED` repeats a run's faults.

mod cluster;
mod faults;
mod lane;
mod ledger;
mod links;
mod monitor;
mod outage;
mod plot;
mod processes;
mod report;
mod run;
mod world;

use anyhow::Result;
use tokio::sync::Mutex;

/// Each of the two tests times results, so they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn every_message_is_answered_through_random_faults() -> Result<()> {
    let _turn = TURN.lock().await;
    run::mix(&run::Length::from_environment()?).await
}

#[tokio::test]
async fn every_message_is_answered_while_the_nodes_of_a_cluster_go_and_come() -> Result<()> {
    let _turn = TURN.lock().await;
    cluster::rolling_stop(&run::Length::from_environment()?).await
}
