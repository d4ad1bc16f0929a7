//! A headless Chromium, driven over `WebDriver`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest wait for the driver.
const BOUND: Duration = Duration::from_secs(30);
/// What its first line ends with.
const STARTED: &str = "started successfully on port ";

/// A browser with a profile of its own; both processes end with it.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one. `scripts/test` installs Debian's `chromium-driver` if it is missing.
    pub(crate) async fn start() -> Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver cannot be started: install Debian's chromium-driver")?;
        let mut lines = BufReader::new(driver.stdout.take().context("standard output")?).lines();
        let port = loop {
            let line = timeout(BOUND, lines.next_line()).await??.context("chromedriver ended at its start")?;
            if let Some((_, port)) = line.split_once(STARTED) {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Nobody reads the rest, and a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let profile = tempfile::tempdir()?;
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &folder,
        ];
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
        let capabilities = capabilities.as_object().context("an object")?.clone();
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await?;
        Ok(Self { client, _driver: driver, _profile: profile })
    }

    /// Closes the browser in order.
    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}
