//! `service METHOD`: the platform's one-shot calls (contract, section 9). The result is posted to
//! `ELASTICIO_POST_RESULT_URL`.

use std::{process::ExitCode, sync::Arc};

use anyhow::bail;
use backon::{ConstantBuilder, Retryable};
use reqwest::{Client, Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json, value::RawValue};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::setup;
use crate::{
    actions, http,
    platform::{api::PLATFORM_TIMEOUT, step::StepData},
    podio::{PlatformStore, Podio, Request, StepConfig},
    settings::{PodioSettings, ServiceSettings, Source},
    telemetry::LogTarget,
};

/// Runs one call; the exit code is 0 once its result, good or bad, was posted.
#[must_use]
pub fn run(method: &str) -> ExitCode {
    setup::exit_code(start(method))
}

fn start(method: &str) -> anyhow::Result<ExitCode> {
    let source = setup::start(LogTarget::Stderr)?;
    let url = ServiceSettings::post_result_url(&source)?;
    setup::runtime()?.block_on(async {
        let result = match call(method, &source).await {
            Ok(data) => json!({ "status": "success", "data": data }),
            Err(error) => {
                tracing::error!(method, "the call failed: {error:#}");
                json!({ "status": "error", "data": { "message": format!("{error:#}") } })
            }
        };
        post(url, &result, &source).await
    })
}

async fn call(method: &str, source: &Source) -> anyhow::Result<Value> {
    if !["verifyCredentials", "getMetaModel", "selectModel"].contains(&method) {
        bail!("Unknown service method \"{method}\"");
    }
    let settings = ServiceSettings::read(source)?;
    let config: Box<RawValue> =
        serde_json::from_str(&settings.config).map_err(|_| anyhow::anyhow!("Unable to parse CFG"))?;
    if method == "verifyCredentials" {
        return verify(&settings, PodioSettings::read(source)?, StepData::with_config(config)).await;
    }
    let action = ServiceSettings::action(source)?;
    let model = if method == "selectModel" { ServiceSettings::model_method(source)? } else { method.to_owned() };
    actions::model(&action, &model).map_err(anyhow::Error::from)
}

/// Asks Podio who the credential's owner is.
async fn verify(settings: &ServiceSettings, podio: PodioSettings, step: StepData) -> anyhow::Result<Value> {
    let platform = setup::platform(settings.api.clone(), None)?;
    let store = PlatformStore::without_step(platform.api.clone(), step.account());
    let podio = setup::podio(&podio, &StepConfig::read(&step), Some(platform.api), Arc::new(store))?;
    Ok(match ask(&podio).await {
        Ok(()) => json!({ "verified": true }),
        Err(reason) => json!({ "verified": false, "reason": reason }),
    })
}

async fn ask(podio: &Podio) -> Result<(), String> {
    let url = podio.address().resolve("/user").map_err(|error| error.to_string())?;
    let request = Request::new(Method::GET, url);
    let outcome = podio.send(&request, &CancellationToken::new()).await;
    outcome.map(drop).map_err(|error| {
        tracing::warn!(%error, "the credential was not verified");
        error.message()
    })
}

/// Posts the result; what the URL carries as user and password goes as basic authentication.
async fn post(mut url: Url, result: &Value, source: &Source) -> anyhow::Result<ExitCode> {
    let http = http::client(reqwest::redirect::Policy::default())?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = (!url.username().is_empty()).then(|| (decode(url.username()), url.password().map(decode)));
    let bare = url.set_username("").and_then(|()| url.set_password(None));
    bare.map_err(|()| anyhow::anyhow!("ELASTICIO_POST_RESULT_URL is not an address that can be called"))?;
    let (attempts, delay) = ServiceSettings::attempts(source);
    let again = ConstantBuilder::default().with_delay(delay).with_max_times(attempts.saturating_sub(1));
    let body = result.to_string();
    let status = (|| attempt(&http, &url, login.clone(), body.clone()))
        .retry(again)
        .await
        .map_err(|reason| anyhow::anyhow!("the result could not be posted to ELASTICIO_POST_RESULT_URL: {reason}"))?;
    if status != StatusCode::OK {
        bail!("the result could not be posted: ELASTICIO_POST_RESULT_URL answered {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// One try; 5xx and no answer are errors, so that they are tried again.
async fn attempt(
    http: &Client,
    url: &Url,
    login: Option<(String, Option<String>)>,
    body: String,
) -> Result<StatusCode, String> {
    let mut request = http.post(url.clone()).header(CONTENT_TYPE, "application/json").timeout(PLATFORM_TIMEOUT);
    if let Some((user, password)) = login {
        request = request.basic_auth(user, password);
    }
    let response = request.body(body).send().await.map_err(|error| http::reason(&error))?;
    match response.status() {
        status if status.is_server_error() => Err(format!("it answered {status}")),
        status => Ok(status),
    }
}
