//! The client: sends a request, carries out what the retry policy decides. All decisions are [`super::retry`]'s.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect};
use tokio_util::sync::CancellationToken;

use super::{
    Address, Answer, CallError, Credential, Request,
    attempt::attempt,
    config::RetryFields,
    redirects,
    renewal::{Grant, RenewError},
    retry::{self, Decision, History, Policy},
};
use crate::settings::PodioSettings;

/// Podio's API with one credential. Cheap to share; all messages of a step use one.
#[derive(Debug)]
pub struct Podio {
    http: Client,
    address: Address,
    credential: Option<Credential>,
    step_retry: RetryFields,
    settings: PodioSettings,
}

impl Podio {
    /// A client for one credential; `step_retry` are the step's own `retries` and `retriesDelay`.
    #[must_use]
    pub fn new(http: Client, settings: PodioSettings, credential: Option<Credential>, step_retry: RetryFields) -> Self {
        Self { address: Address::new(settings.api_url.clone()), http, credential, step_retry, settings }
    }

    /// How the HTTP client that carries the token follows redirects.
    #[must_use]
    pub fn redirects() -> redirect::Policy {
        redirects::policy()
    }

    /// Where requests may go.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends `request` until it succeeds or the policy gives up; `stop` cuts waits short and lets no attempt begin.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(&self, request: &Request, stop: &CancellationToken) -> Result<Answer, CallError> {
        let credential = self.credential.as_ref().ok_or(CallError::NoCredential)?;
        let mut grant = credential.grant(stop).await?;
        let policy = self.policy(request, &grant);
        let mut history = History::default();
        loop {
            self.cooled_down(credential, stop).await?;
            // An attempt that has begun ends, which takes no longer than its time-out. None begins after the stop,
            // or a message of many calls would hold the stop for as long as all of them take.
            if stop.is_cancelled() {
                return Err(CallError::Stopped);
            }
            let attempt = attempt(&self.http, &self.settings, request, &grant).await;
            let outcome = attempt.outcome();
            let decision = retry::decide(&policy, history, outcome);
            history = retry::record(history, outcome);
            if let Some(wait) = retry::cooldown(&policy, outcome) {
                tracing::warn!(?request, wait_s = wait.as_secs_f64(), "Podio's rate limit: all calls wait");
                credential.cool_down(wait);
            }
            if decision != Decision::Done {
                tracing::debug!(?request, ?outcome, ?decision, attempt = history.attempts, "Podio");
            }
            match decision {
                Decision::Retry(wait) => pause(retry::jittered(wait, rand::random()), stop).await?,
                // The next attempt waits for the credential's pause, as everybody does.
                Decision::CoolDown(_) => {}
                Decision::HandBack(wait) => return Err(CallError::HandBack { wait }),
                Decision::Renew => match self.renewed(credential, &grant, stop).await {
                    Ok(renewed) => grant = renewed,
                    Err(error) => return Err(attempt.unauthorized(error)),
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

    /// A token other than the rejected one. A pause that the token endpoint wants holds for all calls, of the API
    /// too, so that it is not asked again meanwhile.
    async fn renewed(
        &self,
        credential: &Credential,
        rejected: &Arc<Grant>,
        stop: &CancellationToken,
    ) -> Result<Arc<Grant>, CallError> {
        let mut limited = 0;
        loop {
            self.cooled_down(credential, stop).await?;
            match credential.renewed(rejected, stop).await {
                Err(RenewError::Limited(wait)) => {
                    limited += 1;
                    let decision = retry::after_limited_renewal(self.settings.max_hold, limited, wait);
                    tracing::warn!(wait_s = wait.as_secs_f64(), ?decision, "the token endpoint's rate limit");
                    if let Decision::HandBack(wait) = decision {
                        return Err(CallError::HandBack { wait });
                    }
                }
                outcome => return Ok(outcome?),
            }
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
}

/// Waits, unless the worker stops.
async fn pause(wait: Duration, stop: &CancellationToken) -> Result<(), CallError> {
    stop.run_until_cancelled(tokio::time::sleep(wait)).await.ok_or(CallError::Stopped)
}
