//! Sends real encrypted messages through a real broker to a running worker, and prints for each what went in, what Podio
//! (the sandbox) received, what came out and how the message was settled.
//!
//! `scripts/demo` starts the broker, the sandbox and the worker, and sets the environment, which is the worker's. By hand:
//! run `demo declare`, start the worker, run `demo run` or `demo send`, and finally `demo remove`.
#![expect(clippy::print_stdout, reason = "the demo is there to print")]

mod flow;
mod form;
mod inbox;
mod layout;
mod load;
mod outcome;
mod platform;
mod sandbox;
mod scene;
mod terminal;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use futures_util::future::try_join_all;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::flow::Flow;
use crate::form::Form;
use crate::platform::Platform;
use crate::sandbox::Sandbox;
use crate::scene::Scene;
use crate::terminal::Terminal;

/// Sends messages to a running worker and prints what becomes of them.
#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    flow: Flow,
    /// Show whole texts, each on one line
    #[arg(long, env = "WIDE", value_parser = BoolishValueParser::new(), global = true)]
    wide: bool,
    /// Print what becomes of each message as one line of JSON
    #[arg(long, env = "JSON", value_parser = BoolishValueParser::new(), global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Declares the queues, the exchange and the bindings that the platform would declare
    Declare,
    /// Plays all scenes and checks each result; the exit code is 1 if one is not as expected
    Run {
        /// URL of the sandbox's Podio listener
        #[arg(long, env = "PODIO_API_URL")]
        sandbox: String,
    },
    /// Sends a message, or many at once, and prints the result
    Send {
        /// The message, e.g. '{"body":{"method":"GET","url":"/user"}}'
        message: String,
        /// Send it so many times at once, to see the worker under load
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
        /// URL of the sandbox's Podio listener; without it, the calls to Podio are not printed
        #[arg(long, env = "PODIO_API_URL")]
        sandbox: Option<String>,
    },
    /// Checks that the stopped worker left no message behind
    Settled,
    /// Removes the queues and the exchange
    Remove,
}

/// Whether everything was as expected.
enum Verdict {
    Passed,
    Failed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli).await {
        Ok(Verdict::Passed) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: Cli) -> Result<Verdict> {
    let platform = Platform::connect(&cli.flow).await?;
    let form = if cli.json { Form::Json } else { Form::Text(Terminal::new(cli.wide)) };
    match cli.command {
        Command::Declare => platform.declare().await.map(|()| Verdict::Passed),
        Command::Run { sandbox } => run(&platform, &Sandbox::new(&sandbox)?, &form).await,
        Command::Send { message, count, sandbox } => {
            send(&platform, &message, count, sandbox.as_deref(), &form).await.map(|()| Verdict::Passed)
        }
        Command::Settled => check_settled(&platform).await.map(|()| Verdict::Passed),
        Command::Remove => platform.remove().await.map(|()| Verdict::Passed),
    }
}

async fn run(platform: &Platform<'_>, sandbox: &Sandbox, form: &Form) -> Result<Verdict> {
    platform.await_worker().await?;
    let mut inbox = platform.inbox().await?;
    let mut wrong = 0;
    let scenes = Scene::all();
    for (number, scene) in scenes.iter().enumerate() {
        form.title(number + 1, scene.title);
        scene.prepare(sandbox).await?;
        let calls_before = sandbox.calls().await?.len();
        let sent = platform.send(&scene.message()?).await?;
        let outcome = inbox.outcome(&sent).await?;
        let calls = sandbox.calls().await?.split_off(calls_before);
        let faults = scene.faults(&calls, &outcome);
        form.message(scene.body, Some(&calls), &outcome);
        form.verdict(&faults);
        wrong += usize::from(!faults.is_empty());
    }
    let surplus = inbox.surplus().await;
    form.total(scenes.len(), wrong, surplus);
    Ok(if wrong + surplus == 0 { Verdict::Passed } else { Verdict::Failed })
}

async fn send(platform: &Platform<'_>, message: &str, count: u32, sandbox: Option<&str>, form: &Form) -> Result<()> {
    let message: &RawValue = serde_json::from_str(message).context("the message is not JSON")?;
    platform.await_worker().await?;
    let mut inbox = platform.inbox().await?;
    let sandbox = sandbox.map(Sandbox::new).transpose()?;
    let calls_before = match &sandbox {
        Some(sandbox) => sandbox.calls().await?.len(),
        None => 0,
    };
    if count > 1 {
        let ids: Vec<String> = (0..count).map(|_| Uuid::new_v4().to_string()).collect();
        let sends = ids.iter().map(|id| platform.send_as(id, message.get()));
        let (began, sends) = (Instant::now(), try_join_all(sends));
        let (sent, load) = tokio::join!(sends, inbox.load(&ids));
        sent?;
        form.load(&load?.took(began.elapsed().as_secs_f64()));
        return Ok(());
    }
    let sent = platform.send(message.get()).await?;
    let outcome = inbox.outcome(&sent).await?;
    let calls = match &sandbox {
        Some(sandbox) => Some(sandbox.calls().await?.split_off(calls_before)),
        None => None,
    };
    form.message(message.get(), calls.as_deref(), &outcome);
    Ok(())
}

/// Fails if a message is back in the queue: that happens to messages that a worker has not settled when it stops.
async fn check_settled(platform: &Platform<'_>) -> Result<()> {
    let left = platform.waiting().await?;
    ensure!(left == 0, "{left} message(s) are back in the queue: the worker had not settled them");
    println!("The worker has stopped and the queue is empty: every message was settled.");
    Ok(())
}
