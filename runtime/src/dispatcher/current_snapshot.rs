//! The step's snapshot in the process: the newest one whose emit was confirmed (protocol, sections 14.6 and 14.7).

use std::sync::{PoisonError, RwLock};

use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::{ErrorCode, Failure, Interruption};
use crate::platform::{headers::SnapshotEvent, json::Kind, snapshot::Snapshot};

/// The snapshot that all messages of a step share.
pub(crate) struct CurrentSnapshot {
    newest: RwLock<Snapshot>,
    /// Held while a change is emitted: changes of different messages reach the platform in the order in which they are made
    /// here, so that both end with the same snapshot.
    turn: Mutex<()>,
    /// The most bytes that it may have.
    limit: usize,
}

impl CurrentSnapshot {
    /// Begins with `snapshot`; refuses changes to one of more than `limit` bytes.
    pub(crate) fn new(snapshot: Snapshot, limit: usize) -> Self {
        Self { newest: RwLock::new(snapshot), turn: Mutex::default(), limit }
    }

    /// The newest one.
    pub(crate) fn newest(&self) -> Snapshot {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Emits `emitted` by `emit`, and changes the snapshot once that has succeeded.
    ///
    /// # Errors
    /// That of `emit`; before it, if `emitted` is not an object or would make the snapshot too large.
    pub(crate) async fn change(
        &self,
        event: SnapshotEvent,
        emitted: &RawValue,
        emit: impl Future<Output = Result<(), Interruption>>,
    ) -> Result<(), Interruption> {
        let _turn = self.turn.lock().await;
        let next = self.newest().after(event, emitted).map_err(not_an_object)?;
        let size = next.raw().get().len();
        if size > self.limit {
            return Err(too_large(size, self.limit).into());
        }
        emit.await?;
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

fn not_an_object(kind: Kind) -> Failure {
    Failure::new(format!("A snapshot must be a JSON object, but {kind} was emitted: a defect of the component."))
        .with_code(ErrorCode::Internal)
}

fn too_large(size: usize, limit: usize) -> Failure {
    Failure::new(format!(
        "The step's snapshot would have {size} bytes, more than the {limit} that ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT \
         allows."
    ))
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use super::*;
    use crate::stop::Stopped;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn of(current: &CurrentSnapshot) -> String {
        current.newest().raw().get().to_owned()
    }

    async fn change(current: &CurrentSnapshot, emitted: &str, emitted_after_ms: u64) -> Result<(), Interruption> {
        let emit = async {
            tokio::time::sleep(Duration::from_millis(emitted_after_ms)).await;
            Ok(())
        };
        current.change(SnapshotEvent::UpdateSnapshot, &raw(emitted), emit).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_once_it_is_emitted_and_one_change_follows_the_other() {
        let current = CurrentSnapshot::new(Snapshot::default(), 100);
        let (slow, quick) = (change(&current, r#"{"a":1,"b":1}"#, 100), change(&current, r#"{"b":2}"#, 1));
        let seen = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            of(&current)
        };
        let (slow, quick, seen) = tokio::join!(slow, quick, seen);
        assert!(slow.is_ok() && quick.is_ok());
        assert_eq!(seen, "{}", "nothing is confirmed by then");
        assert_eq!(of(&current), r#"{"a":1,"b":2}"#);
    }

    #[tokio::test]
    async fn what_was_not_emitted_changes_nothing() {
        let current = CurrentSnapshot::new(Snapshot::default(), 100);
        let stopped = std::future::ready(Err(Stopped.into()));
        assert!(current.change(SnapshotEvent::Snapshot, &raw(r#"{"a":1}"#), stopped).await.is_err());
        {
            // A message that is given up while its emit is under way.
            let mut given_up = pin!(change(&current, r#"{"a":1}"#, 60_000));
            assert!(futures_util::poll!(&mut given_up).is_pending());
        }
        assert_eq!(of(&current), "{}");
        assert!(change(&current, r#"{"b":1}"#, 0).await.is_ok(), "the turn is free again");
        assert_eq!(of(&current), r#"{"b":1}"#);
    }

    #[tokio::test]
    async fn what_is_no_snapshot_is_not_emitted() {
        let current = CurrentSnapshot::new(Snapshot::default(), 10);
        for (emitted, text) in [(r#""text""#, "but text was emitted"), (r#"{"a":12345}"#, "would have 11 bytes")] {
            for event in [SnapshotEvent::Snapshot, SnapshotEvent::UpdateSnapshot] {
                let emit = async { unreachable!("it is emitted") };
                match current.change(event, &raw(emitted), emit).await {
                    Err(Interruption::Failed(failure)) => assert!(failure.message().contains(text), "{failure}"),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(change(&current, r#"{"a":1234}"#, 0).await.is_ok());
        assert!(change(&current, r#"{"b":1}"#, 0).await.is_err(), "merged it is too large");
        assert_eq!(of(&current), r#"{"a":1234}"#);
    }
}
