//! The settings of calls to Podio.

use std::time::Duration;

use url::Url;

use super::{
    PodioSettings, SettingsError, Source,
    commands::{HTTP, in_range},
    reader::{Reader, leading_digits},
    variables as v,
};

impl PodioSettings {
    /// Reads what is needed to call Podio, and nothing of the platform.
    ///
    /// # Errors
    /// Names every variable that is malformed.
    pub fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let settings = settings(&mut reader);
        reader.finish(settings)
    }
}

/// An address and nothing beside it: what else it holds would be lost, or go out with every call.
fn bare_url(reader: &mut Reader<'_>, variable: v::Variable) -> Url {
    let url = reader.url(variable, HTTP);
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        reader.problem(variable, "must have no user, password, query (?) or fragment (#)");
    }
    url
}

pub(super) fn settings(reader: &mut Reader<'_>) -> PodioSettings {
    let server_retries = reader
        .optional(v::API_RETRIES_COUNT)
        .map(|text| in_range(leading_digits(&text), 0..=5, 3))
        .map(|count| u32::try_from(count).unwrap_or(3));
    let timeout = in_range(reader.given_count(v::API_REQUEST_TIMEOUT), 500..=120_000, 15_000);
    PodioSettings {
        api_url: bare_url(reader, v::PODIO_API_URL),
        token_url: bare_url(reader, v::PODIO_TOKEN_URL),
        client_id: reader.optional(v::PODIO_CLIENT_ID),
        client_secret: reader.optional(v::PODIO_CLIENT_SECRET).map(Into::into),
        max_hold: reader.millis(v::PODIO_MAX_HOLD),
        max_response: reader.bounded(v::PODIO_MAX_RESPONSE_SIZE, usize::MAX),
        server_retries,
        timeout: Duration::from_millis(timeout),
        transfer_timeout: reader.millis(v::PODIO_TRANSFER_TIMEOUT),
    }
}
