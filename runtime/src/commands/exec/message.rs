//! One message of `exec`: processed, and its results as output lines.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::value::RawValue;

use super::input::Input;
use crate::{
    dispatcher::{Action, Context, CurrentSnapshot, Emitter, ErrorCode, Failure, HttpReply, Interruption},
    platform::{
        flow_type::FlowType,
        headers::SnapshotEvent,
        json::ObjectWriter,
        message::{Message, Outgoing},
    },
    stop::Stop,
};

/// The output of one message.
pub(super) struct Printed {
    /// JSON lines.
    pub(super) lines: Vec<u8>,
    /// Whether it succeeded: no failure, and no error that the action emitted.
    pub(super) ok: bool,
}

/// What all messages of a run share.
pub(super) struct Work {
    pub(super) action: Arc<dyn Action>,
    pub(super) stop: Stop,
    pub(super) snapshot: CurrentSnapshot,
    pub(super) flow_type: FlowType,
}

/// Collects the output lines of one message. Every line carries the message's number in the input.
struct Lines<'a> {
    number: usize,
    snapshot: &'a CurrentSnapshot,
    text: Mutex<Vec<u8>>,
    failed: AtomicBool,
}

impl Lines<'_> {
    /// Appends a JSON object as a line, with the number as its first field.
    fn push(&self, object: &[u8]) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = ObjectWriter::new(&mut text);
        line.value("input", &self.number);
        line.fields_of(object);
        line.end();
        text.push(b'\n');
    }

    fn push_field(&self, name: &str, value: &RawValue) {
        let mut object = Vec::new();
        let mut writer = ObjectWriter::new(&mut object);
        writer.raw(name, value);
        writer.end();
        self.push(&object);
    }

    fn push_error(&self, failure: &Failure) {
        let mut error = serde_json::json!({ "name": "Error", "message": failure.message() });
        if let Some(error) = error.as_object_mut() {
            error.extend(failure.fields());
        }
        let error = serde_json::json!({ "error": error });
        self.push(error.to_string().as_bytes());
    }
}

#[async_trait]
impl Emitter for Lines<'_> {
    async fn data(&self, message: Outgoing) -> Result<(), Interruption> {
        self.push(&message.to_json());
        Ok(())
    }

    async fn error(&self, failure: Failure) -> Result<(), Interruption> {
        self.failed.store(true, Ordering::Relaxed);
        self.push_error(&failure);
        Ok(())
    }

    async fn snapshot(&self, snapshot: Box<RawValue>) -> Result<(), Interruption> {
        let print = async {
            self.push_field("snapshot", &snapshot);
            Ok(())
        };
        self.snapshot.change(SnapshotEvent::Snapshot, &snapshot, print).await
    }

    async fn update_snapshot(&self, changes: Box<RawValue>) -> Result<(), Interruption> {
        let print = async {
            self.push_field("updateSnapshot", &changes);
            Ok(())
        };
        self.snapshot.change(SnapshotEvent::UpdateSnapshot, &changes, print).await
    }

    async fn update_keys(&self, _: Box<RawValue>) -> Result<(), Interruption> {
        Err(Failure::new("new keys can only be stored by the platform, which exec runs without").into())
    }

    async fn http_reply(&self, reply: HttpReply) -> Result<(), Interruption> {
        let mut object = Vec::new();
        let mut writer = ObjectWriter::new(&mut object);
        writer.value("statusCode", &reply.status_code);
        reply.body.write_json(writer.field("httpReply"));
        writer.end();
        self.push(&object);
        Ok(())
    }
}

/// Processes message number `number` of the input; returns its output.
pub(super) async fn process(number: usize, input: Input, work: &Work) -> Printed {
    let lines = Lines { number, snapshot: &work.snapshot, text: Mutex::default(), failed: AtomicBool::new(false) };
    let outcome = AssertUnwindSafe(run(input, work, &lines)).catch_unwind().await;
    let failure = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(Interruption::Failed(failure))) => {
            tracing::debug!(number, error = %failure, "failed");
            Some(failure)
        }
        Ok(Err(Interruption::Rebound { reason, wait })) => {
            let text = format!("{reason}: run it again in {} s", wait.as_secs());
            Some(Failure::new(text).with_code(ErrorCode::RateLimit))
        }
        Ok(Err(Interruption::Stopped)) => Some(Failure::new("stopped before it was done")),
        Err(_) => {
            let text = "the component failed internally on this message (a defect)";
            Some(Failure::new(text).with_code(ErrorCode::Internal))
        }
    };
    if let Some(failure) = &failure {
        lines.push_error(failure);
    }
    let ok = failure.is_none() && !lines.failed.into_inner();
    Printed { lines: lines.text.into_inner().unwrap_or_else(PoisonError::into_inner), ok }
}

async fn run(input: Input, work: &Work, lines: &Lines<'_>) -> Result<(), Interruption> {
    let payload = input.map_err(Failure::input)?;
    let message = Message::parse(&payload).map_err(|error| Failure::input(error.to_string()))?;
    let Work { action, stop, snapshot, flow_type } = work;
    let context = Context { emitter: lines, stop, snapshot: snapshot.newest(), flow_type: *flow_type };
    action.run(&message, &context).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::snapshot::Snapshot;

    /// Emits an error if `error`, then a result if `result`, and fails if `fails`.
    struct Emitting {
        error: bool,
        result: bool,
        fails: bool,
    }

    #[async_trait]
    impl Action for Emitting {
        async fn run(&self, _: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
            if self.error {
                context.emitter.error(Failure::new("emitted")).await?;
            }
            if self.result {
                context.emitter.snapshot(RawValue::from_string("{}".to_owned()).expect("JSON")).await?;
            }
            if self.fails { Err(Failure::new("failed").into()) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn an_emitted_error_counts_as_a_failure() {
        for (error, result, fails, ok, lines) in [
            (true, false, false, false, 1),
            (true, true, false, false, 2),
            (true, false, true, false, 2),
            (false, true, false, true, 1),
            (false, false, false, true, 0),
        ] {
            let work = Work {
                action: Arc::new(Emitting { error, result, fails }),
                stop: Stop::default(),
                snapshot: CurrentSnapshot::new(Snapshot::default(), 100),
                flow_type: FlowType::Ordinary,
            };
            let printed = process(1, Ok(br#"{"body":{}}"#.to_vec()), &work).await;
            assert_eq!(printed.ok, ok, "error {error}, result {result}, fails {fails}");
            assert_eq!(printed.lines.split(|byte| *byte == b'\n').count() - 1, lines);
        }
    }
}
