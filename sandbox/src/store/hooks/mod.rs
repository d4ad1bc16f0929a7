//! Hooks: who wants to be called when something happens, and the calls that wait to be made.
//!
//! A hook is inactive until its receiver proves, by a code that was sent to it, that it is there
//! (`developers.podio.com/examples/webhooks`).

mod calls;
mod events;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::Records;
use super::body::Body;
use super::profiles::ME;
use super::reference::Reference;
use super::refusal::Refusal;
use crate::bounded_map::BoundedMap;

use calls::Calls;
pub(crate) use calls::HookCall;
pub(super) use events::Event;

/// Most hooks; the oldest are dropped.
const MAX_HOOKS: usize = 1000;
/// Most hooks of one type that an object has.
const MAX_OF_A_TYPE: usize = 10;
/// Longest address, in characters.
const MAX_URL: usize = 2048;
const FIRST_HOOK: u64 = 17_000_001;

/// What hooks of an app, of a field and of a space may wait for.
const OF_APP: [&str; 11] = [
    "item.create",
    "item.update",
    "item.delete",
    "comment.create",
    "comment.delete",
    "file.change",
    "app.update",
    "app.delete",
    "form.create",
    "form.update",
    "form.delete",
];
const OF_FIELD: [&str; 3] = ["item.create", "item.update", "item.delete"];
const OF_SPACE: [&str; 9] = [
    "app.create",
    "task.create",
    "task.update",
    "task.delete",
    "status.create",
    "status.update",
    "status.delete",
    "member.add",
    "member.remove",
];

#[derive(Debug)]
pub(crate) struct Hooks {
    kept: BoundedMap<u64, Hook>,
    next_id: u64,
    calls: Calls,
}

#[derive(Debug)]
struct Hook {
    on: Reference,
    event: String,
    url: String,
    /// What the receiver must return.
    code: String,
    active: bool,
    created: String,
    /// Calls that were answered with success.
    delivered: u64,
    /// Calls that were not, and are not repeated.
    lost: u64,
}

/// A hook as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct HookState {
    hook_id: u64,
    on: Reference,
    event: String,
    url: String,
    status: &'static str,
    delivered: u64,
    lost: u64,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { kept: BoundedMap::new(MAX_HOOKS), next_id: FIRST_HOOK, calls: Calls::default() }
    }
}

impl Hooks {
    /// Tells when a call begins to wait.
    pub(crate) fn call_waits(&self) -> Arc<Notify> {
        self.calls.arrived()
    }

    /// The call that has waited longest.
    pub(crate) fn next_call(&mut self) -> Option<HookCall> {
        self.calls.next()
    }

    /// Counts a call that was made.
    pub(crate) fn record_call(&mut self, hook: u64, delivered: bool) {
        let Some(hook) = self.kept.get_mut(&hook) else { return };
        if delivered {
            hook.delivered += 1;
        } else {
            hook.lost += 1;
        }
    }

    /// All hooks, the oldest first.
    pub(crate) fn states(&self) -> Vec<HookState> {
        let state = |(&hook_id, hook): (&u64, &Hook)| HookState {
            hook_id,
            on: hook.on,
            event: hook.event.clone(),
            url: hook.url.clone(),
            status: hook.status(),
            delivered: hook.delivered,
            lost: hook.lost,
        };
        self.kept.iter().map(state).collect()
    }

    /// Adds a call of the hook's address.
    fn call(&mut self, id: u64, event: &str, params: &[(&str, String)]) {
        let Some(hook) = self.kept.get_mut(&id) else { return };
        if !self.calls.add(HookCall::new(id, &hook.url, event, params)) {
            hook.lost += 1;
        }
    }
}

impl Hook {
    fn status(&self) -> &'static str {
        if self.active { "active" } else { "inactive" }
    }
}

impl Records {
    /// Creates a hook on an object from a request body, and has its verification sent. Returns its id.
    pub(crate) fn create_hook(&mut self, on: Reference, body: &Map<String, Value>) -> Result<u64, Refusal> {
        self.require_hookable(on)?;
        let body = Body(body);
        let event =
            body.text("type", MAX_URL)?.ok_or_else(|| Refusal::Invalid("Missing parameter: type".to_owned()))?;
        let known: &[&str] = match on {
            Reference::AppField(_) => &OF_FIELD,
            Reference::Space(_) => &OF_SPACE,
            _ => &OF_APP,
        };
        if !known.contains(&event.as_str()) {
            return Err(Refusal::invalid("type", &json!(event), &format!("must be one of {}", known.join(", "))));
        }
        let url = body.text("url", MAX_URL)?.ok_or_else(|| Refusal::Invalid("Missing parameter: url".to_owned()))?;
        calls::check_url(&url).map_err(|problem| Refusal::invalid("url", &json!(url), problem))?;
        let same = self.hooks.kept.iter().filter(|(_, hook)| hook.on == on && hook.event == event);
        if same.count() >= MAX_OF_A_TYPE {
            let problem = format!("There can be at most {MAX_OF_A_TYPE} hooks of the type {event} on this object");
            return Err(Refusal::Invalid(problem));
        }
        let (id, code) = (self.hooks.next_id, Uuid::new_v4().simple().to_string());
        self.hooks.next_id += 1;
        let created = self.clock.now();
        let hook = Hook { on, event, url, code, active: false, created, delivered: 0, lost: 0 };
        self.hooks.kept.insert(id, hook);
        self.request_verification(id)?;
        Ok(id)
    }

    /// Has the code of a hook sent to its address.
    pub(crate) fn request_verification(&mut self, id: u64) -> Result<(), Refusal> {
        let code = self.hook(id)?.code.clone();
        self.hooks.call(id, "hook.verify", &[("code", code)]);
        Ok(())
    }

    /// Makes a hook active, if a request body has its code.
    pub(crate) fn validate_hook(&mut self, id: u64, body: &Map<String, Value>) -> Result<(), Refusal> {
        self.hook(id)?;
        let hook = self.hooks.kept.get_mut(&id).ok_or_else(Refusal::absent)?;
        if body.get("code").and_then(Value::as_str) != Some(hook.code.as_str()) {
            return Err(Refusal::Invalid(
                "Invalid value (code): it is not the code that was sent to the url".to_owned(),
            ));
        }
        hook.active = true;
        Ok(())
    }

    pub(crate) fn delete_hook(&mut self, id: u64) -> Result<(), Refusal> {
        self.hook(id)?;
        self.hooks.kept.remove(&id);
        Ok(())
    }

    /// The hooks on an object as Podio shows them.
    pub(crate) fn show_hooks(&self, on: Reference) -> Result<Vec<Value>, Refusal> {
        self.require_hookable(on)?;
        let show = |(id, hook): (&u64, &Hook)| {
            json!({
                "hook_id": id, "status": hook.status(), "type": hook.event, "url": hook.url,
                "created_on": hook.created, "created_by": ME.byline(),
            })
        };
        Ok(self.hooks.kept.iter().filter(|(_, hook)| hook.on == on).map(show).collect())
    }

    fn require_hookable(&self, on: Reference) -> Result<(), Refusal> {
        match on {
            Reference::App(_) | Reference::AppField(_) | Reference::Space(_) => self.require(on),
            Reference::Item(_) | Reference::Task(_) => Err(Refusal::absent()),
        }
    }

    /// A hook on an object that the user may see.
    fn hook(&self, id: u64) -> Result<&Hook, Refusal> {
        let hook = self.hooks.kept.get(&id).ok_or_else(Refusal::absent)?;
        self.require(hook.on)?;
        Ok(hook)
    }
}
