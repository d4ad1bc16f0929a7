//! The contenders: how each is started, and how many messages keep it busy for some seconds.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

use crate::payload::{IV, PASSWORD};
use crate::queue::Names;
use crate::setup::Setup;

/// What makes a worker tell of itself.
const OBSERVED: &[(&str, &str)] = &[("LOG_LEVEL", "info"), ("PODIO_HTTP_ADDRESS", "127.77.0.1:9464")];

/// A program that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Contender {
    /// The program under test, which logs errors only and keeps no figures.
    Worker,
    /// The same with log lines at their usual level and with figures.
    Observed,
    /// Another build of the worker, such as the last release.
    Baseline,
    /// The bare loop, without what makes a worker.
    Floor,
    /// The Node.js runtime that the worker replaces.
    Reference,
}

impl Contender {
    /// Whether its program is there.
    pub(crate) fn is_available(self, setup: &Setup) -> bool {
        match self {
            Self::Worker | Self::Observed | Self::Floor => true,
            Self::Baseline => setup.baseline.is_some(),
            Self::Reference => setup.reference.is_some(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Observed => "observed",
            Self::Baseline => "baseline",
            Self::Floor => "floor",
            Self::Reference => "reference",
        }
    }

    /// The number of messages in a run at this prefetch.
    pub(crate) fn messages(self, prefetch: u16) -> usize {
        match (self, prefetch) {
            (Self::Reference, 1) => 100,
            (Self::Reference, 2..=10) => 800,
            (Self::Reference, _) => 3_000,
            (_, 1) => 6_000,
            (_, 2..=10) => 20_000,
            _ => 40_000,
        }
    }

    /// Starts it on a queue, with some more environment variables. With `profile`, it runs under callgrind, which writes its
    /// counts to that file.
    pub(crate) fn start(
        self,
        setup: &Setup,
        names: &Names,
        prefetch: u16,
        more: &[(&str, String)],
        profile: Option<&Path>,
    ) -> Result<Child> {
        let command = match self {
            Self::Worker | Self::Observed => Command::new(&setup.worker),
            Self::Baseline => Command::new(setup.baseline.as_deref().context("there is no baseline")?),
            Self::Floor => Command::new(&setup.floor),
            Self::Reference => reference(setup.reference.as_deref().context("there is no reference runtime")?),
        };
        let mut command = match profile {
            Some(counts) => under_callgrind(command.get_program(), counts),
            None => command,
        };
        command
            .envs(environment(setup, names, prefetch))
            .envs(if self == Self::Observed { OBSERVED } else { &[] }.iter().copied())
            .envs(more.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("the {} cannot be started", self.name()))
    }
}

/// The program under callgrind.
fn under_callgrind(program: &OsStr, counts: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(program);
    command
}

fn reference(folder: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg("node_modules/elasticio-sailor-nodejs/run.js").current_dir(folder);
    command
}

fn environment(setup: &Setup, names: &Names, prefetch: u16) -> Vec<(String, String)> {
    let platform = [
        ("FLOW_ID", "flow"),
        ("EXEC_ID", "exec"),
        ("STEP_ID", "step"),
        ("CONTAINER_ID", "container"),
        ("WORKSPACE_ID", "workspace"),
        ("USER_ID", "user"),
        ("COMP_ID", "component"),
        ("FUNCTION", "makeRawRequest"),
        ("API_URI", &setup.platform),
        ("API_USERNAME", "user"),
        ("API_KEY", "key"),
        ("AMQP_URI", &setup.broker),
        ("LISTEN_MESSAGES_ON", &names.input),
        ("PUBLISH_MESSAGES_TO", &names.exchange),
        ("DATA_ROUTING_KEY", "data"),
        ("ERROR_ROUTING_KEY", "error"),
        ("REBOUND_ROUTING_KEY", "error"),
        ("SNAPSHOT_ROUTING_KEY", "error"),
        ("MESSAGE_CRYPTO_PASSWORD", PASSWORD),
        ("MESSAGE_CRYPTO_IV", IV),
        ("RABBITMQ_PREFETCH_SAILOR", &prefetch.to_string()),
        ("DATA_RATE_LIMIT", "1000000"),
        ("OUTGOING_MESSAGE_SIZE_LIMIT", "100000000"),
        ("COMPONENT_PATH", "/component"),
    ]
    .map(|(name, value)| (format!("ELASTICIO_{name}"), value.to_owned()));
    let other = [("PODIO_API_URL", setup.api.as_str()), ("LOG_LEVEL", "error")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    platform.into_iter().chain(other).collect()
}
