//! The client: sends a request, carries out what the retry policy decides. All decisions are [`super::retry`]'s.

use std::sync::Arc;

use elasticio_runtime::{
    http,
    platform::{api::PlatformApi, credential_store::CredentialStore},
    stop::Stop,
};
use reqwest::{Client, redirect};

use super::{
    Address, Answer, CallError, ClientSettings, Credential, OAuth, Problem, Profile, Request, RetryFields,
    access_token::{AccessToken, TokenError},
    attempt::{Attempt, attempt},
    redirects,
    retry::{self, Decision, History, Policy},
    token_endpoint::TokenEndpoint,
    token_source::{OwnCredential, TokenSource},
};

/// The credential of a step, as its config has it.
pub enum StepCredential {
    /// `secretId`: the platform keeps the credential; it is read and refreshed over the platform's API.
    Secret {
        /// The secret's id.
        id: String,
        /// The platform's API; without one the secret is out of reach.
        api: Option<PlatformApi>,
    },
    /// `oauth`: the step carries the credential itself.
    Own {
        /// The credential.
        oauth: OAuth,
        /// Where a refreshed one is kept.
        store: Arc<dyn CredentialStore>,
    },
}

/// The API with one credential. Cheap to share; all messages of a step use one.
#[derive(Debug)]
pub struct ApiClient {
    http: Client,
    profile: &'static Profile,
    address: Address,
    credential: Option<Credential>,
    step_retry: RetryFields,
    settings: ClientSettings,
}

impl ApiClient {
    /// A client that calls itself `user_agent`, for one credential; `step_retry` are the step's own `retries` and
    /// `retriesDelay`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        user_agent: &str,
        profile: &'static Profile,
        settings: ClientSettings,
        credential: Option<StepCredential>,
        step_retry: RetryFields,
    ) -> Result<Self, http::ClientError> {
        let credential = match credential {
            None => None,
            Some(StepCredential::Secret { id, api }) => Some(TokenSource::Secret { api, id }),
            Some(StepCredential::Own { oauth, store }) => {
                // A redirect of the token endpoint would carry the refresh token elsewhere: it is not followed.
                let http = http::client(user_agent, redirect::Policy::none())?;
                let endpoint = TokenEndpoint::of_settings(profile, http, &settings);
                Some(TokenSource::Own(Box::new(OwnCredential { profile, oauth, endpoint, store })))
            }
        };
        Ok(Self {
            http: http::client(user_agent, redirects::policy())?,
            address: Address::new(settings.api_url.clone()),
            credential: credential.map(Credential::new),
            profile,
            step_retry,
            settings,
        })
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
    pub async fn send(&self, request: &Request, stop: &Stop) -> Result<Answer, CallError> {
        let (attempt, decision, attempts) =
            self.send_until_decided(request, stop).await.map_err(|problem| problem.of(self.profile))?;
        attempt.conclude(self.profile, decision, request, attempts)
    }

    /// The last attempt, what was decided about it, and how many there were.
    async fn send_until_decided(&self, request: &Request, stop: &Stop) -> Result<(Attempt, Decision, u32), Problem> {
        let credential = self.credential.as_ref().ok_or(Problem::NoCredential)?;
        let mut token = credential.access_token(stop).await?;
        let policy = self.policy(request, &token);
        let mut history = History::default();
        loop {
            self.cooled_down(credential, stop).await?;
            // An attempt that has begun ends, which takes no longer than its time-out. None begins after the stop,
            // or a message of many calls would hold the stop for as long as all of them take.
            stop.check()?;
            let attempt = attempt(&self.http, self.profile, &self.settings, request, &token).await;
            let outcome = attempt.outcome(self.profile);
            let decision = retry::decide(&policy, history, outcome);
            history = retry::record(history, outcome);
            let api = self.profile.name;
            if let Some(wait) = retry::cooldown(&policy, outcome) {
                tracing::warn!(?request, wait_s = wait.as_secs_f64(), "{api}'s rate limit: all calls wait");
                credential.cool_down(wait);
            }
            if decision != Decision::Done {
                tracing::debug!(?request, ?outcome, ?decision, attempt = history.attempts, "{api}");
            }
            match decision {
                Decision::Retry(wait) => stop.sleep(retry::jittered(wait, rand::random())).await?,
                // The next attempt waits for the credential's pause, as those of all messages do.
                Decision::CoolDown(_) => {}
                Decision::Rebound(wait) => return Err(Problem::Rebound(wait)),
                Decision::Refresh => match self.refreshed(credential, &token, stop).await {
                    Ok(refreshed) => token = refreshed,
                    Err(error) => return Err(attempt.unauthorized(error)),
                },
                Decision::Done | Decision::Fail | Decision::Unauthorized | Decision::OutcomeUnknown => {
                    return Ok((attempt, decision, history.attempts));
                }
            }
        }
    }

    fn policy(&self, request: &Request, token: &AccessToken) -> Policy {
        let (retries, delay) = self.step_retry.or(token.retry);
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
    async fn refreshed(
        &self,
        credential: &Credential,
        rejected: &Arc<AccessToken>,
        stop: &Stop,
    ) -> Result<Arc<AccessToken>, TokenError> {
        let mut limited = 0;
        loop {
            self.cooled_down(credential, stop).await?;
            match credential.refreshed(rejected, stop).await {
                Err(TokenError::Limited(wait)) => {
                    limited += 1;
                    let decision = retry::after_limited_refresh(self.settings.max_hold, limited, wait);
                    tracing::warn!(wait_s = wait.as_secs_f64(), ?decision, "the token endpoint's rate limit");
                    if matches!(decision, Decision::Rebound(_)) {
                        return Err(TokenError::Limited(wait));
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits until the credential's pause is over.
    async fn cooled_down(&self, credential: &Credential, stop: &Stop) -> Result<(), TokenError> {
        loop {
            let wait = credential.cooldown.left();
            if wait.is_zero() {
                return Ok(());
            }
            if wait > self.settings.max_hold {
                return Err(TokenError::Limited(wait));
            }
            stop.sleep(retry::jittered(wait, rand::random())).await?;
        }
    }
}
