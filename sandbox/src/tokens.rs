//! The credential: which access and refresh tokens are good, and the exchange of one for the next. The
//! token endpoint and the platform's secrets use the same store.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

use crate::newest::Newest;

/// The client id that the token endpoint knows.
pub const CLIENT_ID: &str = "sandbox-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "sandbox-secret";
/// An access token that is good from the start.
pub const ACCESS_TOKEN: &str = "sandbox-access-token";
/// A refresh token that is good from the start.
pub const REFRESH_TOKEN: &str = "sandbox-refresh-token";

/// Most access tokens, and most refresh tokens, that are good at once; the oldest give way.
const MAX_TOKENS: usize = 10_000;
/// Longest lifetime of an access token.
const MAX_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);
/// The user that every token belongs to.
pub(crate) const USER_ID: u64 = 7_700_123;

/// What a token request is answered with.
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

#[derive(Debug)]
pub(crate) struct Tokens {
    lifetime: Duration,
    rotate: bool,
    store: Mutex<Store>,
}

#[derive(Debug)]
struct Store {
    /// Access tokens and when they end.
    access: Newest<String, Instant>,
    refresh: Newest<String, ()>,
    /// The credential issued last.
    present: Credential,
}

impl Tokens {
    /// The initial credential. `rotate` says whether a refresh also replaces the refresh token.
    pub(crate) fn new(lifetime: Duration, rotate: bool) -> Self {
        let lifetime = lifetime.min(MAX_LIFETIME);
        let present = credential(ACCESS_TOKEN.to_owned(), REFRESH_TOKEN.to_owned(), lifetime);
        let mut store = Store { access: Newest::of(MAX_TOKENS), refresh: Newest::of(MAX_TOKENS), present };
        store.access.insert(ACCESS_TOKEN.to_owned(), Instant::now() + lifetime);
        store.refresh.insert(REFRESH_TOKEN.to_owned(), ());
        Self { lifetime, rotate, store: Mutex::new(store) }
    }

    /// Whether the access token is known and not expired.
    pub(crate) fn is_good(&self, access_token: &str) -> bool {
        self.lock().access.get(access_token).is_some_and(|&end| Instant::now() < end)
    }

    /// A new credential, as for an authorization code.
    pub(crate) fn issue(&self) -> Credential {
        self.lock().issue(new_token("refresh"), self.lifetime)
    }

    /// A new credential for a refresh token; none when that is not good.
    pub(crate) fn refresh(&self, refresh_token: &str) -> Option<Credential> {
        self.lock().exchange(refresh_token, self.rotate, self.lifetime)
    }

    /// A new credential for the present one's refresh token; none when that is not good.
    pub(crate) fn refresh_present(&self) -> Option<Credential> {
        let mut store = self.lock();
        let refresh_token = store.present.refresh_token.clone();
        store.exchange(&refresh_token, self.rotate, self.lifetime)
    }

    /// The credential issued last.
    pub(crate) fn present(&self) -> Credential {
        self.lock().present.clone()
    }

    /// Every access token issued so far is expired from now on.
    pub(crate) fn expire(&self) {
        self.lock().access.clear();
    }

    /// Every refresh token issued so far is invalid from now on.
    pub(crate) fn revoke(&self) {
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
        self.present = credential(new_token("access"), refresh_token, lifetime);
        self.access.insert(self.present.access_token.clone(), Instant::now() + lifetime);
        self.refresh.insert(self.present.refresh_token.clone(), ());
        self.present.clone()
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
    fn a_refresh_rotates_and_uses_the_old_token_up() {
        let tokens = Tokens::new(HOUR, true);
        let next = tokens.refresh(REFRESH_TOKEN).expect("the initial refresh token is good");
        assert!(tokens.is_good(&next.access_token) && tokens.is_good(ACCESS_TOKEN));
        assert_ne!(next.refresh_token, REFRESH_TOKEN);
        assert!(tokens.refresh(REFRESH_TOKEN).is_none());
        assert!(tokens.refresh(&next.refresh_token).is_some());
    }

    #[test]
    fn without_rotation_the_refresh_token_stays() {
        let tokens = Tokens::new(HOUR, false);
        for _ in 0..2 {
            let next = tokens.refresh(REFRESH_TOKEN).expect("the refresh token stays good");
            assert_eq!(next.refresh_token, REFRESH_TOKEN);
        }
    }

    #[test]
    fn tokens_end_by_time_by_order_and_by_revocation() {
        assert!(!Tokens::new(Duration::ZERO, true).is_good(ACCESS_TOKEN));
        let tokens = Tokens::new(HOUR, true);
        tokens.expire();
        assert!(!tokens.is_good(ACCESS_TOKEN));
        assert!(tokens.is_good(&tokens.refresh_present().expect("expiry leaves refresh tokens").access_token));
        tokens.revoke();
        assert!(tokens.refresh_present().is_none());
    }
}
