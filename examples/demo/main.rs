//! The worker at work, seen from outside: real encrypted messages through a real broker, and for each what went in,
//! what Podio (the sandbox) saw, what came out and how the message was settled.
//!
//! `scripts/demo` starts everything around it (broker, sandbox, worker) and sets the environment, which is the
//! worker's own. By hand: `demo declare`, then the worker, then `demo run` or `demo send`, at the end `demo remove`.
#![expect(clippy::print_stdout, reason = "showing things is what it is for")]

mod flow;
mod outcome;
mod sandbox;
mod scene;
mod show;
mod stage;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::value::RawValue;

use crate::{flow::Flow, sandbox::Sandbox, scene::Scene, show::Show, stage::Stage};

/// Sends messages to a running worker and shows what becomes of them.
#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    flow: Flow,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Declares the queues, the exchange and the bindings that the platform would declare
    Declare,
    /// Plays all scenes and checks each result; exit code 1 if one is not what it should be
    Run {
        /// Podio's listener of the sandbox
        #[arg(long, env = "PODIO_API_URL")]
        sandbox: String,
    },
    /// Sends one message and shows the result
    Send {
        /// The message, e.g. '{"body":{"method":"GET","url":"/user"}}'
        message: String,
        /// Podio's listener of the sandbox; without it, what Podio saw is not shown
        #[arg(long, env = "PODIO_API_URL")]
        sandbox: Option<String>,
    },
    /// Checks that the stopped worker left no message behind
    Settled,
    /// Removes the queues and the exchange
    Remove,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was as it should be.
async fn execute(cli: Cli) -> Result<bool> {
    let stage = Stage::open(&cli.flow).await?;
    match cli.command {
        Command::Declare => stage.declare().await.map(|()| true),
        Command::Run { sandbox } => run(&stage, &Sandbox::new(&sandbox)?).await,
        Command::Send { message, sandbox } => send(&stage, &message, sandbox.as_deref()).await,
        Command::Settled => settled(&stage).await,
        Command::Remove => stage.remove().await.map(|()| true),
    }
}

async fn run(stage: &Stage<'_>, sandbox: &Sandbox) -> Result<bool> {
    stage.await_worker().await?;
    let mut inbox = stage.listen().await?;
    let show = Show::new();
    let mut wrong = 0;
    let scenes = Scene::all();
    for (number, scene) in scenes.iter().enumerate() {
        show.title(number + 1, scene.title);
        scene.prepare(sandbox).await?;
        let seen_before = sandbox.calls().await?.len();
        show.sent(scene.body);
        let sent = stage.send(&scene.message()).await?;
        let outcome = inbox.outcome(&sent).await?;
        let calls = sandbox.calls().await?.split_off(seen_before);
        show.calls(&calls);
        show.outcome(&outcome);
        let faults = scene.faults(&calls, &outcome);
        show.verdict(&faults);
        wrong += usize::from(!faults.is_empty());
    }
    let surplus = inbox.surplus().await;
    show.sum(scenes.len(), wrong, surplus);
    Ok(wrong == 0 && surplus == 0)
}

async fn send(stage: &Stage<'_>, message: &str, sandbox: Option<&str>) -> Result<bool> {
    let message: &RawValue = serde_json::from_str(message).context("the message is not JSON")?;
    stage.await_worker().await?;
    let mut inbox = stage.listen().await?;
    let sandbox = sandbox.map(Sandbox::new).transpose()?;
    let seen_before = match &sandbox {
        Some(sandbox) => sandbox.calls().await?.len(),
        None => 0,
    };
    let sent = stage.send(message.get()).await?;
    let outcome = inbox.outcome(&sent).await?;
    let show = Show::new();
    show.sent(message.get());
    if let Some(sandbox) = &sandbox {
        show.calls(&sandbox.calls().await?.split_off(seen_before));
    }
    show.outcome(&outcome);
    Ok(true)
}

/// A message that is not settled goes back to the queue when its worker stops.
async fn settled(stage: &Stage<'_>) -> Result<bool> {
    let left = stage.waiting().await?;
    ensure!(left == 0, "{left} message(s) are back in the queue: the worker had not settled them");
    println!("The worker has stopped and the queue is empty: every message was settled.");
    Ok(true)
}
