//! Every variable that this component reads besides those of every component, with its default and meaning; the tables
//! of `docs/configuration.md` are held to both lists.

use elasticio_runtime::settings::Unset::{Count, None, Text};

elasticio_runtime::variables! {
    API_RETRIES_COUNT = "API_RETRIES_COUNT", None, "0 to 5: retries on 5xx and network errors of Podio, in place of the credential's number; out of range: 3.";
    API_REQUEST_TIMEOUT = "API_REQUEST_TIMEOUT", Count(15_000), "Milliseconds that one call to Podio may take, 500 to 120000; out of range: 15000.";
    PODIO_API_URL = "PODIO_API_URL", Text("https://api.podio.com"), "Base of Podio's API; no request leaves its origin with a token.";
    PODIO_TOKEN_URL = "PODIO_TOKEN_URL", Text("https://podio.com/oauth/token"), "Podio's token endpoint; a path that ends in `/v2` takes JSON, any other a form.";
    PODIO_CLIENT_ID = "PODIO_CLIENT_ID", None, "Client id, to refresh tokens that the platform does not refresh.";
    PODIO_CLIENT_SECRET = "PODIO_CLIENT_SECRET", None, "Client secret for the same (a secret).";
    PODIO_MAX_HOLD = "PODIO_MAX_HOLD", Count(60_000), "Milliseconds: when Podio asks for a longer wait, the message is rebounded.";
    PODIO_MAX_RESPONSE_SIZE = "PODIO_MAX_RESPONSE_SIZE", Count(104_857_600), "Bytes of Podio's largest answer that is kept; a larger one is an error.";
    PODIO_TRANSFER_TIMEOUT = "PODIO_TRANSFER_TIMEOUT", Count(3_600_000), "Milliseconds that a file may take to be uploaded or downloaded.";
    PODIO_ACCESS_TOKEN = "PODIO_ACCESS_TOKEN", None, "`exec`: access token, when there is no credential file (a secret).";
    PODIO_REFRESH_TOKEN = "PODIO_REFRESH_TOKEN", None, "`exec`: refresh token beside it (a secret).";
    SETTINGS_FILE = "PODIO_COMPONENT_SETTINGS", None, "A TOML file with any of these variables as keys; the environment wins.";
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use elasticio_runtime::settings::variables as runtime;

    use super::*;

    /// The table of `docs/configuration.md` is both lists.
    #[test]
    fn the_document_says_the_same() {
        let mut table = String::from("| variable | default | meaning |\n|---|---|---|\n");
        for variable in runtime::ALL.iter().chain(ALL) {
            writeln!(table, "| `{}` | {} | {} |", variable.name, variable.default, variable.meaning)
                .expect("writing to a string works");
        }
        let document = include_str!("../../docs/configuration.md");
        assert!(document.contains(&table), "docs/configuration.md differs from the code; its table must be:\n{table}");
    }
}
