//! The client: sends a request, carries out what the retry policy decides. All decisions are [`super::retry`]'s.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client, RequestBuilder, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect,
};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::{
    Address, Answer, CallError, Credential, Request,
    answer::ReadError,
    config::RetryFields,
    renewal::{Grant, RenewError},
    request::Payload,
    retry::{self, Decision, History, Outcome, Policy},
    transfer::{self, Failure, FileSink},
};
use crate::settings::PodioSettings;

/// Redirects that are followed for one attempt.
pub const MAX_REDIRECTS: usize = 5;

/// Podio's API with one credential. Cheap to share; all messages of a step use one.
#[derive(Debug)]
pub struct Podio {
    http: Client,
    address: Address,
    credential: Option<Credential>,
    step_retry: RetryFields,
    settings: PodioSettings,
}

/// One attempt, as it went.
enum Attempt {
    Answered(Answer),
    NotSent(String),
    Broken(String),
    Hopeless(String),
}

impl Podio {
    /// A client for one credential; `step_retry` are the step's own `retries` and `retriesDelay`.
    #[must_use]
    pub fn new(http: Client, settings: PodioSettings, credential: Option<Credential>, step_retry: RetryFields) -> Self {
        Self { address: Address::new(settings.api_url.clone()), http, credential, step_retry, settings }
    }

    /// Redirects: at most [`MAX_REDIRECTS`]. The HTTP client drops the token where one leaves the origin.
    #[must_use]
    pub fn redirects() -> redirect::Policy {
        redirect::Policy::limited(MAX_REDIRECTS)
    }

    /// Where requests may go.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends `request` until it succeeds or the policy gives up; `stop` cuts waits short.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(&self, request: &Request, stop: &CancellationToken) -> Result<Answer, CallError> {
        let credential = self.credential.as_ref().ok_or(CallError::NoCredential)?;
        let mut grant = credential.grant().await.map_err(without_token)?;
        let policy = self.policy(request, &grant);
        let mut history = History::default();
        loop {
            self.cooled_down(credential, stop).await?;
            let attempt = self.attempt(request, &grant).await;
            let outcome = attempt.outcome();
            let decision = retry::decide(&policy, history, outcome);
            history = retry::record(history, outcome);
            if decision != Decision::Done {
                tracing::debug!(?request, ?outcome, ?decision, attempt = history.attempts, "Podio");
            }
            match decision {
                Decision::Retry(wait) => pause(retry::jittered(wait, rand::random()), stop).await?,
                Decision::CoolDown(wait) => {
                    tracing::warn!(?request, wait_s = wait.as_secs_f64(), "Podio's rate limit: all calls wait");
                    credential.cool_down(wait);
                }
                Decision::HandBack(wait) => {
                    credential.cool_down(wait);
                    return Err(CallError::HandBack { wait });
                }
                Decision::Renew => match credential.renewed(&grant).await {
                    Ok(renewed) => grant = renewed,
                    Err(RenewError::Limited(wait)) => return Err(CallError::HandBack { wait }),
                    Err(error) => return Err(attempt.unauthorized(&error)),
                },
                Decision::Done | Decision::Fail | Decision::Unauthorized | Decision::OutcomeUnknown => {
                    return attempt.conclude(decision, request, history.attempts);
                }
            }
        }
    }

    fn policy(&self, request: &Request, grant: &Grant) -> Policy {
        let (retries, delay) = self.step_retry.or(grant.retry);
        Policy {
            retries,
            delay,
            server_retries: self.settings.server_retries,
            max_hold: self.settings.max_hold,
            only_unsent: request.safe_retries && request.method == reqwest::Method::POST,
        }
    }

    /// Waits until nobody asks this credential to wait any more.
    async fn cooled_down(&self, credential: &Credential, stop: &CancellationToken) -> Result<(), CallError> {
        loop {
            let wait = credential.cooldown.left();
            if wait.is_zero() {
                return Ok(());
            }
            if wait > self.settings.max_hold {
                return Err(CallError::HandBack { wait });
            }
            pause(retry::jittered(wait, rand::random()), stop).await?;
        }
    }

    async fn attempt(&self, request: &Request, grant: &Arc<Grant>) -> Attempt {
        let limit = if request.is_transfer() { self.settings.transfer_timeout } else { self.settings.timeout };
        let call = self
            .http
            .request(request.method.clone(), request.url.clone())
            .header(ACCEPT, "application/json, text/plain, */*")
            .header(AUTHORIZATION, bearer(grant))
            .timeout(limit);
        let source = Failure::default();
        let call = match load(call, request.payload.as_ref(), &source).await {
            Ok(call) => call,
            Err(reason) => return Attempt::Hopeless(reason),
        };
        let response = match call.send().await {
            Ok(response) => response,
            Err(error) => return unsent(&error, source.seen()),
        };
        match &request.sink {
            Some(sink) if response.status().is_success() => pour(response, sink.as_ref()).await,
            _ => self.read(response).await,
        }
    }

    async fn read(&self, response: Response) -> Attempt {
        match Answer::read(response, self.settings.max_response).await {
            Ok(answer) => Attempt::Answered(answer),
            Err(ReadError::Broken(error)) => Attempt::Broken(crate::http::reason(&error)),
            Err(ReadError::TooLarge) => Attempt::Hopeless(format!(
                "the answer has more than {} bytes (PODIO_MAX_RESPONSE_SIZE); ask for less, e.g. with limit and offset",
                self.settings.max_response
            )),
        }
    }
}

/// Puts the payload onto a call; a file is opened for this attempt.
async fn load(call: RequestBuilder, payload: Option<&Payload>, source: &Failure) -> Result<RequestBuilder, String> {
    Ok(match payload {
        None => call,
        Some(Payload::Json(bytes)) => call.header(CONTENT_TYPE, "application/json").body(bytes.clone()),
        Some(Payload::Form(bytes)) => {
            call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(bytes.clone())
        }
        Some(Payload::File(upload)) => {
            let file = upload.source.open().await?;
            let form = transfer::form(file, &upload.name, &upload.media, source);
            call.multipart(form.map_err(|_| format!("\"{}\" is no media type", upload.media))?)
        }
    })
}

/// What a call that got no answer was; `source`: what broke in the file that it carried.
fn unsent(error: &reqwest::Error, source: Option<String>) -> Attempt {
    if let Some(reason) = source {
        return Attempt::Hopeless(reason);
    }
    let reason = crate::http::reason(error);
    if error.is_redirect() {
        return Attempt::Hopeless(format!(
            "Podio redirected more than {MAX_REDIRECTS} times; use the address that it finally leads to"
        ));
    }
    match error {
        error if error.is_connect() => Attempt::NotSent(reason),
        error if error.is_builder() => Attempt::Hopeless(reason),
        _ => Attempt::Broken(reason),
    }
}

/// Lets an answer's body flow into a sink.
async fn pour(mut response: Response, sink: &dyn FileSink) -> Attempt {
    let head = Answer::head(&mut response);
    let podio = Failure::default();
    let file = podio.watch(transfer::file_of(response).bytes);
    match (sink.take(file).await, podio.seen()) {
        (Ok(()), None) => Attempt::Answered(head),
        (_, Some(reason)) => Attempt::Broken(reason),
        (Err(reason), None) => Attempt::Hopeless(reason),
    }
}

impl Attempt {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Answered(answer) => Outcome::Answer {
                status: answer.status.as_u16(),
                named_wait: match answer.status.as_u16() {
                    420 | 429 => answer.named_wait(),
                    _ => None,
                },
            },
            Self::NotSent(_) => Outcome::NotSent,
            Self::Broken(_) => Outcome::Broken,
            Self::Hopeless(_) => Outcome::Hopeless,
        }
    }

    /// The result of the request, after its last attempt.
    fn conclude(self, decision: Decision, request: &Request, attempts: u32) -> Result<Answer, CallError> {
        let request = request.name();
        let unknown = decision == Decision::OutcomeUnknown;
        Err(match self {
            Self::Answered(answer) if decision == Decision::Done => return Ok(answer),
            Self::Answered(answer) if decision == Decision::Unauthorized => {
                CallError::Unauthorized { answer: Box::new(answer), why: "a renewed one was rejected too".to_owned() }
            }
            Self::Answered(answer) if unknown => CallError::OutcomeUnknown {
                request,
                reason: format!("Podio answered {}", answer.status.as_u16()),
                answer: Some(Box::new(answer)),
            },
            Self::Answered(answer) => CallError::Answered { answer: Box::new(answer), attempts, request },
            Self::Broken(reason) if unknown => CallError::OutcomeUnknown { request, answer: None, reason },
            Self::NotSent(reason) | Self::Broken(reason) => CallError::Unreachable { request, reason, attempts },
            Self::Hopeless(reason) => CallError::Hopeless { request, reason },
        })
    }

    /// The error of a rejected token that could not be renewed.
    fn unauthorized(self, error: &RenewError) -> CallError {
        match self {
            Self::Answered(answer) => CallError::Unauthorized { answer: Box::new(answer), why: error.to_string() },
            _ => CallError::Credential(error.clone()),
        }
    }
}

fn without_token(error: RenewError) -> CallError {
    match error {
        RenewError::Limited(wait) => CallError::HandBack { wait },
        other => CallError::Credential(other),
    }
}

/// The authorization header, marked so that no library prints it. A token that no header can hold gives an empty
/// one, which Podio rejects with a 401.
fn bearer(grant: &Grant) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("Bearer {}", grant.token.expose_secret()))
        .unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Waits, unless the worker stops.
async fn pause(wait: Duration, stop: &CancellationToken) -> Result<(), CallError> {
    stop.run_until_cancelled(tokio::time::sleep(wait)).await.ok_or(CallError::Stopped)
}
