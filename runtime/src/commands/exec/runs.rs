//! The runs of `exec`: one, or one after the other at an interval. The snapshot goes from run to run.

use std::{process::ExitCode, sync::Arc, time::Duration};

use super::{
    ExecArgs,
    message::Work,
    run::{Messages, Run, run},
    snapshot_file::SnapshotFile,
};
use crate::{
    Component,
    dispatcher::{Action, CurrentSnapshot},
    platform::{flow_type::FlowType, snapshot::Snapshot},
    settings::{Reader, Source, variables as v},
    stop::Stop,
};

/// Processes the messages, again and again with `--interval`; the exit code is 1 when any failed or was not done. What a run
/// emitted as snapshot counts once all its messages have succeeded and their results are printed: a run that fails, or is
/// cut short, is repeated from where it began.
pub(super) async fn repeat<C: Component>(
    args: &ExecArgs,
    action: Arc<dyn Action>,
    source: &Source,
    stop: &Stop,
) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(source);
    let limit = reader.bounded(v::OUTGOING_MESSAGE_SIZE_LIMIT, usize::MAX);
    let flow_type = if args.debug { FlowType::Debug } else { FlowType::read(&reader) };
    let messages = Messages::of(args, C::INFO.manifest().is_polling(&args.function))?;
    let file = args.snapshot.clone().map(SnapshotFile::new);
    let mut snapshot = file.as_ref().map_or_else(|| Ok(Snapshot::default()), SnapshotFile::read)?;
    let (mut done, mut failed) = (0, 0);
    let cut_short = loop {
        let current = CurrentSnapshot::new(snapshot.clone(), limit);
        let work = Work { action: action.clone(), stop: stop.clone(), snapshot: current, flow_type };
        let run: Run = run(args, &messages, &work, done, C::INFO.example).await?;
        done += run.done;
        failed += run.failed;
        if stop.is_requested() {
            break true;
        }
        let newest = work.snapshot.newest();
        if run.failed == 0 && newest.raw().get() != snapshot.raw().get() {
            file.as_ref().map_or(Ok(()), |file| file.write(&newest))?;
            snapshot = newest;
        }
        let Some(seconds) = args.interval else { break false };
        if stop.sleep(Duration::from_secs(seconds.into())).await.is_err() {
            break false;
        }
    };
    if done == 0 {
        anyhow::bail!("no message was given: pass one as an argument or on standard input, e.g. '{}'", C::INFO.example);
    }
    if done > 1 {
        tracing::info!(done, failed, "all messages are processed");
    }
    Ok(if failed > 0 || cut_short { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
