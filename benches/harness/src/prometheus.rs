//! A Prometheus of the measurement's own, which scrapes the workers once a second.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use elasticio_runtime::http::Client;
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use url::Url;
use uuid::Uuid;

/// Longest wait for an answer, and for the start.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The process; ends with this.
pub(crate) struct Prometheus {
    process: Child,
    http: Client,
    url: String,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    values: Vec<(f64, String)>,
}

impl Prometheus {
    /// Starts `program` with these targets, and waits until it answers.
    pub(crate) async fn start(program: &Path, address: &str, targets: &[String]) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("podio-bench-{}", Uuid::new_v4()));
        fs::create_dir_all(&folder)?;
        let config = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: workers\n    static_configs: [{{ targets: {} }}]\n",
            serde_json::to_string(targets)?
        );
        let file = folder.join("prometheus.yml");
        fs::write(&file, config)?;
        let process = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let started = Self { process, http: Client::new("podio-bench")?, url: format!("http://{address}"), folder };
        let began = Instant::now();
        while started.get("/-/ready").await.is_err() {
            anyhow::ensure!(began.elapsed() < TIMEOUT, "Prometheus is not ready");
            sleep(Duration::from_millis(100)).await;
        }
        Ok(started)
    }

    /// A query's value every second between two times in seconds since 1970; the sum if it has several series.
    pub(crate) async fn range(&self, query: &str, from: f64, to: f64) -> Result<Vec<(f64, f64)>> {
        let mut url: Url = format!("{}/api/v1/query_range", self.url).parse()?;
        let bounds = [("query", query), ("start", &from.to_string()), ("end", &to.to_string()), ("step", "1")];
        url.query_pairs_mut().extend_pairs(bounds);
        let text = self.text(url.as_str()).await?;
        let answer: Answer = serde_json::from_str(&text).with_context(|| format!("{query}: {text:.200}"))?;
        let line = answer.data.result.into_iter().next().with_context(|| format!("{query} has no values"))?;
        line.values.into_iter().map(|(at, value)| Ok((at - from, value.parse()?))).collect()
    }

    async fn get(&self, path: &str) -> Result<()> {
        self.text(&format!("{}{path}", self.url)).await.map(drop)
    }

    async fn text(&self, url: &str) -> Result<String> {
        let answer = self.http.send(self.http.get(url), Instant::now() + TIMEOUT).await?;
        Ok(answer.error_for_status()?.text().await?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself, and what is left is in the machine's folder for temporary files.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
