//! Which access and refresh tokens are valid, and the exchange of a refresh token for a new credential. The token
//! endpoint and the platform's secrets share this store.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

use crate::bounded_map::BoundedMap;

/// The only client that the token endpoint knows.
pub(crate) const CLIENT_ID: &str = "sandbox-client";
/// The client's secret.
pub(crate) const CLIENT_SECRET: &str = "sandbox-secret";
/// An access token that is valid from the start.
pub const ACCESS_TOKEN: &str = "sandbox-access-token";
/// A refresh token that is valid from the start.
const REFRESH_TOKEN: &str = "sandbox-refresh-token";

/// Most access tokens, and most refresh tokens, that are valid at once; the oldest are dropped.
const MAX_TOKENS: usize = 10_000;
/// Longest lifetime of an access token.
const MAX_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);
/// The user that every token belongs to.
pub(super) const USER_ID: u64 = 7_700_123;

/// The token endpoint's answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Credential {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    scope: &'static str,
    #[serde(rename = "ref")]
    holder: Holder,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Holder {
    r#type: &'static str,
    id: u64,
}

/// An access token and how old it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TokenAge {
    token: String,
    /// Seconds since it was issued.
    age: f64,
    /// Seconds until it expires.
    valid_for: f64,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    lifetime: Duration,
    rotate: bool,
    store: Mutex<Store>,
}

#[derive(Debug)]
struct Store {
    /// Access tokens and when they expire.
    access: BoundedMap<String, Instant>,
    refresh: BoundedMap<String, ()>,
    /// The credential that was issued last.
    current: Credential,
}

impl Tokens {
    /// Holds the initial credential. `rotate` says whether a refresh also replaces the refresh token.
    pub(crate) fn new(lifetime: Duration, rotate: bool) -> Self {
        let lifetime = lifetime.min(MAX_LIFETIME);
        let current = credential(ACCESS_TOKEN.to_owned(), REFRESH_TOKEN.to_owned(), lifetime);
        let mut store = Store { access: BoundedMap::new(MAX_TOKENS), refresh: BoundedMap::new(MAX_TOKENS), current };
        store.access.insert(ACCESS_TOKEN.to_owned(), Instant::now() + lifetime);
        store.refresh.insert(REFRESH_TOKEN.to_owned(), ());
        Self { lifetime, rotate, store: Mutex::new(store) }
    }

    /// Whether the access token was issued and has not expired.
    pub(crate) fn is_valid(&self, access_token: &str) -> bool {
        self.lock().access.get(access_token).is_some_and(|&expiry| Instant::now() < expiry)
    }

    /// Issues a new credential, as for an authorization code.
    pub(crate) fn issue(&self) -> Credential {
        self.lock().issue(new_token("refresh"), self.lifetime)
    }

    /// Issues a new credential for a refresh token; none if that is not valid.
    pub(crate) fn refresh(&self, refresh_token: &str) -> Option<Credential> {
        self.lock().exchange(refresh_token, self.rotate, self.lifetime)
    }

    /// Issues a new credential for the current one's refresh token; none if that is not valid.
    pub(crate) fn refresh_current(&self) -> Option<Credential> {
        let mut store = self.lock();
        let refresh_token = store.current.refresh_token.clone();
        store.exchange(&refresh_token, self.rotate, self.lifetime)
    }

    /// The credential that was issued last.
    pub(crate) fn current(&self) -> Credential {
        self.lock().current.clone()
    }

    /// The newest access tokens that have not expired, the newest first.
    pub(crate) fn newest(&self, count: usize, now: Instant) -> Vec<TokenAge> {
        let store = self.lock();
        let ages = store.access.iter().rev().map(|(token, expiry)| {
            let valid_for = expiry.saturating_duration_since(now);
            let age = self.lifetime.saturating_sub(valid_for);
            TokenAge { token: token.clone(), age: age.as_secs_f64(), valid_for: valid_for.as_secs_f64() }
        });
        ages.filter(|token| token.valid_for > 0.0).take(count).collect()
    }

    /// How many refresh tokens are valid.
    pub(crate) fn refresh_count(&self) -> usize {
        self.lock().refresh.iter().count()
    }

    /// Makes every access token issued so far expire now.
    pub(crate) fn expire_access_tokens(&self) {
        self.lock().access.clear();
    }

    /// Makes every refresh token issued so far invalid.
    pub(crate) fn revoke_refresh_tokens(&self) {
        self.lock().refresh.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn exchange(&mut self, refresh_token: &str, rotate: bool, lifetime: Duration) -> Option<Credential> {
        self.refresh.get(refresh_token)?;
        if !rotate {
            return Some(self.issue(refresh_token.to_owned(), lifetime));
        }
        self.refresh.remove(refresh_token);
        Some(self.issue(new_token("refresh"), lifetime))
    }

    fn issue(&mut self, refresh_token: String, lifetime: Duration) -> Credential {
        self.current = credential(new_token("access"), refresh_token, lifetime);
        self.access.insert(self.current.access_token.clone(), Instant::now() + lifetime);
        self.refresh.insert(self.current.refresh_token.clone(), ());
        self.current.clone()
    }
}

fn credential(access_token: String, refresh_token: String, lifetime: Duration) -> Credential {
    Credential {
        access_token,
        token_type: "bearer",
        expires_in: lifetime.as_secs(),
        refresh_token,
        scope: "global:all",
        holder: Holder { r#type: "user", id: USER_ID },
    }
}

fn new_token(kind: &str) -> String {
    format!("{kind}-{}", Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_refresh_rotates_and_invalidates_the_old_token() {
        let tokens = Tokens::new(HOUR, true);
        let next = tokens.refresh(REFRESH_TOKEN).expect("the initial refresh token is valid");
        assert!(tokens.is_valid(&next.access_token) && tokens.is_valid(ACCESS_TOKEN));
        assert_ne!(next.refresh_token, REFRESH_TOKEN);
        assert!(tokens.refresh(REFRESH_TOKEN).is_none());
        assert!(tokens.refresh(&next.refresh_token).is_some());
    }

    #[test]
    fn without_rotation_the_refresh_token_stays() {
        let tokens = Tokens::new(HOUR, false);
        for _ in 0..2 {
            let next = tokens.refresh(REFRESH_TOKEN).expect("the refresh token stays valid");
            assert_eq!(next.refresh_token, REFRESH_TOKEN);
        }
    }

    #[test]
    fn tokens_end_by_time_by_expiry_and_by_revocation() {
        assert!(!Tokens::new(Duration::ZERO, true).is_valid(ACCESS_TOKEN));
        let tokens = Tokens::new(HOUR, true);
        tokens.expire_access_tokens();
        assert!(!tokens.is_valid(ACCESS_TOKEN));
        assert!(tokens.is_valid(&tokens.refresh_current().expect("expiry leaves refresh tokens").access_token));
        tokens.revoke_refresh_tokens();
        assert!(tokens.refresh_current().is_none());
    }
}
