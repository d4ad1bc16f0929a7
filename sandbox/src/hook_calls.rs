//! Makes the calls of hooks, one after the other, each once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::state::State;
use crate::store::HookCall;

/// How long a receiver has for its answer; the calls that wait are made after that.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Makes calls until the future is dropped. Podio does not wait for a receiver either: a call that fails is lost.
pub(crate) async fn make(state: Arc<State>) {
    let waits = state.records().hooks.call_waits();
    loop {
        let next = state.records().hooks.next_call();
        let Some(call) = next else {
            waits.notified().await;
            continue;
        };
        let sent = tokio::time::timeout(ANSWER_TIME, send(&call)).await;
        let sent = sent.unwrap_or_else(|_| Err(anyhow::anyhow!("there was no answer in {ANSWER_TIME:?}")));
        if let Err(error) = &sent {
            tracing::info!(hook = call.hook, "a call of a hook is lost: {error:#}");
        }
        state.records().hooks.record_call(call.hook, sent.is_ok());
    }
}

/// Posts the form and reads the status of the answer.
async fn send(call: &HookCall) -> anyhow::Result<()> {
    let uri: Uri = call.url.parse()?;
    ensure!(uri.scheme_str() == Some("http"), "the sandbox does not speak TLS");
    let authority = uri.authority().context("the address has no host")?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Dropped with its set at the end of this call.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(HOST, authority.as_str())
        .header(USER_AGENT, "Podio Webhooks/1.0")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(call.form.clone()))?;
    let status = sender.send_request(request).await?.status();
    ensure!(status.is_success(), "the answer is {status}");
    Ok(())
}
