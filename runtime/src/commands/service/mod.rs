//! `service METHOD`: the platform's one-shot calls (protocol, section 9). The result is posted to
//! `ELASTICIO_POST_RESULT_URL`.

use std::{process::ExitCode, sync::Arc};

use anyhow::bail;
use backon::{ConstantBuilder, Retryable};
use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;
use url::Url;

use super::process;
use crate::{
    Component, Step,
    dispatcher::Failure,
    http::{self, SendError},
    platform::{api::PLATFORM_TIMEOUT, credential_store::PlatformStore, step_data::StepData},
    settings::{Reader, Source},
    telemetry::LogTarget,
};

mod question;
mod settings;

use question::Question;
use settings::ServiceSettings;

/// Runs one call; the exit code is 0 if its result, good or bad, was posted.
pub(crate) fn run<C: Component>(method: &str) -> ExitCode {
    process::exit_code::<C>(start::<C>(method))
}

fn start<C: Component>(method: &str) -> anyhow::Result<ExitCode> {
    let source = process::start::<C>(LogTarget::Stderr)?;
    let url = ServiceSettings::post_result_url(&source)?;
    process::runtime()?.block_on(async {
        let result = match call::<C>(method, &source).await {
            Ok(Ok(data)) => json!({ "status": "success", "data": data }),
            Ok(Err(failure)) => {
                tracing::error!(method, "the call failed: {failure}");
                failed(failure.message())
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(method, "the call failed: {error}");
                failed(&error)
            }
        };
        post::<C>(url, &result, &source).await
    })
}

fn failed(message: &str) -> Value {
    json!({ "status": "error", "data": { "message": message } })
}

/// The call's data. `Ok(Err(failure))` is what the action or trigger says, an outer error that it could not be asked.
async fn call<C: Component>(method: &str, source: &Source) -> anyhow::Result<Result<Value, Failure>> {
    if !["verifyCredentials", "getMetaModel", "selectModel"].contains(&method) {
        bail!("Unknown service method \"{method}\"");
    }
    let settings = ServiceSettings::read(source)?;
    let config: Box<RawValue> =
        serde_json::from_str(&settings.config).map_err(|_| anyhow::anyhow!("Unable to parse CFG"))?;
    let step = || step::<C>(&settings, StepData::with_config(config));
    if method == "verifyCredentials" {
        return verify::<C>(step()?, source).await.map(Ok);
    }
    let function = ServiceSettings::function(source)?;
    let question = match method {
        "selectModel" => Question::Choices(ServiceSettings::model_method(source)?),
        _ => Question::Metadata,
    };
    let own = own_settings::<C>(source)?;
    question.ask::<C>(&function, C::actions(&own, step()?)?).await
}

/// The step that the call is about, with the config that came with it.
fn step<C: Component>(settings: &ServiceSettings, data: StepData) -> anyhow::Result<Step> {
    let platform = process::platform::<C>(settings.api.clone(), None)?;
    let store = PlatformStore::without_step(platform.api.clone(), data.account());
    Ok(Step { data, api: Some(platform.api), storage: None, credential_store: Arc::new(store) })
}

/// The component's own settings.
fn own_settings<C: Component>(source: &Source) -> anyhow::Result<C::Settings> {
    let mut reader = Reader::new(source);
    let own = C::settings(&mut reader);
    Ok(reader.finish(own)?)
}

/// Checks the credential.
async fn verify<C: Component>(step: Step, source: &Source) -> anyhow::Result<Value> {
    Ok(match C::verify_credentials(&own_settings::<C>(source)?, step).await? {
        Ok(()) => json!({ "verified": true }),
        Err(reason) => json!({ "verified": false, "reason": reason }),
    })
}

/// Posts the result. User and password in the URL are sent as basic authentication.
async fn post<C: Component>(mut url: Url, result: &Value, source: &Source) -> anyhow::Result<ExitCode> {
    let http = process::http_client::<C>()?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = (!url.username().is_empty()).then(|| (decode(url.username()), url.password().map(decode)));
    let bare = url.set_username("").and_then(|()| url.set_password(None));
    bare.map_err(|()| anyhow::anyhow!("ELASTICIO_POST_RESULT_URL is not an address that can be called"))?;
    let (attempts, delay) = ServiceSettings::attempts(source);
    let backoff = ConstantBuilder::default().with_delay(delay).with_max_times(attempts.saturating_sub(1));
    let body = result.to_string();
    let status = (|| attempt(&http, &url, login.clone(), body.clone()))
        .retry(backoff)
        .when(Unposted::is_transient)
        .await
        .map_err(|error| anyhow::anyhow!("the result could not be posted to ELASTICIO_POST_RESULT_URL: {error}"))?;
    if status != StatusCode::OK {
        bail!("the result could not be posted: ELASTICIO_POST_RESULT_URL answered {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a result was not posted.
#[derive(Debug, thiserror::Error)]
enum Unposted {
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Unanswered(#[from] SendError),
}

impl Unposted {
    fn is_transient(&self) -> bool {
        match self {
            Self::Status(_) => true,
            Self::Unanswered(error) => error.is_transient(),
        }
    }
}

/// One attempt. A 5xx is an error, so that it is retried.
async fn attempt(
    http: &http::Client,
    url: &Url,
    login: Option<(String, Option<String>)>,
    body: String,
) -> Result<StatusCode, Unposted> {
    let mut request = http.post(url.clone()).header(CONTENT_TYPE, "application/json");
    if let Some((user, password)) = login {
        request = request.basic_auth(user, password);
    }
    match http.send(request.body(body), Instant::now() + PLATFORM_TIMEOUT).await?.status() {
        status if status.is_server_error() => Err(Unposted::Status(status)),
        status => Ok(status),
    }
}
