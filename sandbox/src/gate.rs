//! What every request passes: it enters the journal, then it gets a scripted answer or goes to the router of its API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tower_service::Service;

use crate::answers::{Execution, Prepared, Reset};
use crate::api::Api;
use crate::state::State;
use crate::{control, platform, podio};

/// Largest request body of a call that is not streamed.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// The sandbox's own paths, on both listeners. They do not enter the journal and cannot be scripted.
const CONTROL: &str = "/_sandbox";

/// Makes the server close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the script closes the connection without an answer")]
pub(crate) struct CloseNow;

/// Precedes the router of one API.
pub(crate) struct Gate {
    api: Api,
    state: Arc<State>,
    router: Router,
    control: Router,
}

impl Gate {
    pub(crate) fn new(api: Api, state: Arc<State>) -> Self {
        let router = match api {
            Api::Podio => podio::router(&state),
            Api::Platform => platform::router(&state),
        };
        let control = control::router(&state);
        Self { api, state, router, control }
    }

    pub(crate) async fn handle(&self, request: Request) -> Result<Response, CloseNow> {
        if request.uri().path().starts_with(CONTROL) {
            return Ok(route(&self.control, request).await);
        }
        let (parts, body) = request.into_parts();
        let journal = &self.state.journal;
        let id = journal.record_call(self.api, &parts);
        let limited = self.api == Api::Podio && !podio::is_unlimited(parts.uri.path());
        let is_marked = podio::is_marked(&parts.method, parts.uri.path());
        let refused = if limited { self.state.limiter.refuse(Instant::now(), is_marked) } else { None };
        let body = if body.is_end_stream() { body } else { journal.record_body(id, body) };
        let answer = if let Some(seconds) = refused {
            drain(body).await;
            Ok(podio::rate_limited(&parts.method, &parts.uri, seconds))
        } else if let Some(answer) = self.state.scripts.next(self.api, &parts.method, &parts.uri) {
            self.scripted_answer(&answer, Request::from_parts(parts, body)).await
        } else {
            Ok(self.normal_answer(Request::from_parts(parts, body)).await)
        };
        journal.record_status(id, answer.as_ref().map_or(0, |response| response.status().as_u16()));
        answer
    }

    async fn scripted_answer(&self, answer: &Prepared, request: Request) -> Result<Response, CloseNow> {
        let accepts_gzip = accepts_gzip(request.headers());
        match answer.execution {
            Execution::Never => drain(request.into_body()).await,
            Execution::First => drop(self.normal_answer(request).await),
            Execution::Normal => {
                pause(answer.delay).await;
                return Ok(self.normal_answer(request).await);
            }
        }
        pause(answer.delay).await;
        match answer.reset {
            Reset::No => Ok(answer.respond(accepts_gzip)),
            Reset::MidBody => Ok(answer.respond_midbody()),
            Reset::AtOnce => Err(CloseNow),
        }
    }

    async fn normal_answer(&self, request: Request) -> Response {
        let (method, path) = (request.method(), request.uri().path());
        if self.state.only_answers && !(self.api == Api::Platform && platform::always_works(method, path)) {
            let answer = match self.api {
                Api::Podio => podio::not_scripted(),
                Api::Platform => platform::not_scripted(method, path),
            };
            drain(request.into_body()).await;
            return answer;
        }
        if is_streamed(self.api, method, path) || request.body().is_end_stream() {
            return route(&self.router, request).await;
        }
        let (parts, body) = request.into_parts();
        match to_bytes(body, MAX_BODY).await {
            Ok(bytes) => route(&self.router, Request::from_parts(parts, Body::from(bytes))).await,
            Err(_) => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 MiB or broke off").into_response(),
        }
    }
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

async fn route(router: &Router, request: Request) -> Response {
    match router.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Reads a body to its end, so that it enters the journal.
async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    while let Some(Ok(_)) = chunks.next().await {}
}

/// Whether the handler reads this call's body while it arrives, however large it is.
fn is_streamed(api: Api, method: &Method, path: &str) -> bool {
    match api {
        Api::Podio => method == Method::POST && podio::is_upload(path),
        Api::Platform => path.starts_with("/objects"),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.any(|line| line.split(',').any(|coding| coding.split(';').next().is_some_and(|name| name.trim() == "gzip")))
}
