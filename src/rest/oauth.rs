//! An OAuth2 credential as the platform stores it.

use elasticio_runtime::platform::step_data::OAuthFields;
use secrecy::SecretString;

/// Tokens, and whatever else the token endpoint returned. Its `Debug` output shows nothing.
#[derive(Clone)]
pub(crate) struct OAuth {
    /// The token for calls to the API.
    pub(super) access_token: SecretString,
    /// The token for a new access token.
    pub(super) refresh_token: Option<SecretString>,
    /// The whole object, including the tokens. It is stored after a refresh.
    pub(super) fields: OAuthFields,
}

impl OAuth {
    /// Reads the object; `None` if it has no access token. An empty token is reported later, when it is needed.
    #[must_use]
    pub(crate) fn read(fields: OAuthFields) -> Option<Self> {
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
