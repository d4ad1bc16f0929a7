//! The page on this machine to which the browser is sent.

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};

use super::redirect::{RedirectError, code_in};

/// Connections at a time; a browser opens a few.
const MAX_CONNECTIONS: usize = 8;
/// Longest time until a request's head is there.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the page until it is dropped; whatever is an answer to the login goes to `answers`.
///
/// # Errors
/// When no more connections can be taken.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<str>,
    answers: mpsc::Sender<Result<SecretString, RedirectError>>,
) -> anyhow::Result<()> {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = connections.clone().acquire_owned().await.context("the listener is closed")?;
        let (stream, _) = listener.accept().await.context("no connection can be taken")?;
        let (state, answers) = (state.clone(), answers.clone());
        tokio::spawn(async move {
            let page = service_fn(|request: Request<Incoming>| {
                let (page, answer) = page(&request, &state);
                let answers = answers.clone();
                async move {
                    if let Some(answer) = answer {
                        // The login may have had its answer already.
                        let _ = answers.send(answer).await;
                    }
                    Ok::<_, Infallible>(page)
                }
            });
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).keep_alive(false);
            // A browser that leaves is none of our business.
            let _ = server.serve_connection(TokioIo::new(stream), page).await;
            drop(place);
        });
    }
}

/// What the person sees, and the login's answer if the request is one.
fn page(
    request: &Request<Incoming>,
    state: &str,
) -> (Response<Full<Bytes>>, Option<Result<SecretString, RedirectError>>) {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    match code_in(target, state) {
        Ok(code) => {
            (text(StatusCode::OK, "Done. You can close this page and go back to the terminal."), Some(Ok(code)))
        }
        Err(error) => {
            let page = text(StatusCode::BAD_REQUEST, &format!("Nothing was done: {error}."));
            (page, (!error.is_foreign()).then_some(Err(error)))
        }
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
