//! The platform's answer with a secret.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The credentials that a secret holds, as the platform stores them.
#[derive(Deserialize)]
pub struct SecretCredentials {
    /// The access token to call the third-party API with.
    pub access_token: SecretString,
    /// When the token expires, as whoever stored it says.
    #[serde(default)]
    pub expires_at: Option<Box<RawValue>>,
    /// How long the token lives, as whoever stored it says.
    #[serde(default)]
    pub expires_in: Option<Box<RawValue>>,
    /// Further fields of the credential form, a JSON object.
    #[serde(default)]
    pub fields: Option<Box<RawValue>>,
}

/// The platform's answer with a secret.
#[derive(Deserialize)]
pub(super) struct SecretAnswer {
    pub(super) data: SecretData,
}

#[derive(Deserialize)]
pub(super) struct SecretData {
    pub(super) attributes: SecretAttributes,
}

#[derive(Deserialize)]
pub(super) struct SecretAttributes {
    pub(super) credentials: SecretCredentials,
}

impl std::fmt::Debug for SecretCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretCredentials").finish_non_exhaustive()
    }
}
