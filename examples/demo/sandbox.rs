//! The sandbox's own paths: orders to it, and the journal of what reached it.

use anyhow::{Context, Result};
use reqwest::{Client, Method, redirect};
use serde::Deserialize;

/// A sandbox's Podio listener.
pub(crate) struct Sandbox {
    http: Client,
    url: String,
}

/// One call that reached the sandbox.
#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    /// `podio` or `platform`.
    pub(crate) api: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    /// What it was answered with.
    pub(crate) status: u16,
}

impl Call {
    /// Whether Podio itself was called, and not the platform.
    pub(crate) fn is_podio(&self) -> bool {
        self.api == "podio"
    }

    /// `METHOD /path`
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Sandbox {
    /// The sandbox whose Podio listener is at `url`.
    pub(crate) fn new(url: &str) -> Result<Self> {
        Ok(Self {
            http: elasticio_runtime::http::client("podio-demo", redirect::Policy::none())?,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// The journal: every call so far, in the order of arrival.
    pub(crate) async fn calls(&self) -> Result<Vec<Call>> {
        let answer = self.control(Method::GET, "calls", None).await?;
        serde_json::from_str(&answer).context("the sandbox's journal has another form")
    }

    /// Makes the access tokens that are in use invalid, as their age would.
    pub(crate) async fn expire_tokens(&self) -> Result<()> {
        self.control(Method::POST, "expire-tokens", None).await.map(drop)
    }

    /// Orders answers: what `METHOD /path` gives instead of what it normally would.
    pub(crate) async fn order(&self, answers: &str) -> Result<()> {
        self.control(Method::PUT, "answers", Some(answers)).await.map(drop)
    }

    async fn control(&self, method: Method, name: &str, body: Option<&str>) -> Result<String> {
        let mut request = self.http.request(method, format!("{}/_sandbox/{name}", self.url));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.context("the sandbox does not answer")?;
        let answer = answer.error_for_status().context("the sandbox refuses an order")?;
        Ok(answer.text().await?)
    }
}
