//! Work on a large message outside of the runtime's thread. Decrypting, parsing, compacting and encrypting many megabytes
//! takes up to seconds, in which no other message would move.

use std::{
    cell::Cell,
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use tokio::{
    sync::{Notify, Semaphore},
    task::spawn_blocking,
};
use tracing::Span;

/// Threads that work on large messages at a time; the others wait.
const MAX_THREADS: usize = 2;

static THREADS: Semaphore = Semaphore::const_new(MAX_THREADS);

/// Whether the work that is polled on this thread may ask to leave it, and whether it has asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is outside of [`offloadable`], or has left.
    Stays,
    MayLeave,
    Leaves,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Stays) };
}

/// Makes the work on this message go on outside of the runtime's thread, if it is there and runs in [`offloadable`].
pub(crate) async fn offload() {
    let mut asked = false;
    std::future::poll_fn(|context| {
        if asked || PLACE.get() == Place::Stays {
            return Poll::Ready(());
        }
        asked = true;
        PLACE.set(Place::Leaves);
        // Whoever polls this among other futures polls it again only if it is woken.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs `work` on the runtime's thread, and where [`offload`] says so elsewhere from then on.
pub(crate) async fn offloadable<F>(mut work: Pin<Box<F>>) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let here = std::future::poll_fn(|context| {
        let before = PLACE.replace(Place::MayLeave);
        let polled = work.as_mut().poll(context);
        match (polled, PLACE.replace(before)) {
            (Poll::Ready(output), _) => Poll::Ready(Some(output)),
            (Poll::Pending, Place::Leaves) => Poll::Ready(None),
            (Poll::Pending, _) => Poll::Pending,
        }
    });
    match here.await {
        Some(output) => output,
        None => elsewhere(work).await,
    }
}

/// Polls `work` on threads for blocking work: it takes one only as long as it computes. What it spawns, and its timers and
/// sockets, stay with the runtime; its log lines keep the span that it is in.
async fn elsewhere<F>(mut work: Pin<Box<F>>) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let woken = Arc::new(Woken(Notify::new()));
    let span = Span::current();
    loop {
        let thread = THREADS.acquire().await.expect("this semaphore is never closed");
        let (waker, span) = (Waker::from(woken.clone()), span.clone());
        let polled = spawn_blocking(move || {
            let _thread = thread;
            let polled = span.in_scope(|| work.as_mut().poll(&mut Context::from_waker(&waker)));
            (work, polled)
        });
        match polled.await {
            Ok((_, Poll::Ready(output))) => return output,
            Ok((pending, Poll::Pending)) => work = pending,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The runtime ends, and this task with it.
            Err(_) => return std::future::pending().await,
        }
        woken.0.notified().await;
    }
}

struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    #[tokio::test]
    async fn work_leaves_the_thread_when_it_says_so() {
        let here = thread::current().id();
        let (before, after) = tokio::spawn(offloadable(Box::pin(async {
            let before = thread::current().id();
            offload().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            // What is spawned belongs to the runtime.
            let spawned = tokio::spawn(async { thread::current().id() }).await.expect("it ends");
            assert_eq!(spawned, before);
            (before, thread::current().id())
        })))
        .await
        .expect("it ends");
        assert_eq!(before, here);
        assert_ne!(after, here);
    }

    #[tokio::test]
    async fn the_runtime_s_thread_is_free_meanwhile() {
        let heavy = tokio::spawn(offloadable(Box::pin(async {
            offload().await;
            thread::sleep(Duration::from_millis(300));
        })));
        let mut ticks = 0;
        while !heavy.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            ticks += 1;
        }
        assert!(ticks > 10, "only {ticks}");
    }

    #[tokio::test]
    async fn work_leaves_from_among_other_futures() {
        let two = offloadable(Box::pin(async {
            let leaving = async {
                offload().await;
                thread::current().id()
            };
            futures_util::future::join_all([Box::pin(leaving)]).await[0]
        }));
        assert_ne!(tokio::spawn(two).await.expect("it ends"), thread::current().id());
    }

    #[tokio::test]
    async fn outside_it_stays() {
        offload().await;
    }

    #[tokio::test]
    async fn a_panic_is_passed_on() {
        let task = tokio::spawn(offloadable(Box::pin(async {
            offload().await;
            panic!("meant");
        })));
        assert!(task.await.expect_err("it panics").is_panic());
    }
}
