//! What the process tells of itself: logs, figures, health. The types that are logged decide what may be logged: secrets
//! print as redacted, errors have a separate text for logs. Knows no other module but the settings.

mod bunyan;
mod escape;
mod health;
mod http_call;
mod log;
mod metrics;
mod path_template;
mod rate_limit;
mod server;
mod settings;
mod text;
mod totals;
pub(crate) mod traces;
mod wait;

use anyhow::Context as _;

pub use http_call::HttpCall;
pub(crate) use log::FATAL;
pub use log::OWNER;
pub use metrics::{Metrics, metrics};
pub use path_template::path_template;
pub use rate_limit::rate_limit_left;
pub use totals::{Retried, Totals, totals};
pub use wait::{WaitReason, waiting};

pub(crate) use health::{alive, health};
pub(crate) use log::{LogTarget, start};
pub(crate) use metrics::{InUse, Operation};
pub(crate) use settings::HttpAddress;

use log::Speakers;

/// Keeps figures and serves them from now on.
///
/// # Errors
/// If the address cannot be used; the text names its variable.
pub(crate) fn serve(at: HttpAddress, prefix: &str, version: &str, revision: &str) -> anyhow::Result<()> {
    let HttpAddress { variable, address } = at;
    let metrics = Metrics::start(prefix, version, revision).context("figures cannot be kept")?;
    server::start(address, metrics)
        .with_context(|| format!("health and metrics cannot be served on {address}. Check {variable}"))
}
