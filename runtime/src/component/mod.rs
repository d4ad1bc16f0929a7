//! What a component brings to the runtime: its name, its settings, its actions.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    dispatcher::Registry,
    platform::{
        api::PlatformApi,
        credential_store::{CredentialStore, PlatformStore},
        object_storage::ObjectStorage,
        step_data::{OAuthFields, StepData},
    },
    settings::{Known, Reader, Source, Variable},
};

mod manifest;

pub(crate) use manifest::Manifest;

/// A component: what the runtime runs. `elasticio_runtime::main::<MyComponent>()` is its whole program.
pub trait Component: 'static {
    /// Its name, and how the platform shows it.
    const INFO: Info;

    /// What it reads from the environment.
    type Settings: Send + Sync;

    /// Reads its settings. The reader collects what is missing or malformed, and the runtime reports all of it before
    /// it opens a connection.
    fn settings(reader: &mut Reader<'_>) -> Self::Settings;

    /// Sets up its actions and triggers for one step.
    ///
    /// # Errors
    /// When they cannot be set up. The error is published and the process ends.
    fn actions(settings: &Self::Settings, step: Step) -> Result<Registry>;

    /// The longest time that one attempt of a call may take. A stop waits this long, and 5 s more, for messages in
    /// progress.
    #[must_use]
    fn attempt_timeout(settings: &Self::Settings) -> Duration {
        let _ = settings;
        Duration::ZERO
    }

    /// The bound on the time that the work on one message may take; `None` if it has none. A worker tells its operator when
    /// it is longer than the broker waits for an acknowledgement.
    #[must_use]
    fn message_time(settings: &Self::Settings) -> Option<MessageTime> {
        let _ = settings;
        None
    }

    /// Checks the step's credential (`service verifyCredentials`). `Ok(Err(reason))` is a bad credential, with what its
    /// owner reads; an outer error means that it could not be checked.
    fn verify_credentials(
        settings: &Self::Settings,
        step: Step,
    ) -> impl Future<Output = Result<Result<(), String>>> + Send {
        let _ = (settings, step);
        std::future::ready(Ok(Ok(())))
    }

    /// Tries the step's credential (`check`); returns what it may be used for, in a few words. `Ok(Err(reason))` is a bad
    /// credential, with what its owner reads; an outer error means that it could not be tried.
    fn describe_credential(
        settings: &Self::Settings,
        step: Step,
    ) -> impl Future<Output = Result<Result<String, String>>> + Send {
        async {
            let verified = Self::verify_credentials(settings, step).await?;
            Ok(verified.map(|()| "it is accepted".to_owned()))
        }
    }

    /// The address at which a person consents to the use of an account (`login`; RFC 6749, section 4.1.1). The browser is
    /// sent to `redirect` then, with `state`.
    ///
    /// # Errors
    /// When the component has no such credential, or a setting for it is missing.
    fn authorize_url(settings: &Self::Settings, redirect: &Url, state: &str) -> Result<Url> {
        let _ = (settings, redirect, state);
        anyhow::bail!("{} has no credential that is got by consent", Self::INFO.name)
    }

    /// Exchanges the code of a consent for a credential (RFC 6749, section 4.1.3): the fields of `oauth`.
    fn exchange_code(
        settings: &Self::Settings,
        code: &SecretString,
        redirect: &Url,
    ) -> impl Future<Output = Result<OAuthFields>> + Send {
        let _ = (settings, code, redirect);
        async { anyhow::bail!("{} has no credential that is got by consent", Self::INFO.name) }
    }

    /// The settings that point everything at a sandbox, one of whose listeners is at `url` (`--sandbox`).
    ///
    /// # Errors
    /// When the component has no sandbox, or none answers there.
    #[must_use]
    fn sandbox_settings(url: &Url) -> impl Future<Output = Result<Vec<(&'static str, String)>>> + Send {
        let _ = url;
        async { anyhow::bail!("{} has no sandbox", Self::INFO.name) }
    }

    /// A step's config from the environment, for `exec` without a credential file; `None` when the environment has
    /// none.
    #[must_use]
    fn config_from_environment(source: &Source) -> Option<Map<String, Value>> {
        let _ = source;
        None
    }
}

/// A bound on the time that the work on one message may take.
#[derive(Clone, Copy, Debug)]
pub struct MessageTime {
    /// The setting that sets it.
    pub setting: &'static str,
    /// Its value.
    pub max: Duration,
}

/// What a component is called, and how the platform shows it.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Its name, e.g. `echo-component`: user agent, consumer tag, the default name of its connections.
    pub name: &'static str,
    /// Its version (semver).
    pub version: &'static str,
    /// The revision of its source that it was built of, `unknown` if nobody said so at build time.
    pub revision: &'static str,
    /// What it does, in one line, for `--help`.
    pub about: &'static str,
    /// component.json (protocol, section 12).
    pub manifest: &'static str,
    /// A message that its first action takes, as JSON, for help texts.
    pub example: &'static str,
    /// The name of its crate, whose log lines are logged like the runtime's.
    pub log_target: &'static str,
    /// The variable that names an optional settings file.
    pub settings_file: &'static str,
    /// The variables that it reads besides those of every component.
    pub variables: &'static [Variable],
    /// The variable with the address on which health and figures are served; `None` if it has none.
    pub http_address: Option<Variable>,
    /// What the names of its own figures begin with.
    pub metrics_prefix: &'static str,
    /// The name of the variable with an access token that [`Component::config_from_environment`] reads, for an error
    /// text.
    pub access_token: Option<&'static str>,
}

impl Info {
    /// The `User-Agent` of its HTTP clients (RFC 9110, section 10.1.5): `name/version`.
    #[must_use]
    pub fn user_agent(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    /// Which variables it reads besides those of every component.
    pub(crate) fn known(&self) -> Known {
        Known { variables: self.variables, settings_file: self.settings_file }
    }

    /// Its version, and the revision if it is known, for `--version`.
    pub(crate) fn full_version(&self) -> String {
        match self.revision {
            "unknown" => self.version.to_owned(),
            revision => format!("{} ({revision})", self.version),
        }
    }

    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::read(self.manifest)
    }
}

/// The step that an action runs for: what the platform says about it, and the services that it may use.
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
    /// A step of a flow on the platform. A refreshed credential is stored with the account that its config names.
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
