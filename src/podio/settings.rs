//! Reads the settings of calls to Podio.

use std::time::Duration;

use elasticio_runtime::{http::Reach, settings::Reader};

use super::variables as v;
use crate::rest::ClientSettings;

/// Reads the client's settings.
pub(crate) fn read(reader: &mut Reader<'_>) -> ClientSettings {
    for token in [v::PODIO_ACCESS_TOKEN, v::PODIO_REFRESH_TOKEN] {
        // Another command uses it.
        reader.conceal(token);
    }
    let server_retries = reader.given_within(v::API_RETRIES_COUNT);
    ClientSettings {
        api_url: reader.bare_http_url(v::PODIO_API_URL),
        token_url: reader.bare_http_url(v::PODIO_TOKEN_URL),
        authorize_url: reader.bare_http_url(v::PODIO_AUTHORIZE_URL),
        client_id: reader.optional(v::PODIO_CLIENT_ID),
        client_secret: reader.optional_secret(v::PODIO_CLIENT_SECRET),
        max_hold: reader.millis(v::PODIO_MAX_HOLD),
        max_message_time: reader.millis(v::PODIO_MAX_MESSAGE_TIME),
        max_response: reader.bounded(v::PODIO_MAX_RESPONSE_SIZE, usize::MAX),
        server_retries: server_retries.map(|count| u32::try_from(count).unwrap_or(3)),
        timeout: Duration::from_millis(reader.within(v::API_REQUEST_TIMEOUT)),
        transfer_timeout: reader.millis(v::PODIO_TRANSFER_TIMEOUT),
        stall_timeout: reader.millis(v::PODIO_STALL_TIMEOUT),
        upload_sources: upload_sources(reader),
    }
}

fn upload_sources(reader: &mut Reader<'_>) -> Option<Reach> {
    let variable = v::PODIO_UPLOAD_SOURCES;
    let sources = Reach::parse(&reader.optional(variable)?, variable.name);
    sources.map_err(|problem| reader.problem(variable, &problem)).ok()
}
