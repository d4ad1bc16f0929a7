//! The Podio component, as the runtime runs it.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use elasticio_runtime::{
    Component, Info, MessageTime, Step,
    action::Registry,
    platform::step_data::OAuthFields,
    settings::{Reader, Source},
    stop::Stop,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    USER_AGENT, actions,
    podio::{self, StepConfig, variables},
    rest::{Answer, ApiClient, ClientSettings, Request, consent},
    triggers,
};

/// The Podio component.
#[derive(Clone, Copy, Debug)]
pub struct PodioComponent;

impl Component for PodioComponent {
    const INFO: Info = Info {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        revision: match option_env!("PODIO_REVISION") {
            Some(revision) => revision,
            None => "unknown",
        },
        about: "Podio component: a step of an integration flow that calls Podio's API",
        manifest: include_str!("../component.json"),
        example: r#"{"body":{"method":"GET","url":"/user"}}"#,
        log_target: env!("CARGO_CRATE_NAME"),
        settings_file: variables::SETTINGS_FILE.name,
        variables: variables::ALL,
        http_address: Some(variables::PODIO_HTTP_ADDRESS),
        metrics_prefix: "podio",
        access_token: Some(variables::PODIO_ACCESS_TOKEN.name),
    };

    type Settings = ClientSettings;

    fn settings(reader: &mut Reader<'_>) -> ClientSettings {
        podio::read_settings(reader)
    }

    fn actions(settings: &ClientSettings, step: Step) -> Result<Registry> {
        let config = StepConfig::read(&step.data);
        let podio = podio::client(settings, &config, &step)?;
        let files = actions::Files::new(USER_AGENT, step.storage, settings)?;
        Ok(registry(&podio, &config, &files))
    }

    fn attempt_timeout(settings: &ClientSettings) -> Duration {
        settings.timeout
    }

    fn message_time(settings: &ClientSettings) -> Option<MessageTime> {
        Some(MessageTime { setting: variables::PODIO_MAX_MESSAGE_TIME.name, max: settings.max_message_time })
    }

    async fn verify_credentials(settings: &ClientSettings, step: Step) -> Result<Result<(), String>> {
        let podio = podio::client(settings, &StepConfig::read(&step.data), &step)?;
        Ok(call(&podio, SCOPE).await.map(drop))
    }

    async fn describe_credential(settings: &ClientSettings, step: Step) -> Result<Result<String, String>> {
        let podio = podio::client(settings, &StepConfig::read(&step.data), &step)?;
        Ok(call(&podio, SCOPE).await.map(|answer| podio::scope_in_words(&answer)))
    }

    fn authorize_url(settings: &ClientSettings, redirect: &Url, state: &str) -> Result<Url> {
        consent::authorize_url(&podio::PODIO, settings, redirect, state)
    }

    async fn exchange_code(settings: &ClientSettings, code: &SecretString, redirect: &Url) -> Result<OAuthFields> {
        consent::exchange(USER_AGENT, &podio::PODIO, settings, code, redirect).await
    }

    async fn sandbox_settings(url: &Url) -> Result<Vec<(&'static str, String)>> {
        podio::sandbox_settings(url).await
    }

    fn config_from_environment(source: &Source) -> Option<Map<String, Value>> {
        let token = source.get(variables::PODIO_ACCESS_TOKEN.name)?;
        let refresh_token = source.get(variables::PODIO_REFRESH_TOKEN.name);
        let oauth = json!({ "access_token": token, "refresh_token": refresh_token });
        Some(Map::from_iter([("oauth".to_owned(), oauth)]))
    }
}

/// What a credential may do. Unlike `/user`, it serves every valid token, those of apps too
/// (<https://developers.podio.com/doc/oauth-authorization/get-scope-342360687>).
const SCOPE: &str = "/oauth/scope";
/// All actions and triggers of a step with this config.
fn registry(podio: &Arc<ApiClient>, config: &StepConfig, files: &actions::Files) -> Registry {
    triggers::register(actions::registry(podio, config, files), podio, config)
}

/// `GET` of a path that any valid credential may call; the error is the text for the credential's owner.
async fn call(podio: &ApiClient, path: &str) -> Result<Answer, String> {
    let url = podio.address().resolve(path).map_err(|error| error.to_string())?;
    let stop = Stop::default();
    let outcome = podio.send(&Request::get(url), &stop).await;
    // A refreshed credential must be stored before the process ends.
    stop.finish().await;
    outcome.map_err(|error| {
        tracing::warn!(%error, "the credential was not verified");
        error.message()
    })
}

#[cfg(test)]
mod tests;
