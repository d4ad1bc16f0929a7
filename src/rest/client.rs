//! The client: sends requests and carries out the decisions of the retry policy, [`super::retry`].

use std::sync::Arc;

use elasticio_runtime::{
    http,
    platform::{api::PlatformApi, credential_store::CredentialStore},
    stop::Stop,
    telemetry::{HttpCall, WaitReason, path_template, totals, waiting},
};
use secrecy::SecretString;

use super::{
    Address, Answer, CallError, ClientSettings, Credential, OAuth, Problem, Profile, Request, RetryFields,
    access_token::{AccessToken, TokenError},
    attempt::{Attempt, attempt},
    events::{AttemptFailed, TokenEndpointLimited},
    own_credential::OwnCredential,
    retry::{self, Decision, History, Policy},
    time_bound::TimeBound,
    token_endpoint::TokenEndpoint,
    token_source::TokenSource,
    turns::Waiting,
};

#[cfg(any(test, fuzzing))]
mod fuzzed;

/// A step's credential, as its config says.
pub(crate) enum StepCredential {
    /// `secretId`: the platform keeps the credential, which is read and refreshed through the platform's API.
    Secret {
        /// The secret's id.
        id: String,
        /// The platform's API; without it the secret cannot be read.
        api: Option<PlatformApi>,
    },
    /// `oauth`: the credential is in the step's config.
    Own {
        /// The credential.
        oauth: OAuth,
        /// Where a refreshed credential is stored.
        store: Arc<dyn CredentialStore>,
    },
}

/// A client of the API with one credential, shared by all messages of a step.
#[derive(Debug)]
pub struct ApiClient {
    http: http::Client,
    profile: &'static Profile,
    address: Address,
    credential: Option<Arc<Credential>>,
    step_retry: RetryFields,
    settings: ClientSettings,
}

impl ApiClient {
    /// A client for one credential; `step_retry` has the `retries` and `retriesDelay` of the step's config.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(
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
                // Redirects are not followed: they could carry the refresh token to another host.
                let http = http::Client::without_redirects(user_agent)?;
                let endpoint = TokenEndpoint::from_settings(profile, http, &settings);
                Some(TokenSource::Own(Box::new(OwnCredential::new(profile, oauth, endpoint, store))))
            }
        };
        Ok(Self {
            http: http::Client::new(user_agent)?,
            address: Address::new(settings.api_url.clone()),
            credential: credential.map(Credential::new),
            profile,
            step_retry,
            settings,
        })
    }

    /// Resolves the `url` of a request; requests go nowhere else.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends `request`, with retries, until it succeeds or the retry policy gives up. A stop cuts waits short and
    /// prevents further attempts.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(&self, request: &Request, stop: &Stop) -> Result<Answer, CallError> {
        let outcome = self.send_until_decided(request, stop).await;
        let outcome = match outcome {
            Ok((attempt, decision, history)) => {
                let concluded = attempt.conclude(self.profile, decision, request, history);
                if decision == Decision::OutOfTime {
                    concluded.map_err(|error| error.out_of_time(self.time_bound()))
                } else {
                    concluded
                }
            }
            Err(problem) => Err(problem.with_profile(self.profile)),
        };
        outcome.map_err(|error| error.without(self.secrets()))
    }

    /// The secrets that no text may hold.
    fn secrets(&self) -> Vec<SecretString> {
        let tokens = self.credential.as_ref().map(|credential| credential.known_secrets());
        tokens.unwrap_or_default().into_iter().chain(self.settings.client_secret.clone()).collect()
    }

    /// Returns the last attempt, the decision about it, and the attempts up to it.
    async fn send_until_decided(
        &self,
        request: &Request,
        stop: &Stop,
    ) -> Result<(Attempt, Decision, History), Problem> {
        let credential = self.credential.as_ref().ok_or(Problem::NoCredential)?;
        let mut token = credential.access_token(stop).await?;
        let policy = self.policy(request, &token);
        let mut history = History::default();
        loop {
            let mut turn = self.waiting(credential, request, stop, history.attempts > 0).for_turn().await?;
            // A running attempt is finished, which its time-out bounds. No attempt starts after a stop, or a message
            // that makes many calls would delay the stop by all of them.
            stop.check()?;
            if self.settings.time_left(request).is_zero() {
                return Err(Problem::OutOfTime(self.time_bound()));
            }
            let attempt = self.attempt(request, &token, history.attempts).await;
            let outcome = attempt.outcome(self.profile, &request.by_status);
            let decision = retry::decide(&policy, history, outcome);
            let decision = request.by_status.decide(decision, attempt.status());
            let decision = retry::within(decision, self.settings.time_left(request), self.settings.timeout);
            history = retry::record(history, outcome);
            if let Some(wait) = retry::cooldown(&policy, outcome) {
                credential.cool_down(wait);
            } else if outcome.was_let_through() {
                turn.passed();
            }
            drop(turn);
            if decision != Decision::Done {
                let (profile, attempts, of) = (self.profile, history.attempts, policy.attempts(outcome));
                AttemptFailed { profile, request, outcome, status: attempt.status(), decision, attempts, of }.emit();
            }
            match decision {
                Decision::Retry(wait) => {
                    waiting(WaitReason::Retry, stop.sleep(retry::jittered(wait, rand::random()))).await?;
                }
                // The next iteration waits out the credential's cooldown, which holds for all its messages.
                Decision::CoolDown(_) => {}
                Decision::Rebound(wait) => return Err(Problem::Rebound(wait)),
                Decision::Refresh => match self.refreshed(credential, &token, request, stop).await {
                    Ok(refreshed) => token = refreshed,
                    Err(error) => return Err(attempt.unauthorized(error)),
                },
                Decision::Done
                | Decision::Fail
                | Decision::OutOfTime
                | Decision::Unauthorized
                | Decision::OutcomeUnknown => {
                    return Ok((attempt, decision, history));
                }
            }
        }
    }

    /// Makes one attempt after `resent` others, and tells what came of it.
    async fn attempt(&self, request: &Request, token: &AccessToken, resent: u32) -> Attempt {
        let profile = self.profile;
        totals().called();
        let template = || path_template(request.url.path(), profile.route_words);
        let call = HttpCall::begin(profile.peer, request.method.as_str(), resent, template);
        let attempt = attempt(&self.http, profile, &self.settings, request, token).await;
        match &attempt {
            Attempt::Answered { answer, .. } => {
                profile.rate_limit.tell(&answer.headers);
                call.answered(answer.status.as_u16());
            }
            unanswered => call.failed(unanswered.error_type()),
        }
        attempt
    }

    fn time_bound(&self) -> TimeBound {
        TimeBound { setting: self.profile.settings.max_message_time, time: self.settings.max_message_time }
    }

    fn policy(&self, request: &Request, token: &AccessToken) -> Policy {
        let (retries, delay) = self.step_retry.or(token.retry);
        Policy {
            retries,
            delay,
            server_retries: self.settings.server_retries,
            max_hold: self.settings.max_hold,
            only_unsent: request.safe_retries && !request.is_idempotent(),
            idempotent: request.is_idempotent(),
        }
    }

    /// Gets a token other than the rejected one. A rate limit of the token endpoint starts the credential's cooldown,
    /// which also holds back calls to the API, so that no message asks the endpoint again in the meantime.
    async fn refreshed(
        &self,
        credential: &Arc<Credential>,
        rejected: &Arc<AccessToken>,
        request: &Request,
        stop: &Stop,
    ) -> Result<Arc<AccessToken>, TokenError> {
        let mut limited = 0;
        loop {
            self.waiting(credential, request, stop, limited > 0).for_cooldown().await?;
            match credential.refreshed(rejected, stop).await {
                Err(TokenError::Limited(wait)) => {
                    limited += 1;
                    let decision = retry::after_limited_refresh(self.settings.max_hold, limited, wait);
                    TokenEndpointLimited { wait, decision }.emit();
                    if matches!(decision, Decision::Rebound(_)) {
                        return Err(TokenError::Limited(wait));
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// `told`: the flow's owner knows already what the request waits for.
    fn waiting<'a>(
        &'a self,
        credential: &'a Credential,
        request: &'a Request,
        stop: &'a Stop,
        told: bool,
    ) -> Waiting<'a> {
        let (profile, cooldown, settings) = (self.profile, &credential.cooldown, &self.settings);
        Waiting { profile, cooldown, settings, request, stop, told }
    }
}
