//! A token response (RFC 6749, section 5.1): made acceptable for the `oauth2` crate, and what is stored of it.

use oauth2::{TokenResponse, basic::BasicTokenResponse};
use serde_json::Value;

use super::TokenFields;

/// The fields to store of a token response.
pub(super) fn fields_of(answer: &BasicTokenResponse) -> TokenFields {
    let mut fields = TokenFields::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("access_token", answer.access_token().secret().as_str().into());
    put("token_type", "bearer".into());
    if let Some(refresh_token) = answer.refresh_token() {
        put("refresh_token", refresh_token.secret().as_str().into());
    }
    if let Some(lifetime) = answer.expires_in() {
        put("expires_in", lifetime.as_secs().into());
    }
    fields
}

/// Rewrites a token response so that the `oauth2` crate accepts it: `expires_in` may be text, and `token_type` may be
/// missing. A malformed field is dropped rather than reported, since the tokens beside it may be the only valid ones.
pub(super) fn normalized(body: &[u8]) -> Vec<u8> {
    let Ok(mut fields) = serde_json::from_slice::<TokenFields>(body) else {
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
    // An empty token must not replace the stored one.
    for token in ["access_token", "refresh_token"] {
        if fields.get(token).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            fields.remove(token);
        }
    }
    // Nothing here needs the scope, and Podio's form of it may be rejected.
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
    fn malformed_responses_are_normalized() {
        let fields: TokenFields =
            serde_json::from_slice(&normalized(br#"{"access_token":"t","expires_in":"28800"}"#)).expect("JSON");
        assert_eq!(fields["expires_in"], 28800);
        assert_eq!(fields["token_type"], "bearer");
        for odd in ["28800.5", "-1", "\"soon\"", "null", "[1]"] {
            let body = format!(r#"{{"access_token":"t","refresh_token":"","expires_in":{odd}}}"#);
            let fields: TokenFields = serde_json::from_slice(&normalized(body.as_bytes())).expect("JSON");
            assert_eq!(
                fields,
                TokenFields::from_iter([("access_token".into(), "t".into()), ("token_type".into(), "bearer".into())]),
                "{odd}"
            );
        }
        assert_eq!(normalized(br#"{"access_token":""}"#), b"{}");
        assert_eq!(normalized(b"<html>"), b"<html>");
    }
}
