//! The platform's object storage (protocol, sections 5.14 to 5.18): encrypted bodies that are too large for a message,
//! and files. A 5xx or a network error is retried; a 4xx fails immediately.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::{Body, RequestBuilder, Response, StatusCode, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::{
    http::{
        self, SendError,
        body::{self, ReadError},
    },
    settings::{Reader, variables as v},
    telemetry::HttpCall,
};

/// Wait before the first retry; doubles with every retry.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Every wait is extended at random, by up to this fraction of itself.
const JITTER: f64 = 0.2;

/// The largest body that is fetched into memory, in bytes.
const MAX_OBJECT: usize = 256 * 1024 * 1024;
/// The largest answer to a stored object, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Where the storage is and how it is called.
#[derive(Clone, Debug)]
pub(crate) struct StorageSettings {
    /// `ELASTICIO_OBJECT_STORAGE_URI`
    pub uri: Url,
    /// `ELASTICIO_OBJECT_STORAGE_TOKEN`: sent as it is, as a bearer token.
    pub token: SecretString,
    /// `REQUEST_TIMEOUT`: longest wait for one answer, including its body.
    pub timeout: Duration,
    /// `REQUEST_MAX_RETRY`: retries after the first attempt.
    pub retries: usize,
    /// The header `x-request-id`: `f:FLOW_ID;s:STEP_ID;m:`
    pub request_id: String,
}

impl StorageSettings {
    /// Reads where the object storage is; `None` where the platform has none.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.conceal(v::OBJECT_STORAGE_TOKEN);
        reader.optional(v::OBJECT_STORAGE_URI)?;
        let id = |variable| reader.optional(variable).unwrap_or_default();
        let request_id = format!("f:{};s:{};m:", id(v::FLOW_ID), id(v::STEP_ID));
        Some(Self {
            uri: reader.bare_http_url(v::OBJECT_STORAGE_URI),
            token: reader.header_secret(v::OBJECT_STORAGE_TOKEN),
            timeout: Duration::from_millis(reader.within(v::REQUEST_TIMEOUT)),
            retries: usize::try_from(reader.within(v::REQUEST_MAX_RETRY)).unwrap_or(2),
            request_id,
        })
    }
}

/// Why a call to the object storage failed. Never holds content.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It answered, but not with success.
    #[error("the object storage answered {0} to {1}")]
    Status(StatusCode, &'static str),
    /// There was no answer to the last attempt.
    #[error("the object storage did not answer to {1}: {0}. Check ELASTICIO_OBJECT_STORAGE_URI and the network")]
    Network(String, &'static str),
    /// Its answer is larger than what is kept.
    #[error("the object storage answered too much to {1}: {0}")]
    TooLarge(String, &'static str),
    /// It cannot be called, and another attempt would fail the same way.
    #[error("{1} of the object storage was not answered: {0}. Check ELASTICIO_OBJECT_STORAGE_URI")]
    Refused(String, &'static str),
    /// The answer to a stored object lacks its id.
    #[error("the object storage answered without an \"objectId\"")]
    NoId,
}

impl StorageError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Status(status, _) => status.is_server_error(),
            Self::Network(..) => true,
            Self::TooLarge(..) | Self::Refused(..) | Self::NoId => false,
        }
    }
}

/// Client of the object storage.
#[derive(Clone, Debug)]
pub struct ObjectStorage {
    http: http::Client,
    settings: StorageSettings,
}

impl ObjectStorage {
    /// A client that sends its requests with `http`.
    #[must_use]
    pub(crate) fn new(http: http::Client, settings: StorageSettings) -> Self {
        Self { http, settings }
    }

    /// `GET /objects/{id}`: fetches an object; returns its bytes. Retries.
    pub(crate) async fn get(&self, id: &str) -> Result<Bytes, StorageError> {
        (|| {
            let deadline = Instant::now() + self.settings.timeout;
            async move {
                let response = self.send(self.http.get(self.object_url(Some(id))), GET, deadline).await?;
                body::read(response, MAX_OBJECT, deadline).await.map_err(|error| unread(&error, GET))
            }
        })
        .retry(self.backoff())
        .when(StorageError::is_transient)
        .await
    }

    /// Asks for an object that is not there: any other answer than "not found" is an error. Makes one attempt.
    pub(crate) async fn look(&self) -> Result<(), StorageError> {
        let url = self.object_url(Some(&Uuid::new_v4().to_string()));
        match self.open(&url).await {
            Ok(_) | Err(StorageError::Status(StatusCode::NOT_FOUND, _)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// `POST /objects`: stores bytes; returns the object's id. Retries.
    pub(crate) async fn put(&self, bytes: Vec<u8>) -> Result<String, StorageError> {
        let bytes = Bytes::from(bytes);
        (|| {
            let bytes = bytes.clone();
            async move { self.put_stream(bytes.into(), "application/octet-stream", self.settings.timeout).await }
        })
        .retry(self.backoff())
        .when(StorageError::is_transient)
        .await
    }

    /// Stores a stream of any length; returns the object's id. Makes one attempt, since the stream cannot be read
    /// again. `limit` bounds the whole transfer.
    pub async fn put_stream(&self, body: Body, media: &str, limit: Duration) -> Result<String, StorageError> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(rename = "objectId")]
            object_id: String,
        }
        let deadline = Instant::now() + limit;
        let request = self.http.post(self.object_url(None)).header(CONTENT_TYPE, media).body(body);
        let response = self.send(request, PUT, deadline).await?;
        let body = body::read(response, MAX_ANSWER, deadline).await.map_err(|error| unread(&error, PUT))?;
        let stored: Stored = serde_json::from_slice(&body).map_err(|_| StorageError::NoId)?;
        Ok(stored.object_id)
    }

    /// The address of an object, or of the collection of objects when `id` is `None`.
    #[must_use]
    pub fn object_url(&self, id: Option<&str>) -> Url {
        let mut url = self.settings.uri.clone();
        url.path_segments_mut()
            .expect("settings accept http and https addresses only, which have paths")
            .pop_if_empty()
            .push("objects")
            .extend(id);
        url
    }

    /// Whether `url` is an object of this storage, so that requests for it may carry the storage's token.
    #[must_use]
    pub fn holds(&self, url: &Url) -> bool {
        let objects = self.object_url(None);
        url.origin() == objects.origin() && url.path().starts_with(&format!("{}/", objects.path()))
    }

    /// Opens an object, to be read as a stream. Makes one attempt; the timeout ends when the headers arrive.
    pub(crate) async fn open(&self, url: &Url) -> Result<Response, StorageError> {
        self.send(self.http.get(url.clone()), GET, Instant::now() + self.settings.timeout).await
    }

    /// The same with retries.
    pub async fn open_with_retries(&self, url: &Url) -> Result<Response, StorageError> {
        (|| self.open(url)).retry(self.backoff()).when(StorageError::is_transient).await
    }

    async fn send(
        &self,
        request: RequestBuilder,
        call: &'static str,
        deadline: Instant,
    ) -> Result<Response, StorageError> {
        let request =
            request.bearer_auth(self.settings.token.expose_secret()).header("x-request-id", &self.settings.request_id);
        let (method, template) = if call == GET { ("GET", "/objects/*") } else { ("POST", "/objects") };
        let counted = HttpCall::begin("object_storage", method, 0, || template.to_owned());
        let response = match self.http.send(request, deadline).await {
            Ok(response) => response,
            Err(error) => {
                counted.failed(error.kind());
                return Err(unanswered(&error, call));
            }
        };
        counted.answered(response.status().as_u16());
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(StorageError::Status(status, call)),
        }
    }

    /// The waits between attempts: they double, each with jitter.
    fn backoff(&self) -> impl BackoffBuilder + use<> {
        let doubling =
            ExponentialBuilder::default().with_min_delay(FIRST_DELAY).with_max_times(self.settings.retries).build();
        doubling.map(jittered as fn(Duration) -> Duration)
    }
}

/// `wait`, extended at random by up to [`JITTER`] of itself.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + JITTER * rand::random::<f64>())
}

const GET: &str = "GET /objects";
const PUT: &str = "POST /objects";

fn unanswered(error: &SendError, call: &'static str) -> StorageError {
    let kind = if error.is_transient() { StorageError::Network } else { StorageError::Refused };
    kind(error.to_string(), call)
}

fn unread(error: &ReadError, call: &'static str) -> StorageError {
    match error {
        ReadError::Broken(_) | ReadError::Late => StorageError::Network(error.to_string(), call),
        ReadError::TooLarge | ReadError::NoMemory(_) => StorageError::TooLarge(error.to_string(), call),
    }
}
