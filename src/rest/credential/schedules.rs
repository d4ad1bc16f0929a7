//! Messages, revocations and cancellations at random moments: one refresh at a time, and everybody who waits has its result.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use elasticio_runtime::{
    http,
    platform::{credential_store::CredentialStore, step_data::OAuthFields},
    stop::Stop,
};
use futures_util::future::BoxFuture;
use podio_test_corpus::seeds;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Url;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Credential, TokenSource};
use crate::rest::{ClientSettings, OAuth, Profile, RateLimitHeaders, SettingNames, own_credential::OwnCredential};

/// How many schedules there are, unless `SCHEDULES` says otherwise.
const SCHEDULES: u64 = 100;
/// Messages of one schedule.
const MESSAGES: u64 = 12;
/// The longest time of one schedule.
const BOUND: Duration = Duration::from_secs(30);

/// What the endpoint and the API know.
struct State {
    rng: StdRng,
    /// The number of the newest tokens.
    issued: u64,
    /// Tokens before this number are rejected.
    valid_from: u64,
    revocations: u64,
    refreshing: u64,
    stored: Option<u64>,
    problems: Vec<String>,
}

#[derive(Clone)]
struct Model(Arc<Mutex<State>>);

impl Model {
    fn new(seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let (issued, valid_from, revocations, refreshing) = (0, 0, 0, 0);
        let state = State { rng, issued, valid_from, revocations, refreshing, stored: None, problems: Vec::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self, bound: u64) -> u64 {
        self.lock().rng.random_range(0..bound)
    }

    async fn pause(&self) {
        match self.random(4) {
            0 => {}
            1 => tokio::task::yield_now().await,
            _ => sleep(Duration::from_micros(self.random(1500))).await,
        }
    }

    /// The API rejects the newest token from now on.
    fn revoke(&self) {
        let mut state = self.lock();
        if state.valid_from <= state.issued {
            state.valid_from = state.issued + 1;
            state.revocations += 1;
        }
    }

    /// One call of the endpoint, whose refresh token is good once.
    async fn refresh(&self, request: &str) -> Value {
        {
            let mut state = self.lock();
            state.refreshing += 1;
            if state.refreshing > 1 {
                state.problems.push("two refreshes at a time".to_owned());
            }
            if !request.contains(&format!("refresh_token=r{}", state.issued)) {
                state.problems.push("a refresh token is used twice".to_owned());
            }
            if state.valid_from <= state.issued {
                state.problems.push("a token that works is refreshed".to_owned());
            }
        }
        self.pause().await;
        let mut state = self.lock();
        state.issued += 1;
        state.refreshing -= 1;
        tokens(state.issued)
    }
}

fn tokens(number: u64) -> Value {
    json!({ "access_token": format!("a{number}"), "refresh_token": format!("r{number}"), "token_type": "bearer" })
}

fn number(text: &str) -> u64 {
    text[1..].parse().expect("a token of the model")
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").finish_non_exhaustive()
    }
}

impl CredentialStore for Model {
    fn save<'a>(&'a self, oauth: &'a OAuthFields) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async {
            self.pause().await;
            self.lock().stored = oauth["access_token"].as_str().map(number);
            Ok(())
        })
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuthFields>> {
        Box::pin(std::future::ready(None))
    }
}

/// A message: calls the API, and refreshes the token until it is not rejected.
async fn message(model: Model, credential: Arc<Credential>, stop: Stop) {
    model.pause().await;
    let mut token = credential.access_token(&stop).await.expect("a token");
    loop {
        model.pause().await;
        let rejected = number(token.secret().expose_secret());
        if rejected >= model.lock().valid_from {
            return;
        }
        token = credential.refreshed(&token, &stop).await.expect("a refreshed token");
        assert!(number(token.secret().expose_secret()) > rejected, "the rejected token is used again");
    }
}

async fn serve(listener: &TcpListener, model: &Model) {
    while let Ok((stream, _)) = listener.accept().await {
        let model = model.clone();
        tokio::spawn(async move { answer(stream, &model).await });
    }
}

async fn answer(mut stream: TcpStream, model: &Model) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains("refresh_token=") {
        stream.read_buf(&mut request).await?;
    }
    let body = model.refresh(&String::from_utf8_lossy(&request)).await.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
    stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    stream.shutdown().await
}

static PROFILE: Profile = Profile {
    peer: "api",
    rate_limit: RateLimitHeaders { limit: "limit", remaining: "remaining", pool: |_| "general" },
    name: "API",
    rate_limit_statuses: &[],
    wait_in_body: |_| None,
    route_words: &[],
    settings: SettingNames { client_id: "", client_secret: "", token_url: "", max_response: "", max_message_time: "" },
};

fn settings(address: SocketAddr) -> ClientSettings {
    let url = Url::parse(&format!("http://{address}/token")).expect("an address");
    ClientSettings {
        api_url: url.clone(),
        authorize_url: url.clone(),
        token_url: url,
        client_id: Some("id".to_owned()),
        client_secret: Some("secret".into()),
        max_hold: BOUND,
        max_message_time: BOUND,
        max_response: 1024,
        server_retries: None,
        timeout: BOUND,
        transfer_timeout: BOUND,
        stall_timeout: BOUND,
        upload_sources: None,
    }
}

async fn run(seed: u64, listener: &TcpListener, http: http::Client) {
    let (model, stop) = (Model::new(seed), Stop::default());
    let settings = settings(listener.local_addr().expect("an address"));
    let endpoint = crate::rest::token_endpoint::TokenEndpoint::from_settings(&PROFILE, http, &settings);
    let Value::Object(fields) = tokens(0) else { unreachable!("an object") };
    let oauth = OAuth::read(fields).expect("a credential");
    let own = OwnCredential::new(&PROFILE, oauth, endpoint, Arc::new(model.clone()));
    let credential = Credential::new(TokenSource::Own(Box::new(own)));
    let mut messages = JoinSet::new();
    let work = async {
        let mut handles = Vec::new();
        for _ in 0..MESSAGES {
            handles.push(messages.spawn(message(model.clone(), credential.clone(), stop.clone())));
            model.pause().await;
            match model.random(3) {
                0 => model.revoke(),
                // Any message may end at any time, the one that began a refresh too.
                1 => {
                    let chosen = model.random(handles.len() as u64);
                    handles[usize::try_from(chosen).expect("small")].abort();
                }
                _ => {}
            }
        }
        while let Some(ended) = messages.join_next().await {
            assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
        }
        stop.finish().await;
    };
    tokio::select! {
        ended = timeout(BOUND, work) => ended.expect("somebody waits for ever"),
        () = serve(listener, &model) => {}
    }
    let state = model.lock();
    assert!(state.problems.is_empty(), "{:?}", state.problems);
    assert!(state.issued <= state.revocations, "there are more refreshes than rejected tokens");
    assert_eq!(state.stored.unwrap_or(0), state.issued, "the newest tokens are not stored");
}

#[tokio::test]
async fn one_refresh_serves_everybody_who_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let http = http::Client::without_redirects("schedules").expect("a client");
    for seed in seeds(SCHEDULES) {
        // Shown only if the test fails.
        println!("SEED={seed}");
        run(seed, &listener, http.clone()).await;
    }
}
