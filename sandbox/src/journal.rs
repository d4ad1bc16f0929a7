//! The journal: every call that reached a listener, in the order of arrival, the newest ones within a bound.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

/// Most calls that the journal keeps; the oldest give way.
pub const MAX_CALLS: usize = 100_000;
/// Most bytes of one call's body that the journal keeps.
pub const MAX_BODY_KEPT: usize = 64 * 1024;
/// Most bytes of all calls together, roughly; the oldest give way.
pub const MAX_JOURNAL_BYTES: usize = 256 * 1024 * 1024;

/// What a call weighs beside its path and body.
const CALL_OVERHEAD: usize = 256;

/// Which of the two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Podio's API and token endpoint.
    Podio,
    /// The platform's REST API and object storage.
    Platform,
}

impl fmt::Display for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Podio => "podio",
            Self::Platform => "platform",
        })
    }
}

/// One call as it came in, and the status it was answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Arrival, in milliseconds since 1970.
    pub at: u64,
    /// The listener that it came to.
    pub api: Api,
    /// The method, in capitals as a rule.
    pub method: String,
    /// The request target as it came on the wire: percent-encoded, with the query.
    pub path: String,
    /// The `authorization` header.
    pub authorization: Option<String>,
    /// The `content-type` header.
    pub content_type: Option<String>,
    /// The body, as far as it was read and up to [`MAX_BODY_KEPT`] bytes; what is not UTF-8 is replaced.
    pub body: String,
    /// Bytes of the body that were read.
    pub body_length: u64,
    /// The status answered; 0 when the connection was reset, the caller left before the answer, or it is
    /// still to come.
    pub status: u16,
}

/// Names one entry of the journal, for adding to it what becomes known later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(u64);

#[derive(Debug, Default)]
pub(crate) struct Journal {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    calls: VecDeque<Call>,
    /// The entry number of the first call in `calls`.
    first: u64,
    weight: usize,
}

impl Journal {
    /// Notes a call's arrival. It is in the journal from now on, whether it is ever answered or not.
    pub(crate) fn arrived(&self, api: Api, request: &Parts) -> Entry {
        let text = |name: HeaderName| {
            request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let call = Call {
            at: now(),
            api,
            method: request.method.as_str().to_owned(),
            path: target.to_owned(),
            authorization: text(AUTHORIZATION),
            content_type: text(CONTENT_TYPE),
            body: String::new(),
            body_length: 0,
            status: 0,
        };
        let mut pages = self.lock();
        pages.weight += weight(&call);
        pages.calls.push_back(call);
        pages.shrink();
        Entry(pages.first + pages.calls.len() as u64 - 1)
    }

    pub(crate) fn answered(&self, entry: Entry, status: u16) {
        if let Some(call) = self.lock().call(entry) {
            call.status = status;
        }
    }

    /// The same body, noted in the journal while somebody reads it.
    pub(crate) fn listen(self: &Arc<Self>, entry: Entry, body: Body) -> Body {
        let mut listener = Listener { journal: Arc::clone(self), entry, kept: Vec::new(), length: 0 };
        Body::from_stream(body.into_data_stream().inspect_ok(move |chunk| listener.hear(chunk)))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut pages = self.lock();
        pages.first += pages.calls.len() as u64;
        pages.calls.clear();
        pages.weight = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn call(&mut self, Entry(number): Entry) -> Option<&mut Call> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.calls.get_mut(index)
    }

    fn shrink(&mut self) {
        while self.calls.len() > MAX_CALLS || self.weight > MAX_JOURNAL_BYTES {
            let Some(oldest) = self.calls.pop_front() else { return };
            self.weight -= weight(&oldest);
            self.first += 1;
        }
    }
}

/// Hears a body go by; what it heard is written down when the body is done with, complete or not.
struct Listener {
    journal: Arc<Journal>,
    entry: Entry,
    kept: Vec<u8>,
    length: u64,
}

impl Listener {
    fn hear(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        let room = MAX_BODY_KEPT - self.kept.len();
        self.kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let body = String::from_utf8_lossy(&self.kept).into_owned();
        let mut pages = self.journal.lock();
        let Some(call) = pages.call(self.entry) else { return };
        let added = body.len();
        call.body = body;
        call.body_length = self.length;
        pages.weight += added;
        pages.shrink();
    }
}

fn weight(call: &Call) -> usize {
    CALL_OVERHEAD + call.path.len() + call.body.len()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Parts {
        axum::http::Request::get(path).body(()).expect("a request").into_parts().0
    }

    #[test]
    fn the_oldest_calls_give_way_and_late_news_of_them_are_dropped() {
        let journal = Journal::default();
        let first = journal.arrived(Api::Podio, &request("/first"));
        let second = journal.arrived(Api::Podio, &request("/second"));
        for _ in 1..MAX_CALLS {
            journal.arrived(Api::Platform, &request("/more"));
        }
        journal.answered(first, 500);
        journal.answered(second, 201);
        let calls = journal.calls();
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!((calls[0].path.as_str(), calls[0].status), ("/second", 201));
        journal.clear();
        journal.answered(second, 500);
        assert!(journal.calls().is_empty());
    }

    #[tokio::test]
    async fn a_body_is_kept_up_to_its_bound_and_counted_beyond() {
        let journal = Arc::new(Journal::default());
        let entry = journal.arrived(Api::Podio, &request("/"));
        let body = journal.listen(entry, Body::from(vec![b'a'; MAX_BODY_KEPT + 7]));
        axum::body::to_bytes(body, usize::MAX).await.expect("the body passes");
        let call = &journal.calls()[0];
        assert_eq!((call.body.len(), call.body_length), (MAX_BODY_KEPT, MAX_BODY_KEPT as u64 + 7));
    }

    #[tokio::test]
    async fn large_bodies_together_stay_within_the_bound() {
        let journal = Arc::new(Journal::default());
        let body = bytes::Bytes::from(vec![b'a'; MAX_BODY_KEPT]);
        for _ in 0..=MAX_JOURNAL_BYTES / MAX_BODY_KEPT {
            let entry = journal.arrived(Api::Podio, &request("/"));
            let body = journal.listen(entry, Body::from(body.clone()));
            axum::body::to_bytes(body, usize::MAX).await.expect("the body passes");
        }
        let kept: usize = journal.calls().iter().map(weight).sum();
        assert!(kept <= MAX_JOURNAL_BYTES && kept > MAX_JOURNAL_BYTES - 2 * MAX_BODY_KEPT);
    }
}
