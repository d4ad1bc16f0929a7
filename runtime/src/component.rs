//! What a component brings to the runtime: its name, its settings, its actions.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    dispatcher::Registry,
    platform::{
        api::PlatformApi,
        credential_store::{CredentialStore, PlatformStore},
        object_storage::ObjectStorage,
        step_data::StepData,
    },
    settings::{Reader, Source, Variable},
};

/// A component: what the runtime runs. `elasticio_runtime::main::<MyComponent>()` is its whole program.
pub trait Component: 'static {
    /// What it is called, and what the platform draws of it.
    const INFO: Info;

    /// What it reads from the environment.
    type Settings: Send + Sync;

    /// Reads its settings; what is missing or malformed is kept by the reader and reported with everything else that
    /// is, before anything is opened.
    fn settings(reader: &mut Reader<'_>) -> Self::Settings;

    /// Its actions, for one step.
    ///
    /// # Errors
    /// When they cannot be made ready; the error is published and the process ends.
    fn actions(settings: &Self::Settings, step: Step) -> Result<Registry>;

    /// The time that one attempt of a call may take. A stop waits this long for messages in work, and 5 s more.
    #[must_use]
    fn attempt_timeout(settings: &Self::Settings) -> Duration {
        let _ = settings;
        Duration::ZERO
    }

    /// Whether the step's credential is good (`service verifyCredentials`); the error is what its owner reads.
    fn verify_credentials(
        settings: &Self::Settings,
        step: Step,
    ) -> impl Future<Output = Result<Result<(), String>>> + Send {
        let _ = (settings, step);
        std::future::ready(Ok(Ok(())))
    }

    /// The choices of a select box: what `method` of `action` lists (`service selectModel`); `None` when there is no
    /// such method.
    #[must_use]
    fn choices(action: &str, method: &str) -> Option<Value> {
        let _ = (action, method);
        None
    }

    /// A step's config made of the environment, for `exec` without a credential file.
    #[must_use]
    fn config_from_environment(source: &Source) -> Option<Map<String, Value>> {
        let _ = source;
        None
    }
}

/// What a component is called, and what the platform draws of it.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Its name, e.g. `echo-component`: user agent, consumer tag, the default name of its connections.
    pub name: &'static str,
    /// Its version (semver).
    pub version: &'static str,
    /// What it does, in one line, for `--help`.
    pub about: &'static str,
    /// component.json (protocol, section 12).
    pub manifest: &'static str,
    /// A message that its first action takes, as JSON, for help texts.
    pub example: &'static str,
    /// The crate whose log lines are its own.
    pub log_target: &'static str,
    /// The variable that names an optional settings file.
    pub settings_file: &'static str,
    /// The variables that it reads besides those of every component.
    pub variables: &'static [Variable],
    /// The name of the variable that [`Component::config_from_environment`] takes an access token from, for the text
    /// that says so.
    pub access_token: Option<&'static str>,
}

impl Info {
    /// What its HTTP clients call themselves (RFC 9110, section 10.1.5).
    #[must_use]
    pub fn user_agent(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    pub(crate) fn manifest(&self) -> Manifest {
        serde_json::from_str(self.manifest).unwrap_or_default()
    }
}

/// What the runtime needs of component.json.
#[derive(Default, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    credentials: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    actions: Map<String, Value>,
    #[serde(default)]
    triggers: Map<String, Value>,
}

impl Manifest {
    /// Whether a step of it has a credential.
    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Whether it lists an action or trigger of this name.
    pub(crate) fn lists(&self, name: &str) -> bool {
        self.actions.contains_key(name) || self.triggers.contains_key(name)
    }

    /// The action that the platform offers first: the one of the highest `order`.
    pub(crate) fn first_action(&self) -> Option<&str> {
        let order = |action: &Value| action["order"].as_i64().unwrap_or_default();
        self.actions.iter().max_by_key(|(_, action)| order(action)).map(|(name, _)| name.as_str())
    }
}

/// The step that an action works for: what the platform says of it, and the services that it may use.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its config with the credential.
    pub data: StepData,
    /// The platform's REST API; `None` where a command runs without the platform.
    pub api: Option<PlatformApi>,
    /// The platform's object storage, where it has one.
    pub storage: Option<ObjectStorage>,
    /// Where a refreshed credential is kept.
    pub credential_store: Arc<dyn CredentialStore>,
}

impl Step {
    /// A step of a flow on the platform. Its credential goes to the account that its config names.
    #[must_use]
    pub(crate) fn of_flow(
        data: StepData,
        api: &PlatformApi,
        storage: Option<ObjectStorage>,
        flow_id: &str,
        step_id: &str,
    ) -> Self {
        let store = PlatformStore::of_step(api.clone(), flow_id, step_id, data.account());
        Self { data, api: Some(api.clone()), storage, credential_store: Arc::new(store) }
    }
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifest").finish_non_exhaustive()
    }
}
