//! The command line, and the files that it refers to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser};
use podio_sandbox::{Answers, Options, RateLimit, default_step};
use serde::de::DeserializeOwned;

/// A stand-in for Podio's API, its token endpoint and the integration platform's REST API that can be scripted to fail.
///
/// Prints `podio http://IP:PORT` and `platform http://IP:PORT` once it listens, logs to standard error, and stops on
/// SIGTERM or SIGINT. Without scripted answers it behaves as Podio and the platform do, in memory. While it runs,
/// `PUT /_sandbox/answers` scripts answers and `GET /_sandbox/calls` returns the calls so far; `/_sandbox/` is a page for
/// both.
#[derive(Debug, Parser)]
#[command(name = "podio-sandbox", version)]
#[command(after_help = concat!(
    "Examples:\n",
    "  podio-sandbox --answer 'GET /user=status:420,times:2,then:normal'\n",
    "      the first two calls of /user hit the rate limit, later ones do not\n",
    "  podio-sandbox --podio 127.0.0.1:0 --token-lifetime 60\n",
    "      a free port for Podio; access tokens expire after a minute\n",
    "  curl -H 'authorization: Bearer sandbox-access-token' http://127.0.0.1:8090/user\n",
    "      the access token sandbox-access-token is valid from the start\n\n",
    "Client: sandbox-client, sandbox-secret. Refresh token: sandbox-refresh-token.",
))]
pub(crate) struct Cli {
    /// Address of Podio's API and token endpoint; port 0 picks a free port
    #[arg(long, value_name = "ADDR", env = "SANDBOX_PODIO", default_value = "127.0.0.1:8090")]
    podio: SocketAddr,

    /// Address of the platform's REST API and object storage; port 0 picks a free port
    #[arg(long, value_name = "ADDR", env = "SANDBOX_PLATFORM", default_value = "127.0.0.1:8091")]
    platform: SocketAddr,

    /// JSON file of scripted answers: {"podio": {"METHOD /path": [{"status": 500}, …]}, "platform": {…}}
    #[arg(long, value_name = "FILE", env = "SANDBOX_ANSWERS")]
    answers: Option<PathBuf>,

    /// A scripted answer of Podio or, after the word `platform`, of the platform. Repeatable; in the environment variable,
    /// one per line
    ///
    /// Keys: status, delay (seconds), times, size, reset (true or midbody), after (true: the call is executed first), normal
    /// (true: no scripted answer this time), reason, then (normal or again), header (name=value), and at the end json or
    /// text, whose value extends to the end of the line. A path's last answer repeats unless it has then. These answers
    /// follow those that the file has for the same path.
    #[arg(long, value_name = "METHOD /path=KEY:VALUE,…", env = "SANDBOX_ANSWER", value_delimiter = '\n')]
    answer: Vec<String>,

    /// Give only scripted answers: every other call is answered with 404, except for step data and object storage, and no
    /// authorization is required
    #[arg(long, env = "SANDBOX_ONLY_ANSWERS", value_parser = BoolishValueParser::new())]
    only_answers: bool,

    /// Podio's rate limit, e.g. 1000/3600; calls of the token endpoint do not count
    #[arg(long, value_name = "CALLS/SECONDS", env = "SANDBOX_RATE_LIMIT")]
    rate_limit: Option<RateLimit>,

    /// Podio's smaller rate limit, e.g. 250/3600, of the calls that its documentation marks "Rate limited": creating,
    /// filtering and searching items. Beyond it every call is refused
    #[arg(long, value_name = "CALLS/SECONDS", env = "SANDBOX_RATE_LIMIT_MARKED")]
    rate_limit_marked: Option<RateLimit>,

    /// How long access tokens are valid
    #[arg(long, value_name = "SECONDS", env = "SANDBOX_TOKEN_LIFETIME", default_value_t = 28_800)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    token_lifetime: u64,

    /// Whether a refresh also replaces the refresh token and makes the old one invalid
    #[arg(long, value_name = "BOOL", env = "SANDBOX_ROTATE", default_value_t = true, action = ArgAction::Set)]
    #[arg(value_parser = BoolishValueParser::new())]
    rotate: bool,

    /// JSON file of step data [default: the credential is the platform secret `sandbox-secret-id`]
    #[arg(long, value_name = "FILE", env = "SANDBOX_STEP")]
    step: Option<PathBuf>,
}

impl Cli {
    /// Reads the files and returns the options.
    pub(crate) fn options(self) -> anyhow::Result<Options> {
        let mut answers: Answers = self.answers.as_deref().map(read).transpose()?.unwrap_or_default();
        for short in self.answer.iter().filter(|short| !short.trim().is_empty()) {
            answers.push_short(short)?;
        }
        Ok(Options {
            podio: self.podio,
            platform: self.platform,
            answers,
            only_answers: self.only_answers,
            rate_limit: self.rate_limit,
            marked_rate_limit: self.rate_limit_marked,
            token_lifetime: Duration::from_secs(self.token_lifetime),
            rotate: self.rotate,
            step: self.step.as_deref().map(read).transpose()?.unwrap_or_else(default_step),
        })
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} does not have the expected form", file.display()))
}
