//! A receiver of hook calls: an HTTP server that keeps the forms which are posted to it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A form: name → value.
pub(crate) type Form = BTreeMap<String, String>;

pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    forms: mpsc::UnboundedReceiver<Form>,
    _serving: JoinSet<()>,
}

impl Receiver {
    /// Listens on a free port, and answers every call with this status.
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let (sender, forms) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let sender = sender.clone();
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let sender = sender.clone();
                    async move {
                        let target = request.uri().to_string();
                        let body = request.into_body().collect().await.expect("a whole body").to_bytes();
                        sender.send(read(&target, &body)).expect("the test waits");
                        let mut response = Response::new(Empty::<Bytes>::new());
                        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                        Ok::<_, Infallible>(response)
                    }
                });
                // A caller that leaves ends its connection, which is no error here.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            }
        });
        Self { addr, forms, _serving: serving }
    }

    /// The next form. It has the path in `@`.
    pub(crate) async fn next(&mut self) -> Form {
        let form = tokio::time::timeout(Duration::from_secs(10), self.forms.recv()).await;
        form.expect("a call in time").expect("the receiver runs")
    }

    /// Fails if another form comes within a moment.
    pub(crate) async fn expect_nothing(&mut self) {
        let form = tokio::time::timeout(Duration::from_millis(300), self.forms.recv()).await;
        assert!(form.is_err(), "an unexpected call: {form:?}");
    }
}

fn read(target: &str, body: &[u8]) -> Form {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    let body = String::from_utf8(body.to_vec()).expect("a form is text");
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let mut form: Form = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
    form.insert("@".to_owned(), target.to_owned());
    form
}
