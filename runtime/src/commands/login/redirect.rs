//! Where a browser is sent after the consent (RFC 6749, section 4.1.2): a code, or why there is none.

use secrecy::SecretString;
use url::Url;

/// Why an address holds no code of this login. Never holds the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RedirectError {
    /// It is that of another login, or of an attacker.
    #[error("this address belongs to another login: its \"state\" is not the one of this login")]
    WrongState,
    /// There was no consent.
    #[error("the consent was denied (access_denied); run login again to be asked again")]
    Denied,
    /// The server refused.
    #[error("the authorization server refused: {0}")]
    Refused(&'static str),
    /// It is something else.
    #[error("this is not the address to which the browser was sent: it has no \"code\"")]
    NoCode,
}

impl RedirectError {
    /// Whether this login can still succeed: what came is not its answer.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Self::WrongState | Self::NoCode)
    }
}

/// The codes of RFC 6749, section 4.1.2.1; a server may put anything into its code, so no other is repeated.
const CODES: [&str; 6] = [
    "invalid_request",
    "unauthorized_client",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
];

/// The code in an address, which may be a whole one, its path and query, or its query alone.
///
/// # Errors
/// When the state is not `state`, or there is no code.
pub(super) fn code_in(address: &str, state: &str) -> Result<SecretString, RedirectError> {
    let address = address.trim();
    let query = match Url::parse(address) {
        Ok(url) => url.query().unwrap_or_default().to_owned(),
        Err(_) => address.split_once('?').map_or(address, |(_, query)| query).to_owned(),
    };
    let query = query.split('#').next().unwrap_or_default();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let error = field("error");
    if error.is_none() && field("code").is_none_or(str::is_empty) {
        return Err(RedirectError::NoCode);
    }
    if field("state") != Some(state) {
        return Err(RedirectError::WrongState);
    }
    match (error, field("code")) {
        (Some("access_denied"), _) => Err(RedirectError::Denied),
        (Some(error), _) => {
            let code = CODES.into_iter().find(|code| *code == error).unwrap_or("with an unknown code");
            Err(RedirectError::Refused(code))
        }
        (None, code) => Ok(code.unwrap_or_default().into()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_code_is_taken_from_every_part_of_the_address_that_people_paste() {
        for address in [
            "http://127.0.0.1:4711/callback?code=c%2F1&state=st",
            "  http://127.0.0.1:4711/callback?state=st&code=c%2F1&scope=x#top\n",
            "/callback?code=c%2F1&state=st",
            "?code=c%2F1&state=st",
            "code=c%2F1&state=st",
        ] {
            assert_eq!(code_in(address, "st").expect(address).expose_secret(), "c/1");
        }
    }

    #[test]
    fn what_is_no_code_of_this_login_is_told_without_the_code() {
        for (address, error) in [
            ("", RedirectError::NoCode),
            ("http://127.0.0.1/callback", RedirectError::NoCode),
            ("code=&state=st", RedirectError::NoCode),
            ("/favicon.ico", RedirectError::NoCode),
            ("code=s3cret&state=other", RedirectError::WrongState),
            ("code=s3cret", RedirectError::WrongState),
            ("error=access_denied&state=other", RedirectError::WrongState),
            ("error=access_denied&error_description=s3cret&state=st", RedirectError::Denied),
            ("error=invalid_scope&state=st", RedirectError::Refused("invalid_scope")),
            ("error=s3cret&state=st&code=s3cret", RedirectError::Refused("with an unknown code")),
        ] {
            let seen = code_in(address, "st").err();
            assert!(seen.as_ref().is_none_or(|error| !error.to_string().contains("s3cret")));
            assert_eq!(seen, Some(error), "{address}");
        }
    }
}
