//! The HTTP server that operators' tools ask: `/livez`, `/readyz`, `/metrics`. It has a thread of its own and bounds for
//! everything, so that whoever calls it takes nothing from the messages.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::Semaphore};

use super::{health::health, metrics::Metrics};

/// The most connections at a time; one more is closed at once.
const MAX_CONNECTIONS: usize = 16;
/// The longest wait for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time for a connection, which has one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(15);
/// The wait after a connection could not be accepted, e.g. for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

const TEXT: &str = "text/plain; charset=utf-8";
/// Prometheus's exposition format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers on `address` until the process ends.
///
/// # Errors
/// If the address cannot be bound, or there is no thread.
pub(super) fn start(address: SocketAddr, metrics: &'static Metrics) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("health".to_owned()).spawn(move || runtime.block_on(serve(listener, metrics)))?;
    Ok(())
}

async fn serve(listener: TcpListener, metrics: &'static Metrics) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "health and metrics cannot be served"),
    };
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        match (listener.accept().await, slots.clone().try_acquire_owned()) {
            (Ok((socket, _)), Ok(slot)) => {
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection(socket, metrics)).await;
                    drop(slot);
                });
            }
            (Ok(_), Err(_)) => {}
            (Err(_), _) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Answers one request. What is wrong with it is its sender's business.
async fn connection(socket: TcpStream, metrics: &'static Metrics) -> Result<(), hyper::Error> {
    let service =
        service_fn(move |request: Request<Incoming>| async move { Ok::<_, hyper::Error>(answer(&request, metrics)) });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(socket), service)
        .await
}

fn answer<B>(request: &Request<B>, metrics: &Metrics) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n");
    }
    match request.uri().path() {
        "/livez" => match health().dead() {
            None => text(StatusCode::OK, "alive\n"),
            Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        },
        "/readyz" => match health().unready() {
            None => text(StatusCode::OK, "ready\n"),
            Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        },
        "/metrics" => match metrics.text() {
            Ok(figures) => response(StatusCode::OK, METRICS, figures.into()),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n"),
    }
}

fn text(status: StatusCode, text: impl Into<String>) -> Response<Full<Bytes>> {
    response(status, TEXT, text.into().into())
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
