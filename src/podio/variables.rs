//! The variables of this component, with defaults and meanings. The runtime has its own list for those that every
//! component reads; a test keeps the table in `docs/configuration.md` equal to both.

use elasticio_runtime::settings::Unset::{Count, None, NoneOrWithin, Text, Within};

elasticio_runtime::variables! {
    API_RETRIES_COUNT = "API_RETRIES_COUNT", NoneOrWithin { min: 0, max: 5, otherwise: 3 }, "0 to 5: retries on 5xx and network errors of Podio, instead of the credential's `retries`; out of range: 3.";
    API_REQUEST_TIMEOUT = "API_REQUEST_TIMEOUT", Within { default: 15_000, min: 500, max: 120_000 }, "Time-out of one call to Podio in milliseconds, 500 to 120000; out of range: 15000.";
    PODIO_API_URL = "PODIO_API_URL", Text("https://api.podio.com"), "Base address of Podio's API; the token is never sent to another origin.";
    PODIO_TOKEN_URL = "PODIO_TOKEN_URL", Text("https://podio.com/oauth/token"), "Podio's token endpoint; if its path ends in `/v2` it is sent JSON, otherwise a form.";
    PODIO_AUTHORIZE_URL = "PODIO_AUTHORIZE_URL", Text("https://podio.com/oauth/authorize"), "`login`: Podio's page for the consent to the use of an account.";
    PODIO_CLIENT_ID = "PODIO_CLIENT_ID", None, "Client id for refreshing tokens that the platform does not refresh.";
    PODIO_CLIENT_SECRET = "PODIO_CLIENT_SECRET", None, "Client secret for the same purpose (a secret).";
    PODIO_MAX_HOLD = "PODIO_MAX_HOLD", Count(60_000), "Longest wait in milliseconds; if an answer asks for a longer one, the message is rebounded.";
    PODIO_MAX_MESSAGE_TIME = "PODIO_MAX_MESSAGE_TIME", Count(1_500_000), "Longest time in milliseconds for the calls of one message, with retries and waits; keep it below the broker's `consumer_timeout`.";
    PODIO_MAX_RESPONSE_SIZE = "PODIO_MAX_RESPONSE_SIZE", Count(104_857_600), "Size limit of an answer from Podio in bytes; a larger one is an error.";
    PODIO_TRANSFER_TIMEOUT = "PODIO_TRANSFER_TIMEOUT", Count(3_600_000), "Time-out of a file's upload or download in milliseconds, within `PODIO_MAX_MESSAGE_TIME`.";
    PODIO_STALL_TIMEOUT = "PODIO_STALL_TIMEOUT", Count(120_000), "Longest time in milliseconds that a file's transfer may stand still, on either side.";
    PODIO_UPLOAD_SOURCES = "PODIO_UPLOAD_SOURCES", None, "Where `uploadFile` may fetch from besides the object storage: `public` (public addresses), hosts such as `files.example.com` or `*.example.com`, or both, comma-separated; anywhere when unset.";
    PODIO_ACCESS_TOKEN = "PODIO_ACCESS_TOKEN", None, "`exec`: access token if there is no credential file (a secret).";
    PODIO_REFRESH_TOKEN = "PODIO_REFRESH_TOKEN", None, "`exec`: refresh token if there is no credential file (a secret).";
    PODIO_HTTP_ADDRESS = "PODIO_HTTP_ADDRESS", None, "Where `/livez`, `/readyz` and `/metrics` are served, such as `0.0.0.0:9464`; off when unset.";
    SETTINGS_FILE = "PODIO_COMPONENT_SETTINGS", None, "A TOML file with any of these variables as keys; the environment takes precedence.";
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use elasticio_runtime::settings::variables as runtime;

    use super::*;

    #[test]
    fn the_table_of_the_document_matches_both_lists() {
        let mut table = String::from("| variable | default | meaning |\n|---|---|---|\n");
        for variable in runtime::ALL.iter().chain(ALL) {
            writeln!(table, "| `{}` | {} | {} |", variable.name, variable.default, variable.meaning)
                .expect("writing to a string works");
        }
        let document = include_str!("../../docs/configuration.md");
        assert!(document.contains(&table), "docs/configuration.md differs from the code; its table must be:\n{table}");
    }
}
