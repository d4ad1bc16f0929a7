//! One run of `exec`: every message once.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use anyhow::Context as _;
use futures_util::{StreamExt, future::Either};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    ExecArgs, input,
    message::{self, Printed, Work},
};

/// The message of a polling trigger: the platform's scheduler sends nothing else (protocol, section 14.2).
const TICK: &str = r#"{"body":{}}"#;

/// Where the messages come from.
pub(super) enum Messages {
    /// Standard input, which can be read once.
    Input,
    /// The command line, or the scheduler that a polling trigger waits for.
    Given(Vec<String>),
}

impl Messages {
    pub(super) fn of(args: &ExecArgs, polling: bool) -> anyhow::Result<Self> {
        if !args.messages.is_empty() {
            return Ok(Self::Given(args.messages.clone()));
        }
        if polling {
            return Ok(Self::Given(vec![TICK.to_owned()]));
        }
        if args.interval.is_some() {
            anyhow::bail!("--interval needs the message as an argument: standard input can be read only once");
        }
        Ok(Self::Input)
    }
}

/// What became of the messages of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    /// Messages that are processed.
    pub(super) done: usize,
    /// Those of them that failed.
    pub(super) failed: usize,
}

/// Processes every message, and prints its results. `before`: how many messages were processed in earlier runs.
pub(super) async fn run(
    args: &ExecArgs,
    messages: &Messages,
    work: &Work,
    before: usize,
    example: &str,
) -> anyhow::Result<Run> {
    let concurrency = usize::from(args.concurrency);
    let inputs = match messages {
        Messages::Given(messages) => Either::Right(input::from_arguments(messages)),
        Messages::Input => {
            if stdin().is_terminal() {
                // Nobody reads it if it cannot be written.
                let _ = writeln!(stderr(), "Type messages as JSON, one per line, e.g. {example}. Ctrl-D ends.");
            }
            Either::Left(input::from_reader(stdin(), concurrency))
        }
    };
    let processed = inputs
        .take_until(work.stop.requested())
        .enumerate()
        .map(|(index, input)| message::process(before + index + 1, input, work));
    let outputs = if args.unordered {
        Either::Left(processed.buffer_unordered(concurrency))
    } else {
        Either::Right(processed.buffered(concurrency))
    };
    let progress = progress(messages);
    let mut outputs = std::pin::pin!(outputs);
    let mut run = Run::default();
    while let Some(Printed { lines, ok }) = outputs.next().await {
        let mut out = stdout().lock();
        out.write_all(&lines).and_then(|()| out.flush()).context("results cannot be written to standard output")?;
        run.done += 1;
        run.failed += usize::from(!ok);
        progress.set_message(format!("{} failed", run.failed));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(run)
}

/// A progress bar, shown if messages come from standard input, and only standard error is a terminal.
fn progress(messages: &Messages) -> ProgressBar {
    if matches!(messages, Messages::Given(_)) || !stderr().is_terminal() || stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} messages, {msg}, {per_sec}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style).with_message("0 failed")
}
