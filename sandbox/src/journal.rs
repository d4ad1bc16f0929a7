//! The journal: the newest calls that reached a listener, in the order of arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::api::Api;

/// Most calls that the journal keeps; the oldest are dropped.
const MAX_CALLS: usize = 100_000;
/// Most bytes of one call's body that the journal keeps.
const MAX_BODY_KEPT: usize = 64 * 1024;
/// Most bytes of all calls together, roughly; the oldest are dropped.
const MAX_JOURNAL_BYTES: usize = 256 * 1024 * 1024;

/// The bytes that a call counts for beside its path and body.
const CALL_OVERHEAD: usize = 256;

/// One call as it came in, and the status of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Arrival, in milliseconds since 1970.
    pub at: u64,
    /// The listener that it came to.
    pub api: Api,
    /// The method, as it came on the wire.
    pub method: String,
    /// The request target as it came on the wire: percent-encoded, with the query.
    pub path: String,
    /// The `authorization` header.
    pub authorization: Option<String>,
    /// The `content-type` header.
    pub content_type: Option<String>,
    /// The body as far as it was read, up to 64 KiB; what is not UTF-8 is replaced.
    pub body: String,
    /// Bytes of the body that were read.
    pub body_length: u64,
    /// The status of the answer; 0 if there is none yet, the connection was reset, or the caller left before the answer.
    pub status: u16,
}

impl Call {
    /// `METHOD /path`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The bytes that it counts for in the journal.
    fn weight(&self) -> usize {
        CALL_OVERHEAD + self.path.len() + self.body.len()
    }
}

/// Identifies a call in the journal, so that what becomes known later is added to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallId(u64);

#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    calls: VecDeque<Call>,
    /// The id of the first call in `calls`.
    first: u64,
    weight: usize,
}

impl Journal {
    /// Adds a call when it arrives, whether or not it is ever answered.
    pub(crate) fn record_call(&self, api: Api, request: &Parts) -> CallId {
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
        let mut entries = self.lock();
        entries.weight += call.weight();
        entries.calls.push_back(call);
        entries.drop_oldest();
        CallId(entries.first + entries.calls.len() as u64 - 1)
    }

    /// Adds the status of a call's answer.
    pub(crate) fn record_status(&self, id: CallId, status: u16) {
        if let Some(call) = self.lock().call(id) {
            call.status = status;
        }
    }

    /// Returns the same body, which is recorded while it is read.
    pub(crate) fn record_body(self: &Arc<Self>, id: CallId, body: Body) -> Body {
        let mut recorder = BodyRecorder { journal: Arc::clone(self), id, kept: Vec::new(), length: 0 };
        Body::from_stream(body.into_data_stream().inspect_ok(move |chunk| recorder.record(chunk)))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.iter().cloned().collect()
    }

    /// How many calls there are, and the newest of them, the newest first.
    pub(crate) fn newest(&self, count: usize) -> (usize, Vec<Call>) {
        let entries = self.lock();
        (entries.calls.len(), entries.calls.iter().rev().take(count).cloned().collect())
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.lock();
        entries.first += entries.calls.len() as u64;
        entries.calls.clear();
        entries.weight = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// The call, unless it was dropped.
    fn call(&mut self, CallId(id): CallId) -> Option<&mut Call> {
        let index = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.calls.get_mut(index)
    }

    fn drop_oldest(&mut self) {
        while self.calls.len() > MAX_CALLS || self.weight > MAX_JOURNAL_BYTES {
            let Some(oldest) = self.calls.pop_front() else { return };
            self.weight -= oldest.weight();
            self.first += 1;
        }
    }
}

/// Collects a body while it is read. When it is dropped, complete or not, it adds the body to the journal.
struct BodyRecorder {
    journal: Arc<Journal>,
    id: CallId,
    kept: Vec<u8>,
    length: u64,
}

impl BodyRecorder {
    fn record(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        let room = MAX_BODY_KEPT - self.kept.len();
        self.kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
}

impl Drop for BodyRecorder {
    fn drop(&mut self) {
        let body = String::from_utf8_lossy(&self.kept).into_owned();
        let mut entries = self.journal.lock();
        let Some(call) = entries.call(self.id) else { return };
        let added = body.len();
        call.body = body;
        call.body_length = self.length;
        entries.weight += added;
        entries.drop_oldest();
    }
}

/// Milliseconds since 1970.
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
    fn the_oldest_calls_are_dropped_and_what_becomes_known_of_them_later_is_ignored() {
        let journal = Journal::default();
        let first = journal.record_call(Api::Podio, &request("/first"));
        let second = journal.record_call(Api::Podio, &request("/second"));
        for _ in 1..MAX_CALLS {
            journal.record_call(Api::Platform, &request("/more"));
        }
        journal.record_status(first, 500);
        journal.record_status(second, 201);
        let calls = journal.calls();
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!((calls[0].path.as_str(), calls[0].status), ("/second", 201));
        journal.clear();
        journal.record_status(second, 500);
        assert!(journal.calls().is_empty());
    }

    #[tokio::test]
    async fn a_body_is_kept_up_to_its_bound_and_counted_beyond() {
        let journal = Arc::new(Journal::default());
        let id = journal.record_call(Api::Podio, &request("/"));
        let body = journal.record_body(id, Body::from(vec![b'a'; MAX_BODY_KEPT + 7]));
        axum::body::to_bytes(body, usize::MAX).await.expect("the body is read");
        let call = &journal.calls()[0];
        assert_eq!((call.body.len(), call.body_length), (MAX_BODY_KEPT, MAX_BODY_KEPT as u64 + 7));
    }

    #[tokio::test]
    async fn large_bodies_together_stay_within_the_bound() {
        let journal = Arc::new(Journal::default());
        let body = bytes::Bytes::from(vec![b'a'; MAX_BODY_KEPT]);
        for _ in 0..=MAX_JOURNAL_BYTES / MAX_BODY_KEPT {
            let id = journal.record_call(Api::Podio, &request("/"));
            let body = journal.record_body(id, Body::from(body.clone()));
            axum::body::to_bytes(body, usize::MAX).await.expect("the body is read");
        }
        let kept: usize = journal.calls().iter().map(Call::weight).sum();
        assert!(kept <= MAX_JOURNAL_BYTES && kept > MAX_JOURNAL_BYTES - 2 * MAX_BODY_KEPT);
    }
}
