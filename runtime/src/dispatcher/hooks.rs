//! Runs a startup or shutdown hook within its time (protocol, sections 14.10 and 14.11).

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use serde_json::Value;

use super::{Action, ErrorCode, Failure, HookContext};

/// Longest time that a startup hook takes. Calls of a third party may have to wait for its rate limit.
const STARTUP_TIME: Duration = Duration::from_secs(300);
/// Longest time that a shutdown hook takes: the platform waits no longer for it.
const SHUTDOWN_TIME: Duration = Duration::from_secs(60);

/// Runs the startup hook of `action`; returns its state.
///
/// # Errors
/// Its failure; another one if it panics or takes longer than [`STARTUP_TIME`].
pub(crate) async fn startup(action: &dyn Action, context: &HookContext<'_>) -> Result<Value, Failure> {
    bounded("startup", STARTUP_TIME, action.startup(context)).await
}

/// Runs the shutdown hook of `action` with the state that its startup hook returned.
///
/// # Errors
/// Its failure; another one if it panics or takes longer than [`SHUTDOWN_TIME`].
pub(crate) async fn shutdown(action: &dyn Action, state: &Value, context: &HookContext<'_>) -> Result<(), Failure> {
    bounded("shutdown", SHUTDOWN_TIME, action.shutdown(state, context)).await
}

async fn bounded<T>(name: &str, time: Duration, hook: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // The panic's own text may hold content.
    let hook = AssertUnwindSafe(hook).catch_unwind();
    match tokio::time::timeout(time, hook).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => {
            let text =
                format!("The component failed internally in its {name} hook: a defect, whose place is in its log.");
            Err(Failure::new(text).with_code(ErrorCode::Internal))
        }
        Err(_) => {
            let text = format!("The {name} hook was not done within {} s.", time.as_secs());
            Err(Failure::new(text).with_code(ErrorCode::OutOfTime))
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::{
        dispatcher::{Context, Interruption},
        platform::message::Message,
        stop::Stop,
    };

    /// Its hooks take this long; without a time, they panic.
    struct Hooked(Option<Duration>);

    impl Hooked {
        async fn work(&self) {
            tokio::time::sleep(self.0.expect("content")).await;
        }
    }

    #[async_trait]
    impl Action for Hooked {
        async fn run(&self, _: &Message<'_>, _: &Context<'_>) -> Result<(), Interruption> {
            Ok(())
        }

        async fn startup(&self, _: &HookContext<'_>) -> Result<Value, Failure> {
            self.work().await;
            Ok(json!({ "hook": 7 }))
        }

        async fn shutdown(&self, state: &Value, _: &HookContext<'_>) -> Result<(), Failure> {
            self.work().await;
            if state["hook"] == 7 { Ok(()) } else { Err(Failure::new("not ours")) }
        }
    }

    /// The outcomes of both hooks, as texts.
    async fn outcomes(time: Option<Duration>) -> [String; 2] {
        let (hooked, stop) = (Hooked(time), Stop::default());
        let context = HookContext { stop: &stop, webhook_uri: None };
        let text = |failure: Failure| failure.message().to_owned();
        let started = startup(&hooked, &context).await;
        let state = started.as_ref().ok().cloned().unwrap_or_default();
        let shut_down = shutdown(&hooked, &state, &context).await.map(|()| "done".to_owned());
        [started.map_or_else(text, |state| state.to_string()), shut_down.unwrap_or_else(text)]
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_has_its_time_and_its_panic_is_a_failure() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(outcomes(seconds(59)).await, [r#"{"hook":7}"#, "done"]);
        assert_eq!(outcomes(seconds(61)).await, [r#"{"hook":7}"#, "The shutdown hook was not done within 60 s."]);
        assert_eq!(outcomes(seconds(301)).await[0], "The startup hook was not done within 300 s.");
        for text in outcomes(None).await {
            assert!(
                text.starts_with("The component failed internally in its s") && !text.contains("content"),
                "{text}"
            );
        }
    }
}
