//! Bounds the interim answers (1xx; RFC 9110, section 15.2) that come before the final one. The HTTP library passes them
//! over without end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hyper::{Request, ext::on_informational};
use tokio::sync::Notify;

/// The most interim answers to one request.
pub(super) const MAX_INTERIM_ANSWERS: usize = 100;

/// The interim answers to one request.
#[derive(Debug)]
pub(super) struct InterimAnswers(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    count: AtomicUsize,
    too_many: Notify,
}

impl InterimAnswers {
    /// Counts the interim answers to `request`, which was not sent yet.
    pub(super) fn to<B>(request: &mut Request<B>) -> Self {
        let seen = Arc::<Seen>::default();
        let counted = Arc::clone(&seen);
        on_informational(request, move |_| {
            if counted.count.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM_ANSWERS {
                // Stored if nobody waits yet.
                counted.too_many.notify_one();
            }
        });
        Self(seen)
    }

    /// Ends when there are more than [`MAX_INTERIM_ANSWERS`].
    pub(super) async fn too_many(&self) {
        self.0.too_many.notified().await;
    }
}
