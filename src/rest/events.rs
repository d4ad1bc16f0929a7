//! What the client tells. Each event is a type whose `emit` writes its line and counts it, so that logs and figures say the
//! same. The lines are for the flow's owner too: they name a request without what is variable in its path.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use elasticio_runtime::telemetry::{Retried, metrics, totals};

use super::{
    Profile, Request,
    access_token::TokenError,
    retry::{Decision, Outcome},
};

/// An attempt of a request did not succeed, or the token was rejected.
pub(super) struct AttemptFailed<'a> {
    pub(super) profile: &'static Profile,
    pub(super) request: &'a Request,
    pub(super) outcome: Outcome,
    /// The status of its answer, if there was one.
    pub(super) status: Option<u16>,
    pub(super) decision: Decision,
    /// Attempts made.
    pub(super) attempts: u32,
    /// The most attempts.
    pub(super) of: u32,
}

impl AttemptFailed<'_> {
    pub(super) fn emit(self) {
        let Self { profile, request, outcome, status, decision, attempts, of } = self;
        let (api, next) = (profile.name, attempts + 1);
        let request = request.name(profile.route_words).logged;
        match decision {
            Decision::Retry(wait) => {
                let wait_s = wait.as_secs_f64();
                tracing::warn!(
                    request,
                    wait_s,
                    "attempt {next} of {of} in {wait_s:.1} s: {}",
                    why(api, outcome, status)
                );
            }
            Decision::CoolDown(wait) => {
                let wait_s = wait.as_secs_f64();
                tracing::warn!(
                    request,
                    wait_s,
                    "attempt {next} of {of} in {wait_s:.1} s: {api}'s rate limit: all calls wait"
                );
            }
            _ => tracing::debug!(request, ?outcome, ?decision, attempt = attempts, "{api}"),
        }
        if matches!(decision, Decision::Retry(_) | Decision::CoolDown(_)) {
            totals().retried(status.map_or(Retried::NoAnswer, Retried::Status));
        }
    }
}

/// Why an attempt is repeated.
fn why(api: &str, outcome: Outcome, status: Option<u16>) -> String {
    match (status, outcome) {
        (Some(status), _) => format!("{api} answered {status}"),
        (None, Outcome::NotSent) => format!("no connection to {api}"),
        (None, Outcome::Unreadable) => format!("the answer of {api} cannot be read"),
        (None, _) => format!("no answer from {api}"),
    }
}

/// A request waits for the end of a rate limit that another one met.
pub(super) struct Waits {
    pub(super) profile: &'static Profile,
    pub(super) wait: Duration,
}

impl Waits {
    pub(super) fn emit(self) {
        let (api, wait_s) = (self.profile.name, self.wait.as_secs_f64());
        tracing::warn!(wait_s, "waits {wait_s:.1} s for the end of {api}'s rate limit");
    }
}

/// The token endpoint's rate limit.
pub(super) struct TokenEndpointLimited {
    pub(super) wait: Duration,
    pub(super) decision: Decision,
}

impl TokenEndpointLimited {
    pub(super) fn emit(self) {
        tracing::warn!(wait_s = self.wait.as_secs_f64(), decision = ?self.decision, "the token endpoint's rate limit");
    }
}

/// There is a token to use from now on.
pub(super) struct TokenInUse {
    /// Whether it replaces another one.
    pub(super) refreshed: bool,
    /// When it expires, if its credential says so.
    pub(super) expires: Option<SystemTime>,
}

impl TokenInUse {
    pub(super) fn emit(self) {
        if let Some(metrics) = metrics() {
            let since_epoch = self.expires.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            metrics.token_expires(since_epoch.unwrap_or_default().as_secs_f64());
        }
        if self.refreshed {
            count_refresh("refreshed");
            tracing::info!("the access token was refreshed");
        }
    }
}

fn count_refresh(outcome: &str) {
    if let Some(metrics) = metrics() {
        metrics.token_refreshed(outcome);
    }
}

/// The token was rejected and could not be refreshed.
pub(super) struct TokenNotRefreshed<'a> {
    pub(super) error: &'a TokenError,
}

impl TokenNotRefreshed<'_> {
    pub(super) fn emit(self) {
        count_refresh("failed");
        tracing::warn!(error = %self.error, "the access token could not be refreshed");
    }
}

/// The token could not be refreshed before it expires.
pub(super) struct EarlyRefreshFailed<'a> {
    pub(super) error: &'a TokenError,
    pub(super) pause: Duration,
}

impl EarlyRefreshFailed<'_> {
    pub(super) fn emit(self) {
        count_refresh("failed");
        tracing::warn!(
            error = %self.error,
            pause_s = self.pause.as_secs(),
            "the access token could not be refreshed before it expires; it stays in use"
        );
    }
}

/// A refreshed credential could not be stored.
pub(super) struct CredentialUnstored<'a> {
    pub(super) problem: &'a str,
}

impl CredentialUnstored<'_> {
    pub(super) fn emit(self) {
        tracing::error!(
            problem = self.problem,
            "the refreshed credential could not be stored; this process goes on with it"
        );
    }
}
