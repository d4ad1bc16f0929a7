//! An OAuth2 credential as the platform keeps it.

use elasticio_runtime::platform::step_data::OAuthFields;
use secrecy::SecretString;

/// Tokens, and whatever else the token endpoint answered. Its debug print shows nothing.
#[derive(Clone)]
pub struct OAuth {
    /// What the API is called with.
    pub(super) access_token: SecretString,
    /// What a new access token is requested with.
    pub(super) refresh_token: Option<SecretString>,
    /// The whole object, tokens included: what is stored after a refresh.
    pub(super) fields: OAuthFields,
}

impl OAuth {
    /// Reads the object; `None` when it has no access token. An empty one is reported when it is needed.
    #[must_use]
    pub fn read(fields: OAuthFields) -> Option<Self> {
        let text = |name: &str| fields.get(name)?.as_str();
        let access_token = text("access_token")?.into();
        let refresh_token = text("refresh_token").filter(|token| !token.is_empty()).map(SecretString::from);
        Some(Self { access_token, refresh_token, fields })
    }
}

impl std::fmt::Debug for OAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth").finish_non_exhaustive()
    }
}
