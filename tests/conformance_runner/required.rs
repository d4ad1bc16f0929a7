//! Which scenarios must hold.

/// Prefixes of the names of the scenarios that must hold; the others are reported as not yet holding.
const REQUIRED: [&str; 16] = [
    "url-", "method-", "post-", "get-", "put-", "delete-", "resp-", "status-", "retries-", "net-", "cred-", "custom-",
    "bad-", "body-", "fn-", "stop-",
];

/// Must the scenario `name` hold?
pub(crate) fn is_required(name: &str) -> bool {
    REQUIRED.iter().any(|prefix| name.starts_with(prefix))
}
