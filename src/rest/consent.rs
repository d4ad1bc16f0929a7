//! A credential by consent: the authorization-code grant (RFC 6749, section 4.1), for `login`.

use anyhow::{Context, Result, bail};
use elasticio_runtime::{http, platform::step_data::OAuthFields};
use secrecy::SecretString;
use url::Url;

use super::{ClientSettings, profile::Profile, token_endpoint::TokenEndpoint};

/// The address at which a person consents.
///
/// # Errors
/// When there is no client id.
pub(crate) fn authorize_url(profile: &Profile, settings: &ClientSettings, redirect: &Url, state: &str) -> Result<Url> {
    let names = &profile.settings;
    let Some(id) = settings.client_id.as_deref().filter(|_| settings.client_secret.is_some()) else {
        bail!("set {} and {}, which {} gave you for your API key", names.client_id, names.client_secret, profile.name)
    };
    let mut url = settings.authorize_url.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", id)
        .append_pair("redirect_uri", redirect.as_str())
        .append_pair("state", state);
    Ok(url)
}

/// Exchanges a code for tokens.
///
/// # Errors
/// When the token endpoint refuses the code or the client, or gives no answer.
pub(crate) async fn exchange(
    user_agent: &str,
    profile: &'static Profile,
    settings: &ClientSettings,
    code: &SecretString,
    redirect: &Url,
) -> Result<OAuthFields> {
    let http = http::Client::without_redirects(user_agent)?;
    let endpoint = TokenEndpoint::from_settings(profile, http, settings).context("there is no client id and secret")?;
    endpoint.exchange(code, redirect).await.map_err(|error| {
        let names = &profile.settings;
        if error.is_invalid_grant() {
            return anyhow::anyhow!("{error}: the code was used already or has expired; run login again");
        }
        anyhow::anyhow!("{error}. Check {}, {} and {}", names.client_id, names.client_secret, names.token_url)
    })
}
