//! Sends traces over HTTP, with the process's own client: its certificates and its proxies. It has a thread of its own, since
//! the SDK's export thread has no reactor.

use std::{future::pending, thread, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::{runtime::Handle, time::Instant};

use crate::http;

/// The longest time for one export.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The sender, and the reactor that it runs on.
#[derive(Debug)]
pub(super) struct OtlpSender {
    client: http::Client,
    reactor: Handle,
}

impl OtlpSender {
    /// Starts its thread.
    ///
    /// # Errors
    /// If there is no thread or no client.
    pub(super) fn start(user_agent: &str) -> anyhow::Result<Self> {
        let client = http::Client::without_redirects(user_agent)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let reactor = runtime.handle().clone();
        thread::Builder::new().name("traces".to_owned()).spawn(move || runtime.block_on(pending::<()>()))?;
        Ok(Self { client, reactor })
    }
}

#[async_trait]
impl HttpClient for OtlpSender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.reactor.spawn(async move {
            let (parts, body) = request.into_parts();
            let call = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
            let deadline = Instant::now() + TIMEOUT;
            let answer = client.send(call, deadline).await?;
            let status = answer.status();
            let body = http::body::read(answer, MAX_ANSWER, deadline).await.map_err(|error| error.to_string())?;
            let mut response = Response::new(body);
            *response.status_mut() = status;
            Ok::<_, HttpError>(response)
        });
        sent.await?
    }
}
