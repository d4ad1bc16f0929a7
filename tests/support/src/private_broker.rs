//! The broker that tests share, and private ones for tests that break their broker. `scripts/broker` runs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

/// Starting a node takes seconds, installing RabbitMQ on a fresh machine minutes.
const COMMAND_BOUND: Duration = Duration::from_secs(600);

/// The script that starts and stops brokers.
fn script() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "scripts", "broker"].iter().collect()
}

async fn run(arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(script());
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = timeout(COMMAND_BOUND, command.output()).await.context("scripts/broker did not end")??;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scripts/broker {}: {}", arguments.join(" "), errors.trim());
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The URL of the broker that tests share: `AMQP_URL`, or else what `scripts/broker` prints. It is determined once.
pub async fn shared_broker_url() -> Result<String> {
    static URL: OnceCell<String> = OnceCell::const_new();
    let url = URL.get_or_try_init(async || match std::env::var("AMQP_URL") {
        Ok(url) if !url.is_empty() => Ok(url),
        _ => run(&["url"]).await.context("no broker for the tests: start one with scripts/broker start"),
    });
    Ok(url.await?.clone())
}

/// A RabbitMQ node for one test. Dropping it stops the node and removes its data.
#[derive(Debug)]
pub struct PrivateBroker {
    name: String,
    url: String,
}

impl PrivateBroker {
    /// Starts a node on a free port and waits until it answers. `label` becomes part of its name.
    pub async fn start(label: &str) -> Result<Self> {
        Self::start_with(label, &[]).await
    }

    /// Starts a node that listens with TLS as well; returns the port of that too. `folder` holds `tls.conf`, RabbitMQ's
    /// settings, in which PORT and DIR stand for that port and for the folder, and perhaps `enabled_plugins`.
    pub async fn start_with_tls(label: &str, folder: &Path) -> Result<(Self, u16)> {
        let broker = Self::start_with(label, &[&folder.display().to_string()]).await?;
        let port = std::fs::read_to_string(folder.join("port"))?;
        Ok((broker, port.trim().parse().context("scripts/broker did not write the port")?))
    }

    async fn start_with(label: &str, options: &[&str]) -> Result<Self> {
        Self::run_new(label, "private", &[&["0"], options].concat()).await
    }

    /// Starts another node, which joins this one's cluster.
    pub(crate) async fn join(&self, label: &str) -> Result<Self> {
        Self::run_new(label, "private-join", &[&self.name]).await
    }

    async fn run_new(label: &str, command: &str, options: &[&str]) -> Result<Self> {
        /// Nodes start one after the other: several at a time take the machine from the tests that run beside them.
        static STARTS: Mutex<()> = Mutex::const_new(());
        let _start = STARTS.lock().await;
        let name = format!("{label}-{}", std::process::id());
        // Created before the node runs, so that a start that fails half-way is cleaned up, too.
        let mut broker = Self { name, url: String::new() };
        broker.url = run(&[&[command, &broker.name], options].concat()).await?;
        Ok(broker)
    }

    /// Its URL, which a restart does not change.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it gracefully and starts it again; durable queues keep their persistent messages.
    pub async fn restart(&self) -> Result<()> {
        run(&["private-restart", &self.name]).await.map(drop)
    }

    /// Stops it gracefully; it keeps its data until [`Self::start_again`].
    pub async fn halt(&self) -> Result<()> {
        run(&["private-halt", &self.name]).await.map(drop)
    }

    /// Kills it, as a power failure would; it keeps its data until [`Self::start_again`].
    pub async fn kill(&self) -> Result<()> {
        run(&["private-kill", &self.name]).await.map(drop)
    }

    /// Starts it again after [`Self::halt`] or [`Self::kill`], and waits until it answers.
    pub async fn start_again(&self) -> Result<()> {
        run(&["private-start", &self.name]).await.map(drop)
    }

    /// Has its `rabbitmq-queues` do something, and returns what that prints.
    pub(crate) async fn queues(&self, arguments: &[&str]) -> Result<String> {
        run(&[&["private-queues", &self.name], arguments].concat()).await
    }

    /// Has its `rabbitmqctl` do something, and returns what that prints.
    pub async fn ctl(&self, arguments: &[&str]) -> Result<String> {
        run(&[&["private-ctl", &self.name], arguments].concat()).await
    }
}

impl Drop for PrivateBroker {
    fn drop(&mut self) {
        let stopped = std::process::Command::new(script()).args(["private-stop", &self.name]).output();
        if !stopped.is_ok_and(|output| output.status.success()) {
            eprintln!(
                "the private broker {} could not be stopped; stop it with: scripts/broker private-stop {0}",
                self.name
            );
        }
    }
}
