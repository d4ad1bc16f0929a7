//! Starting and stopping: binds the listeners and hands out what a test in the same process needs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::answers::{AnswerError, Answers, Books};
use crate::gate::Gate;
use crate::journal::{Api, Call};
use crate::serve::serve;
use crate::state::State;
use crate::tokens::Tokens;

/// How a sandbox is set up. By default both listeners are on a free port of 127.0.0.1, nothing is ordered,
/// tokens last 8 hours and refresh tokens rotate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of the Podio listener; port 0 takes a free one.
    pub podio: SocketAddr,
    /// Address of the platform listener; port 0 takes a free one.
    pub platform: SocketAddr,
    /// What to answer instead of behaving normally.
    pub answers: Answers,
    /// Behave normally nowhere: what is not ordered is a 404, apart from step data and object storage, and
    /// no authorization is checked.
    pub only_answers: bool,
    /// Lifetime of access tokens, in whole seconds, at most a year.
    pub token_lifetime: Duration,
    /// Whether a refresh replaces the refresh token and makes the old one invalid.
    pub rotate: bool,
    /// The step data that the platform answers for every step of every flow.
    pub step: Value,
}

impl Default for Options {
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            podio: any_port,
            platform: any_port,
            answers: Answers::default(),
            only_answers: false,
            token_lifetime: Duration::from_secs(8 * 3600),
            rotate: true,
            step: default_step(),
        }
    }
}

/// Step data whose credential is the platform secret `sandbox-secret-id`.
#[must_use]
pub fn default_step() -> Value {
    json!({"config": {"secretId": "sandbox-secret-id"}, "is_passthrough": false, "snapshot": {}})
}

/// Binds both listeners and serves them in the background until the [`Sandbox`] is shut down or dropped.
///
/// Fails when an address cannot be bound, or, with [`io::ErrorKind::InvalidInput`], when an ordered answer
/// cannot be given.
pub async fn start(options: Options) -> io::Result<Sandbox> {
    let books = Books::default();
    books.merge(options.answers).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let podio = bind(options.podio, "Podio").await?;
    let platform = bind(options.platform, "platform").await?;
    let tokens = Tokens::new(options.token_lifetime, options.rotate);
    let step = Bytes::from(options.step.to_string());
    let state = Arc::new(State::new(books, options.only_answers, tokens, step));
    Ok(Sandbox {
        podio: Listener::new(podio, Api::Podio, &state)?,
        platform: Listener::new(platform, Api::Platform, &state)?,
        state,
    })
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    podio: Listener,
    platform: Listener,
    state: Arc<State>,
}

impl Sandbox {
    /// Where the Podio listener is bound.
    #[must_use]
    pub fn podio_addr(&self) -> SocketAddr {
        self.podio.addr
    }

    /// Where the platform listener is bound.
    #[must_use]
    pub fn platform_addr(&self) -> SocketAddr {
        self.platform.addr
    }

    /// `http://IP:PORT` of the Podio listener, without a slash at the end.
    #[must_use]
    pub fn podio_url(&self) -> String {
        format!("http://{}", self.podio.addr)
    }

    /// `http://IP:PORT` of the platform listener, without a slash at the end.
    #[must_use]
    pub fn platform_url(&self) -> String {
        format!("http://{}", self.platform.addr)
    }

    /// The journal: calls to both listeners in the order of arrival, the newest [`crate::MAX_CALLS`].
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.journal.calls()
    }

    /// Empties the journal.
    pub fn clear_calls(&self) {
        self.state.journal.clear();
    }

    /// Puts these answers in place of all that were ordered before. Nothing changes when one of them is bad.
    pub fn set_answers(&self, answers: Answers) -> Result<(), AnswerError> {
        self.state.books.replace(answers)
    }

    /// Adds answers to those ordered before; a key that is there already starts anew with its new list.
    pub fn add_answers(&self, answers: Answers) -> Result<(), AnswerError> {
        self.state.books.merge(answers)
    }

    /// Replaces the step data.
    pub fn set_step(&self, step: &Value) {
        self.state.set_step(Bytes::from(step.to_string()));
    }

    /// Every access token issued so far is expired from now on.
    pub fn expire_tokens(&self) {
        self.state.tokens.expire();
    }

    /// Every refresh token issued so far is invalid from now on.
    pub fn revoke_tokens(&self) {
        self.state.tokens.revoke();
    }

    /// Stores an object in object storage. One over [`crate::MAX_OBJECT_BYTES`] is not kept.
    pub fn put_object(&self, bytes: impl Into<Bytes>) -> Uuid {
        let id = Uuid::new_v4();
        self.state.objects().put(id, bytes.into());
        id
    }

    /// The bytes of an object.
    #[must_use]
    pub fn object(&self, id: Uuid) -> Option<Bytes> {
        self.state.objects().get(id)
    }

    /// The ids of all objects, the oldest first.
    #[must_use]
    pub fn objects(&self) -> Vec<Uuid> {
        self.state.objects().ids()
    }

    /// Stops both listeners and every connection at once, and waits until they are gone.
    pub async fn shutdown(self) {
        self.podio.stop().await;
        self.platform.stop().await;
    }
}

/// A listener being served; dropping it stops that.
struct Listener {
    addr: SocketAddr,
    served: JoinSet<()>,
}

impl Listener {
    fn new(listener: TcpListener, api: Api, state: &Arc<State>) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let mut served = JoinSet::new();
        served.spawn(serve(listener, Arc::new(Gate::new(api, Arc::clone(state)))));
        Ok(Self { addr, served })
    }

    async fn stop(mut self) {
        self.served.shutdown().await;
    }
}

async fn bind(addr: SocketAddr, name: &str) -> io::Result<TcpListener> {
    let error = |error: io::Error| io::Error::new(error.kind(), format!("{name} listener on {addr}: {error}"));
    TcpListener::bind(addr).await.map_err(error)
}
