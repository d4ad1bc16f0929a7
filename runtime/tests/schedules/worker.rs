//! The worker in this process, its action, and the platform that says what its step is.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use elasticio_runtime::{
    Component, Info, Step,
    action::{Action, Context, Failure, Interruption, Registry},
    platform::{
        cipher::Cipher,
        message::{Message, Outgoing},
    },
    run_until,
    settings::{Reader, Source, Unset, Variable},
    stop::Stop,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{connection::Connection, model::Model};

const PASSWORD: &str = "testCryptoPassword";
const IV: &str = "iv=any16_symbols";
/// Names the model of a worker, by the broker's address: an action has no other way to it than its settings.
const MODEL: Variable = Variable { name: "MODEL", default: Unset::Required, meaning: "" };

/// The models of the workers in this process.
static MODELS: LazyLock<Mutex<HashMap<String, Model>>> = LazyLock::new(Mutex::default);

pub(crate) fn cipher() -> Cipher {
    Cipher::new(&PASSWORD.into(), IV.as_bytes().try_into().expect("16 bytes"))
}

/// Runs a worker until the model has no message left, and stops it.
pub(crate) async fn work_off(model: &Model) -> Result<()> {
    let (broker, platform) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let (place, api) = (broker.local_addr()?.to_string(), platform.local_addr()?.to_string());
    let others = (accept(broker, model), answer_all(platform));
    MODELS.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone(), model.clone());
    let stop = Stop::default();
    let done = async {
        while !model.is_done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.request();
        std::future::pending().await
    };
    let source = settings(&place, &api, model);
    let outcome = tokio::select! {
        outcome = run_until::<Scheduled>(&source, &stop) => outcome,
        never = done => never,
        () = others.0 => Ok(()),
        () = others.1 => Ok(()),
    };
    MODELS.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
    outcome
}

fn settings(broker: &str, api: &str, model: &Model) -> Source {
    let names = "FLOW_ID EXEC_ID STEP_ID CONTAINER_ID WORKSPACE_ID USER_ID COMP_ID API_USERNAME API_KEY LISTEN_MESSAGES_ON \
                 PUBLISH_MESSAGES_TO DATA_ROUTING_KEY ERROR_ROUTING_KEY REBOUND_ROUTING_KEY SNAPSHOT_ROUTING_KEY";
    let prefetch = model.shape().prefetch.to_string();
    let (api, uri) = (format!("http://{api}"), format!("amqp://{broker}"));
    let others = [
        ("FUNCTION", "act"),
        ("API_URI", &api),
        ("AMQP_URI", &uri),
        ("MESSAGE_CRYPTO_PASSWORD", PASSWORD),
        ("MESSAGE_CRYPTO_IV", IV),
        ("RABBITMQ_PREFETCH_SAILOR", &prefetch),
        ("DATA_RATE_LIMIT", "100000"),
        ("ERROR_RATE_LIMIT", "100000"),
        ("AMQP_PUBLISH_RETRY_DELAY", "1"),
        ("AMQP_PUBLISH_MAX_RETRY_DELAY", "4"),
        ("AMQP_RECONNECT_TIMEOUT", "1"),
    ];
    let all = names.split_whitespace().map(|name| (name, "x")).chain(others);
    let all = all.map(|(name, value)| (format!("ELASTICIO_{name}"), value.to_owned()));
    all.chain([(MODEL.name.to_owned(), broker.to_owned())]).collect()
}

/// Serves every connection to the broker until the worker has ended.
async fn accept(listener: TcpListener, model: &Model) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        connections.spawn(Connection::serve(stream, number, model.clone()));
    }
}

/// The platform: the data of a step without a config.
async fn answer_all(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move { answer(stream).await });
    }
}

async fn answer(mut stream: TcpStream) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut request).await?;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await?;
    Ok(stream.shutdown().await?)
}

struct Scheduled;

impl Component for Scheduled {
    const INFO: Info = Info {
        name: "scheduled",
        version: "1.0.0",
        revision: "unknown",
        about: "",
        manifest: "{}",
        example: "{}",
        log_target: "scheduled",
        settings_file: "SCHEDULED_SETTINGS",
        variables: &[],
        http_address: None,
        metrics_prefix: "scheduled",
        access_token: None,
    };

    type Settings = String;

    fn settings(reader: &mut Reader<'_>) -> String {
        reader.text(MODEL)
    }

    fn actions(settings: &String, _: Step) -> Result<Registry> {
        let models = MODELS.lock().unwrap_or_else(PoisonError::into_inner);
        let model = models.get(settings).context("a model")?.clone();
        Ok(Registry::default().with("act", Arc::new(Act(model))))
    }
}

/// Emits as many results as its message says, at random moments, and fails if its message says so.
struct Act(Model);

impl Act {
    async fn pause(&self) {
        match self.0.random(4) {
            0 => {}
            1 => tokio::task::yield_now().await,
            _ => tokio::time::sleep(Duration::from_micros(self.0.random(1500))).await,
        }
    }
}

#[async_trait]
impl Action for Act {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let _in_work = self.0.in_work();
        let body: Value = serde_json::from_str(message.body().expect("a body").get()).expect("JSON");
        for number in 0..body["emits"].as_u64().unwrap_or_default() {
            self.pause().await;
            context.emitter.data(Outgoing::new(json!({ "number": number }))).await?;
        }
        self.pause().await;
        if body["fails"] == true { Err(Failure::new("as its message says").into()) } else { Ok(()) }
    }
}
