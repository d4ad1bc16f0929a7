//! The calls of Podio that one message makes: they share one bound on their time, and one request to stop.

use bytes::Bytes;
use elasticio_runtime::{
    action::{Failure, Interruption},
    stop::Stop,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::rest::{Answer, ApiClient, CallError, Request, answer::Body, request::Payload};

/// The calls of one message.
#[derive(Clone, Copy)]
pub(crate) struct Calls<'a> {
    podio: &'a ApiClient,
    stop: &'a Stop,
    began: Instant,
}

impl<'a> Calls<'a> {
    /// The calls of a message whose work begins now.
    pub(crate) fn new(podio: &'a ApiClient, stop: &'a Stop) -> Self {
        Self { podio, stop, began: Instant::now() }
    }

    /// The request to stop.
    pub(crate) fn stop(self) -> &'a Stop {
        self.stop
    }

    /// `GET path`.
    pub(crate) async fn get(self, path: &str) -> Result<Answer, CallError> {
        self.send(Request::get(self.url(path))).await
    }

    /// `POST path`. Once more after a lost answer, as the retry policy says.
    pub(crate) async fn post(self, path: &str, body: &Value) -> Result<Answer, CallError> {
        self.send(self.to_post(path, body)).await
    }

    /// `POST path`, which is repeated only if it certainly never reached Podio.
    pub(crate) async fn post_once(self, path: &str, body: &Value) -> Result<Answer, CallError> {
        self.send(Request { safe_retries: true, ..self.to_post(path, body) }).await
    }

    /// `PUT path`.
    pub(super) async fn put(self, path: &str, body: &Value) -> Result<Answer, CallError> {
        self.send(Request::put(self.url(path), json(body))).await
    }

    /// `DELETE path`.
    pub(crate) async fn delete(self, path: &str) -> Result<Answer, CallError> {
        self.send(Request::delete(self.url(path))).await
    }

    /// `POST path`, to be sent with [`Self::send`].
    pub(crate) fn to_post(self, path: &str, body: &Value) -> Request {
        Request::post(self.url(path), json(body))
    }

    /// Sends a request within the time of the message.
    pub(crate) async fn send(self, request: Request) -> Result<Answer, CallError> {
        self.podio.send(&Request { began: self.began, ..request }, self.stop).await
    }

    fn url(self, path: &str) -> Url {
        self.podio.address().resolve(path).expect("a path made of our words, numbers and segments is below the API")
    }
}

fn json(body: &Value) -> Payload {
    Payload::Json(Bytes::from(body.to_string()))
}

/// Reads an answer; `call` names it in the error.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer, call: &str) -> Result<T, Failure> {
    let parsed = match answer.body() {
        Body::Json(json) => serde_json::from_str(json.get()).ok(),
        _ => None,
    };
    parsed.ok_or_else(|| Failure::new(format!("Podio's answer to {call} is not what its documentation says.")))
}

/// A failed call's error, with `what` before it: what was to be done, and what the builder can do.
pub(crate) fn explained(error: CallError, what: &str) -> Interruption {
    match Interruption::from(error) {
        Interruption::Failed(failure) => {
            let (text, log) = (format!("{what} {}", failure.message()), failure.to_string());
            failure.with_texts(text, log).into()
        }
        other => other,
    }
}

/// A failed call that is about an app; `otherwise` says what was not done where the app is not at fault.
pub(crate) fn app_error(error: CallError, app: u64, otherwise: &str) -> Interruption {
    let what = match error.status() {
        Some(404 | 410) => format!("Podio has no app {app}. Choose another one in the step's field \"App\"."),
        Some(403) => format!("The credential may not see the app {app}. Choose another app or another credential."),
        _ => otherwise.to_owned(),
    };
    explained(error, &what)
}

/// The failure of a call that no message waits for.
pub(crate) fn failure(interruption: Interruption) -> Failure {
    match interruption {
        Interruption::Failed(failure) => failure,
        Interruption::Rebound { reason, .. } => Failure::new(reason),
        Interruption::Stopped => Failure::new("The process stops."),
    }
}
