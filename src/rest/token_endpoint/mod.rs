//! The OAuth2 token endpoint: the refresh grant (RFC 6749, section 6) and the authorization-code grant (section 4.1), with the `oauth2` crate on the component's own
//! HTTP client. An endpoint whose path ends in `/v2` takes JSON, any other a form; in the wrong encoding, Podio
//! complains about the client's credentials.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, RedirectUrl, RefreshToken, TokenUrl, basic::BasicClient,
};
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use elasticio_runtime::{
    http::{self, SendError, body::ReadError},
    stop::Stop,
    telemetry::{HttpCall, path_template},
};

use super::{ClientSettings, profile::Profile, retry_after::requested_wait};

mod error;
mod response;

pub(super) use error::RefreshError;
use error::{TransportError, refresh_error};
use response::{fields_of, normalized};

/// The result of a refresh: the fields to store, including the tokens.
pub(super) type TokenFields = Map<String, Value>;

/// The wait after a rate limit that does not ask for one.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// Size limit of an answer, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;
/// Attempts of one refresh. They are few, since a lost answer may have used up the refresh token.
const ATTEMPTS: usize = 3;
/// Delay between attempts.
const ATTEMPT_DELAY: Duration = Duration::from_millis(500);

/// The endpoint, and the client that calls it.
pub(super) struct TokenEndpoint {
    profile: &'static Profile,
    http: http::Client,
    timeout: Duration,
    client: BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
    json: bool,
}

impl TokenEndpoint {
    /// The endpoint that the settings name; `None` without a client id and secret.
    pub(super) fn from_settings(
        profile: &'static Profile,
        http: http::Client,
        settings: &ClientSettings,
    ) -> Option<Self> {
        let (id, secret) = (settings.client_id.as_ref()?, settings.client_secret.as_ref()?);
        Some(Self::new(profile, http, &settings.token_url, id, secret, settings.timeout))
    }

    fn new(
        profile: &'static Profile,
        http: http::Client,
        url: &Url,
        id: &str,
        secret: &SecretString,
        timeout: Duration,
    ) -> Self {
        let client = BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(url.clone()));
        Self { profile, http, timeout, client, json: url.path().trim_end_matches('/').ends_with("/v2") }
    }

    /// Exchanges `refresh_token` for new tokens. A stop prevents further attempts but does not abort a running one.
    pub(super) async fn refresh(&self, refresh_token: &SecretString, stop: &Stop) -> Result<TokenFields, RefreshError> {
        use backon::{ConstantBuilder, Retryable};
        let again = ConstantBuilder::default().with_delay(ATTEMPT_DELAY).with_max_times(ATTEMPTS - 1);
        (|| self.attempt(refresh_token)).retry(again).when(|error| error.is_transient() && !stop.is_requested()).await
    }

    async fn attempt(&self, refresh_token: &SecretString) -> Result<TokenFields, RefreshError> {
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let answer = self
            .client
            .exchange_refresh_token(&token)
            .request_async(self)
            .await
            .map_err(|error| refresh_error(self.profile.name, error))?;
        Ok(fields_of(&answer))
    }

    /// Exchanges the code of a consent, which was given for `redirect`, for tokens. Makes one attempt: a code works once.
    pub(super) async fn exchange(&self, code: &SecretString, redirect: &Url) -> Result<TokenFields, RefreshError> {
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let answer = self
            .client
            .exchange_code(code)
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect.clone())))
            .request_async(self)
            .await
            .map_err(|error| refresh_error(self.profile.name, error))?;
        Ok(fields_of(&answer))
    }

    /// Sends one request, in the endpoint's encoding.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (parts, form) = request.into_parts();
        let (content_type, body) = if self.json {
            ("application/json", form_to_json(&form))
        } else {
            ("application/x-www-form-urlencoded", form)
        };
        let call = self.http.post(parts.uri.to_string()).header(CONTENT_TYPE, content_type);
        let deadline = Instant::now() + self.timeout;
        let counted =
            HttpCall::begin("token_endpoint", "POST", 0, || path_template(parts.uri.path(), self.profile.route_words));
        let answer = match self.http.send(call.body(body), deadline).await {
            Ok(answer) => answer,
            Err(error) => {
                counted.failed(error.kind());
                return Err(unanswered(error));
            }
        };
        counted.answered(answer.status().as_u16());
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = http::body::read(answer, MAX_ANSWER, deadline).await.map_err(|error| match error {
            ReadError::Broken(error) => lost(&error),
            ReadError::Late => TransportError::Unanswered(error.to_string()),
            ReadError::TooLarge | ReadError::NoMemory(_) => TransportError::Unusable(error.to_string()),
        })?;
        match status.as_u16() {
            status if self.profile.is_rate_limit(status) => {
                let in_body = (self.profile.wait_in_body)(&body);
                let wait = requested_wait(&headers, in_body, SystemTime::now());
                Err(TransportError::Limited(wait.unwrap_or(DEFAULT_WAIT)))
            }
            code @ 500.. => Err(match requested_wait(&headers, None, SystemTime::now()) {
                Some(wait) if wait > ATTEMPT_DELAY => TransportError::Limited(wait),
                _ => TransportError::Unanswered(format!("status {code}")),
            }),
            code @ 300..400 => Err(TransportError::Misconfigured(format!(
                "it answered {code}, a redirect; set {} to where it leads",
                self.profile.settings.token_url
            ))),
            _ => {
                let mut response = HttpResponse::new(normalized(&body));
                *response.status_mut() = status;
                Ok(response)
            }
        }
    }
}

/// A call without an answer.
fn unanswered(error: SendError) -> TransportError {
    match error {
        // The refresh token may be used up.
        SendError::Unreadable(what) => TransportError::Unusable(what),
        error if error.is_transient() => TransportError::Unanswered(error.to_string()),
        error => TransportError::Misconfigured(error.to_string()),
    }
}

/// A call without a usable answer. One that came and cannot be read has used up the refresh token, perhaps, so the call
/// is not repeated.
fn lost(error: &reqwest::Error) -> TransportError {
    match http::unreadable(error) {
        Some(what) => TransportError::Unusable(what),
        None => TransportError::Unanswered(http::reason(error)),
    }
}

impl<'c> AsyncHttpClient<'c> for TokenEndpoint {
    type Error = TransportError;
    type Future = BoxFuture<'c, Result<HttpResponse, TransportError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn form_to_json(form: &[u8]) -> Vec<u8> {
    let fields: TokenFields = url::form_urlencoded::parse(form)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    serde_json::to_vec(&fields).expect("text fields serialize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_json() {
        assert_eq!(form_to_json(b"grant_type=refresh_token&a=b%26c"), br#"{"a":"b&c","grant_type":"refresh_token"}"#);
    }
}
