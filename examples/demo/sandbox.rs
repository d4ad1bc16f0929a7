//! The sandbox's own paths: its journal, its tokens and its scripted answers.

use std::time::Duration;

use anyhow::{Context, Result};
use elasticio_runtime::http::Client;
use podio_sandbox::Call;
use reqwest::Method;
use tokio::time::Instant;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A sandbox's Podio listener.
pub(crate) struct Sandbox {
    http: Client,
    url: String,
}

impl Sandbox {
    /// The sandbox whose Podio listener is at `url`.
    pub(crate) fn new(url: &str) -> Result<Self> {
        Ok(Self { http: Client::new("podio-demo")?, url: url.trim_end_matches('/').to_owned() })
    }

    /// The journal: all calls so far, in the order of arrival.
    pub(crate) async fn calls(&self) -> Result<Vec<Call>> {
        let answer = self.control(Method::GET, "calls", None).await?;
        serde_json::from_str(&answer).context("the sandbox's journal has an unknown form")
    }

    /// Makes all access tokens expire.
    pub(crate) async fn expire_tokens(&self) -> Result<()> {
        self.control(Method::POST, "expire-tokens", None).await.map(drop)
    }

    /// Scripts answers: what `METHOD /path` returns in place of its normal answer.
    pub(crate) async fn script(&self, answers: &str) -> Result<()> {
        self.control(Method::PUT, "answers", Some(answers)).await.map(drop)
    }

    async fn control(&self, method: Method, name: &str, body: Option<&str>) -> Result<String> {
        let mut request = self.http.request(method, format!("{}/_sandbox/{name}", self.url));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = self.http.send(request, Instant::now() + TIMEOUT).await.context("the sandbox does not answer")?;
        let answer = answer.error_for_status().context("the sandbox refused a request")?;
        Ok(answer.text().await?)
    }
}
