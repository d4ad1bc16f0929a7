//! Podio's calls for hooks (<https://developers.podio.com/doc/hooks>).

use elasticio_runtime::action::Interruption;
use serde::Deserialize;
use serde_json::json;

use super::plan::Listed;
use crate::{
    podio::items::{Calls, app_error, explained, read},
    rest::CallError,
};

#[derive(Deserialize)]
struct New {
    hook_id: u64,
}

/// The hooks of an app.
pub(super) async fn list(calls: Calls<'_>, app: u64) -> Result<Vec<Listed>, Interruption> {
    let answer = calls.get(&format!("/hook/app/{app}/")).await.map_err(|error| {
        if error.status() == Some(403) {
            let what = format!("The credential may not see the hooks of the app {app}: its user must administrate it.");
            explained(error, &what)
        } else {
            app_error(error, app, &format!("The hooks of the app {app} cannot be listed."))
        }
    })?;
    Ok(read(&answer, "GET /hook/app/…/")?)
}

/// Makes a hook; Podio asks its address at once for a verification. After a lost answer, what was made is looked for.
pub(super) async fn make(calls: Calls<'_>, app: u64, event: &str, url: &str) -> Result<u64, Interruption> {
    let body = json!({ "url": url, "type": event });
    let error = match calls.post_once(&format!("/hook/app/{app}/"), &body).await {
        Ok(answer) => return Ok(read::<New>(&answer, "POST /hook/app/…/")?.hook_id),
        Err(error) => error,
    };
    if error.is_outcome_unknown() {
        let made = list(calls, app).await?.into_iter().find(|hook| hook.event == event && hook.url == url);
        if let Some(hook) = made {
            return Ok(hook.id);
        }
    }
    let what = match error.status() {
        Some(403) => format!("The credential may not make hooks for the app {app}: its user must administrate it."),
        _ => format!("The hook for {event} of the app {app} was not made."),
    };
    Err(explained(error, &what))
}

/// Asks Podio to send the verification of a hook once more.
pub(super) async fn request_verification(calls: Calls<'_>, hook: u64) -> Result<(), Interruption> {
    let sent = calls.post(&format!("/hook/{hook}/verify/request"), &json!({})).await;
    sent.map(drop).map_err(|error| not_verified(error, hook))
}

/// Answers a verification.
pub(super) async fn validate(calls: Calls<'_>, hook: u64, code: &str) -> Result<(), CallError> {
    calls.post(&format!("/hook/{hook}/verify/validate"), &json!({ "code": code })).await.map(drop)
}

/// The error of a hook that is not verified, so that Podio does not call it.
pub(super) fn not_verified(error: CallError, hook: u64) -> Interruption {
    explained(error, &format!("The hook {hook} is not verified, so Podio sends no events: start the flow again."))
}

/// Removes a hook. One that is gone already is no failure.
pub(super) async fn remove(calls: Calls<'_>, hook: u64) -> Result<(), Interruption> {
    match calls.delete(&format!("/hook/{hook}")).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(()),
        Err(error) => Err(explained(error, &format!("The hook {hook} was not removed."))),
    }
}
