//! The OAuth2 token endpoint: the refresh grant (RFC 6749, section 6), by the `oauth2` crate over the component's own
//! HTTP client. Two encodings: a path that ends in `/v2` takes JSON, any other a form; the wrong one looks like bad
//! client data.

use std::time::Duration;

use futures_util::future::BoxFuture;
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    RefreshToken, TokenResponse, TokenUrl, basic::BasicClient,
};
use reqwest::{Client, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use elasticio_runtime::{
    http::{self, body::ReadError},
    stop::Stop,
};

use super::{ClientSettings, profile::Profile, retry_after::named_wait};

mod error;

pub(super) use error::RefreshError;
use error::{Transport, refresh_error};

/// What a refresh gave: the fields to store, tokens included.
pub(super) type Fields = Map<String, Value>;

/// The wait after a 420 that names none.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);
/// Bytes of the largest answer that is kept.
const MAX_ANSWER: usize = 1024 * 1024;
/// Attempts of one refresh; a lost answer may have spent the refresh token, so there are few.
const ATTEMPTS: usize = 3;
/// Wait between them.
const ATTEMPT_DELAY: Duration = Duration::from_millis(500);

/// The endpoint with the client that calls it.
pub(super) struct TokenEndpoint {
    profile: &'static Profile,
    http: Client,
    timeout: Duration,
    client: BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
    json: bool,
}

impl TokenEndpoint {
    /// The endpoint of the settings; `None` without a client id and secret.
    pub(super) fn of_settings(profile: &'static Profile, http: Client, settings: &ClientSettings) -> Option<Self> {
        let (id, secret) = (settings.client_id.as_ref()?, settings.client_secret.as_ref()?);
        Some(Self::new(profile, http, &settings.token_url, id, secret, settings.timeout))
    }

    fn new(
        profile: &'static Profile,
        http: Client,
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

    /// Spends `refresh_token` for new tokens. A try that is under way ends; none begins after `stop`.
    pub(super) async fn refresh(&self, refresh_token: &SecretString, stop: &Stop) -> Result<Fields, RefreshError> {
        use backon::{ConstantBuilder, Retryable};
        let again = ConstantBuilder::default().with_delay(ATTEMPT_DELAY).with_max_times(ATTEMPTS - 1);
        (|| self.attempt(refresh_token)).retry(again).when(|error| error.is_transient() && !stop.is_requested()).await
    }

    async fn attempt(&self, refresh_token: &SecretString) -> Result<Fields, RefreshError> {
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let answer = self
            .client
            .exchange_refresh_token(&token)
            .request_async(self)
            .await
            .map_err(|error| refresh_error(self.profile.name, error))?;
        let mut fields = Fields::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("access_token", answer.access_token().secret().as_str().into());
        put("token_type", "bearer".into());
        if let Some(refresh_token) = answer.refresh_token() {
            put("refresh_token", refresh_token.secret().as_str().into());
        }
        if let Some(lifetime) = answer.expires_in() {
            put("expires_in", lifetime.as_secs().into());
        }
        Ok(fields)
    }

    /// Carries one request out, in the encoding that the endpoint takes.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Transport> {
        let (parts, form) = request.into_parts();
        let (content_type, body) = if self.json {
            ("application/json", form_to_json(&form))
        } else {
            ("application/x-www-form-urlencoded", form)
        };
        let answer = self
            .http
            .post(parts.uri.to_string())
            .header(CONTENT_TYPE, content_type)
            .timeout(self.timeout)
            .body(body)
            .send()
            .await
            .map_err(|error| Transport::Unanswered(http::reason(&error)))?;
        let status = answer.status();
        let retry_after =
            answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok().map(str::to_owned));
        let body = http::body::read(answer, MAX_ANSWER).await.map_err(|error| match error {
            ReadError::Broken(_) => Transport::Unanswered(error.to_string()),
            ReadError::TooLarge => Transport::Unusable(error.to_string()),
        })?;
        match status.as_u16() {
            status if self.profile.is_rate_limit(status) => {
                let in_body = (self.profile.wait_in_body)(&body);
                let wait = named_wait(retry_after.as_deref(), in_body, std::time::SystemTime::now());
                Err(Transport::Limited(wait.unwrap_or(UNNAMED_WAIT)))
            }
            code @ 500.. => Err(Transport::Unanswered(format!("status {code}"))),
            code @ 300..400 => Err(Transport::Unusable(format!(
                "status {code}, a redirect; set {} to where it leads",
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

impl<'c> AsyncHttpClient<'c> for TokenEndpoint {
    type Error = Transport;
    type Future = BoxFuture<'c, Result<HttpResponse, Transport>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn form_to_json(form: &[u8]) -> Vec<u8> {
    let fields: Fields = url::form_urlencoded::parse(form)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    serde_json::to_vec(&fields).expect("text fields serialize")
}

/// A token response that the `oauth2` crate reads: `expires_in` may come as text, `token_type` not at all. An odd field
/// beside a token is dropped, so that the token is not lost over it: it may be the only one that is good from now on.
fn normalized(body: &[u8]) -> Vec<u8> {
    let Ok(mut fields) = serde_json::from_slice::<Fields>(body) else {
        return body.to_vec();
    };
    let seconds = match fields.remove("expires_in") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_u64(),
        None => None,
    };
    if let Some(seconds) = seconds {
        fields.insert("expires_in".to_owned(), seconds.into());
    }
    // An empty token is none: it does not replace the one that is stored.
    for token in ["access_token", "refresh_token"] {
        if fields.get(token).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            fields.remove(token);
        }
    }
    // Scope pairs hold colons and Podio may answer any form of them; nothing here reads it.
    fields.remove("scope");
    if fields.contains_key("access_token") {
        fields.insert("token_type".to_owned(), "bearer".into());
    }
    serde_json::to_vec(&fields).unwrap_or_else(|_| body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_json() {
        assert_eq!(form_to_json(b"grant_type=refresh_token&a=b%26c"), br#"{"a":"b&c","grant_type":"refresh_token"}"#);
    }

    #[test]
    fn odd_responses_are_made_readable() {
        let fields: Fields =
            serde_json::from_slice(&normalized(br#"{"access_token":"t","expires_in":"28800"}"#)).expect("JSON");
        assert_eq!(fields["expires_in"], 28800);
        assert_eq!(fields["token_type"], "bearer");
        for odd in ["28800.5", "-1", "\"soon\"", "null", "[1]"] {
            let body = format!(r#"{{"access_token":"t","refresh_token":"","expires_in":{odd}}}"#);
            let fields: Fields = serde_json::from_slice(&normalized(body.as_bytes())).expect("JSON");
            assert_eq!(
                fields,
                Fields::from_iter([("access_token".into(), "t".into()), ("token_type".into(), "bearer".into())]),
                "{odd}"
            );
        }
        assert_eq!(normalized(br#"{"access_token":""}"#), b"{}");
        assert_eq!(normalized(b"<html>"), b"<html>");
    }
}
