//! A sandbox in this process: how it is started and stopped, and what a test can do with it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::answers::{AnswerError, Answers, Scripts};
use crate::api::Api;
use crate::gate::Gate;
use crate::hook_calls;
use crate::journal::Call;
use crate::rate_limit::{PoolName, RateLimit};
use crate::serve::serve;
use crate::state::{State, Urls};
use crate::store::{Definition, Tokens};

/// How a sandbox is set up. By default, both listeners are on a free port of 127.0.0.1, there are no scripted answers,
/// access tokens are valid for 8 hours, and refresh tokens rotate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of the Podio listener; port 0 takes a free one.
    pub podio: SocketAddr,
    /// Address of the platform listener; port 0 takes a free one.
    pub platform: SocketAddr,
    /// Scripted answers, which are given in place of the normal behaviour.
    pub answers: Answers,
    /// Give only scripted answers: every other call is answered with 404, except for step data and object storage, and no
    /// authorization is required.
    pub only_answers: bool,
    /// Podio's rate limit, which counts all calls but those of the token endpoint; none without it.
    pub rate_limit: Option<RateLimit>,
    /// Podio's smaller rate limit, of the calls that its documentation marks "Rate limited": creating, filtering and
    /// searching items. Beyond it every call is refused.
    pub marked_rate_limit: Option<RateLimit>,
    /// Lifetime of access tokens, in whole seconds, at most a year.
    pub token_lifetime: Duration,
    /// Whether a refresh also replaces the refresh token and makes the old one invalid.
    pub rotate: bool,
    /// The step data that the platform returns for every step of every flow.
    pub step: Value,
}

impl Default for Options {
    fn default() -> Self {
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            podio: free_port,
            platform: free_port,
            answers: Answers::default(),
            only_answers: false,
            rate_limit: None,
            marked_rate_limit: None,
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
/// Fails if an address cannot be bound or, with [`io::ErrorKind::InvalidInput`], if a scripted answer is invalid.
pub async fn start(options: Options) -> io::Result<Sandbox> {
    let scripts = Scripts::default();
    scripts.merge(options.answers).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let podio = bind(options.podio, "Podio").await?;
    let platform = bind(options.platform, "platform").await?;
    let tokens = Tokens::new(options.token_lifetime, options.rotate);
    let step = Bytes::from(options.step.to_string());
    let url = |listener: &TcpListener| Ok::<_, io::Error>(format!("http://{}", listener.local_addr()?));
    let urls = Urls { podio: url(&podio)?, platform: url(&platform)? };
    let state = Arc::new(State::new(scripts, options.only_answers, tokens, urls, step));
    state.limiter.set(PoolName::All, options.rate_limit);
    state.limiter.set(PoolName::Marked, options.marked_rate_limit);
    let mut hook_calls = JoinSet::new();
    hook_calls.spawn(hook_calls::make(Arc::clone(&state)));
    Ok(Sandbox {
        hook_calls,
        podio: Listener::new(podio, Api::Podio, &state)?,
        platform: Listener::new(platform, Api::Platform, &state)?,
        state,
    })
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    hook_calls: JoinSet<()>,
    podio: Listener,
    platform: Listener,
    state: Arc<State>,
}

impl Sandbox {
    /// The address of the Podio listener.
    #[must_use]
    pub fn podio_addr(&self) -> SocketAddr {
        self.podio.addr
    }

    /// The address of the platform listener.
    #[must_use]
    pub fn platform_addr(&self) -> SocketAddr {
        self.platform.addr
    }

    /// `http://IP:PORT` of the Podio listener, without a trailing slash.
    #[must_use]
    pub fn podio_url(&self) -> String {
        self.state.urls.podio.clone()
    }

    /// `http://IP:PORT` of the platform listener, without a trailing slash.
    #[must_use]
    pub fn platform_url(&self) -> String {
        self.state.urls.platform.clone()
    }

    /// The journal: the newest calls to both listeners, at most 100,000, in the order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.journal.calls()
    }

    /// Empties the journal.
    pub fn clear_calls(&self) {
        self.state.journal.clear();
    }

    /// Replaces all scripted answers with these. If one of them is invalid, nothing changes.
    pub fn set_answers(&self, answers: Answers) -> Result<(), AnswerError> {
        self.state.scripts.replace(answers)
    }

    /// Adds scripted answers; a key that exists starts anew with its new list. If one of them is invalid, nothing changes.
    pub fn add_answers(&self, answers: Answers) -> Result<(), AnswerError> {
        self.state.scripts.merge(answers)
    }

    /// Replaces Podio's rate limit and begins to count anew.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.state.limiter.set(PoolName::All, limit);
    }

    /// Replaces Podio's smaller rate limit and begins to count anew.
    pub fn set_marked_rate_limit(&self, limit: Option<RateLimit>) {
        self.state.limiter.set(PoolName::Marked, limit);
    }

    /// Replaces the step data.
    pub fn set_step(&self, step: &Value) {
        self.state.set_step(Bytes::from(step.to_string()));
    }

    /// Adds an app, or replaces its definition, as `PUT /_sandbox/apps/{id}` does, and returns its revision. The error
    /// says what is wrong with the definition.
    pub fn define_app(&self, id: u64, definition: &Value) -> Result<u64, String> {
        let definition = Definition::deserialize(definition).map_err(|error| error.to_string())?;
        self.state.records().define_app(id, definition)
    }

    /// Stops the clock of Podio's objects at a time, in whole seconds; with none it goes on, by the system's time.
    pub fn set_clock(&self, at: Option<SystemTime>) {
        self.state.records().clock.stop(at);
    }

    /// Makes every access token issued so far invalid.
    pub fn expire_access_tokens(&self) {
        self.state.tokens.expire_access_tokens();
    }

    /// Makes every refresh token issued so far invalid.
    pub fn revoke_refresh_tokens(&self) {
        self.state.tokens.revoke_refresh_tokens();
    }

    /// Stores an object in object storage and returns its id. An object larger than 256 MiB is not kept.
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

    /// Stops both listeners and all connections at once, and waits until they are closed.
    pub async fn shutdown(mut self) {
        self.hook_calls.shutdown().await;
        self.podio.stop().await;
        self.platform.stop().await;
    }
}

/// A listener that is being served. Dropping it stops it.
struct Listener {
    addr: SocketAddr,
    serving: JoinSet<()>,
}

impl Listener {
    fn new(listener: TcpListener, api: Api, state: &Arc<State>) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::new(Gate::new(api, Arc::clone(state)))));
        Ok(Self { addr, serving })
    }

    async fn stop(mut self) {
        self.serving.shutdown().await;
    }
}

async fn bind(addr: SocketAddr, name: &str) -> io::Result<TcpListener> {
    let error = |error: io::Error| io::Error::new(error.kind(), format!("{name} listener on {addr}: {error}"));
    TcpListener::bind(addr).await.map_err(error)
}
