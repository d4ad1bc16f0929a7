//! Which hooks a start makes, and which it finds. Pure.

use elasticio_runtime::action::Failure;
use serde::{Deserialize, Serialize};

use super::settings::WebhookSettings;

/// Hooks of one type that an object has at most; Podio's limit (<https://developers.podio.com/examples/webhooks>).
const MAX_OF_A_TYPE: usize = 10;

/// A hook of an app, as Podio lists it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    #[serde(rename = "hook_id")]
    pub(super) id: u64,
    #[serde(default)]
    status: String,
    #[serde(default, rename = "type")]
    pub(super) event: String,
    #[serde(default)]
    pub(super) url: String,
}

impl Listed {
    /// Whether it is verified, so that Podio calls it.
    pub(super) fn is_active(&self) -> bool {
        self.status == "active"
    }
}

/// What a start leaves for the shutdown.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct State {
    /// The app's id.
    pub(super) app: u64,
    /// The step's hooks.
    pub(super) hooks: Vec<Made>,
}

/// A hook of the step.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Made {
    pub(super) hook_id: u64,
    #[serde(rename = "type")]
    pub(super) event: String,
}

/// What a start does.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The flow's address.
    pub(super) url: &'a str,
    /// Hooks of an earlier start: they have the flow's address.
    pub(super) reused: Vec<Made>,
    /// Those of them that are to be verified again.
    pub(super) unverified: Vec<u64>,
    /// Events that need a new hook.
    pub(super) missing: Vec<&'static str>,
}

impl<'a> Plan<'a> {
    /// Compares what is there with what is chosen.
    ///
    /// # Errors
    /// If an event needs a new hook and the app has as many as Podio allows.
    pub(super) fn of(listed: &[Listed], settings: &WebhookSettings, url: &'a str) -> Result<Self, Failure> {
        let mut plan = Self { url, reused: Vec::new(), unverified: Vec::new(), missing: Vec::new() };
        for event in &settings.events {
            let of_event = || listed.iter().filter(|hook| hook.event == *event);
            let own = of_event().filter(|hook| hook.url == url).max_by_key(|hook| hook.is_active());
            match own {
                Some(hook) => {
                    plan.reused.push(Made { hook_id: hook.id, event: (*event).to_owned() });
                    plan.unverified.extend((!hook.is_active()).then_some(hook.id));
                }
                None if of_event().count() >= MAX_OF_A_TYPE => return Err(too_many(event, settings.app)),
                None => plan.missing.push(*event),
            }
        }
        Ok(plan)
    }
}

fn too_many(event: &str, app: u64) -> Failure {
    Failure::new(format!(
        "The app {app} has {MAX_OF_A_TYPE} hooks for {event} already, the most that Podio allows, so none was made. Delete \
         one that nobody needs in Podio (the app's settings, Developer), or stop a flow that made one."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://in.example.com/hook/flow1";

    fn hook(id: u64, event: &str, url: &str, status: &str) -> Listed {
        Listed { id, status: status.to_owned(), event: event.to_owned(), url: url.to_owned() }
    }

    fn settings(events: &[&'static str]) -> WebhookSettings {
        WebhookSettings { app: 7, events: events.to_vec(), emit_item: false }
    }

    #[test]
    fn what_is_there_is_used_and_what_is_not_is_made() {
        let listed = [
            hook(1, "item.create", URL, "active"),
            hook(2, "item.update", URL, "inactive"),
            hook(3, "item.delete", "https://elsewhere.example.com/", "active"),
            hook(4, "comment.create", URL, "active"),
        ];
        let settings = settings(&["item.create", "item.update", "item.delete"]);
        let plan = Plan::of(&listed, &settings, URL).expect("a plan");
        let reused: Vec<u64> = plan.reused.iter().map(|hook| hook.hook_id).collect();
        assert_eq!((reused, plan.unverified, plan.missing), (vec![1, 2], vec![2], vec!["item.delete"]));
    }

    #[test]
    fn podio_s_limit_is_known_before_a_hook_is_made() {
        let mut listed: Vec<Listed> = (0..10).map(|id| hook(id, "item.create", "https://x/", "active")).collect();
        let error = Plan::of(&listed, &settings(&["item.create"]), URL).expect_err("too many").message().to_owned();
        assert!(error.contains("10 hooks for item.create"), "{error}");
        assert!(Plan::of(&listed, &settings(&["item.update"]), URL).is_ok());
        listed[9].url = URL.to_owned();
        assert!(Plan::of(&listed, &settings(&["item.create"]), URL).is_ok());
    }
}
