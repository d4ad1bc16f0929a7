//! Where a message is on its way when a fault happens, and how it gets there and is kept there: a gate, which is a proxy
//! that holds bytes back.

use anyhow::{Result, ensure};
use podio_sandbox::Api;
use podio_test_support::{Applied, Environment, TestMessage, Toxic, Way, until};
use serde_json::{Value, json};

use super::scene::{BOUND, Peer, Scene};

/// The path of the message's call to Podio.
const PATH: &str = "/user";
/// The path of calls that keep the memory from the message.
const HELD: &str = "/held";
/// Characters of an answer that waits for memory.
const LARGE: usize = 100_000;
/// Memory for two such answers, not for three: one has the pool, one the lane.
const BUDGET: &str = "450000";

/// A point on a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// There is no message.
    Idle,
    /// A part of the delivery has reached the worker.
    BeforeDecode,
    /// The token was rejected, and the refreshed one is on its way to the worker.
    TokenCall,
    /// A part of the request has reached Podio.
    Request,
    /// A part of the answer's body has reached the worker.
    AnswerBody,
    /// Podio failed twice; the worker waits before the next attempt.
    RetryWait,
    /// Two other messages hold the memory that the answer needs.
    MemoryWait,
    /// The result's body is stored, and the object storage's answer is on its way.
    BeforePublish,
    /// The result is in its queue, and the broker's confirm is on its way.
    BeforeConfirm,
    /// The result is confirmed, and the acknowledgement is on its way to the broker.
    BeforeAck,
}

impl Point {
    pub(crate) const ALL: [Self; 10] = [
        Self::Idle,
        Self::BeforeDecode,
        Self::TokenCall,
        Self::Request,
        Self::AnswerBody,
        Self::RetryWait,
        Self::MemoryWait,
        Self::BeforePublish,
        Self::BeforeConfirm,
        Self::BeforeAck,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::BeforeDecode => "before decode",
            Self::TokenCall => "token call",
            Self::Request => "request",
            Self::AnswerBody => "answer's body",
            Self::RetryWait => "retry wait",
            Self::MemoryWait => "memory wait",
            Self::BeforePublish => "before publish",
            Self::BeforeConfirm => "before confirm",
            Self::BeforeAck => "before ack",
        }
    }

    /// Whether a message leaves it without anybody's doing.
    pub(crate) fn passes(self) -> bool {
        self == Self::RetryWait
    }

    /// Podio's answers; those that are not here are the same for every point.
    pub(crate) fn answers(self) -> Value {
        let plain = |size: usize| json!({ "size": size, "headers": { "content-encoding": "identity" } });
        match self {
            Self::TokenCall => json!([{ "status": 401, "json": { "error": "unauthorized" } }, plain(2000)]),
            Self::RetryWait => json!([{ "status": 503, "json": {}, "times": 2 }, plain(2000)]),
            Self::MemoryWait => json!([plain(LARGE)]),
            _ => json!([plain(2000)]),
        }
    }

    pub(crate) fn environment(self, environment: Environment) -> Environment {
        match self {
            Self::MemoryWait => {
                environment.with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "3").with("ELASTICIO_MEMORY_BUDGET", BUDGET)
            }
            Self::BeforePublish => environment
                .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true")
                .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "1"),
            _ => environment,
        }
    }

    /// The messages that go there.
    pub(crate) fn messages(self) -> Vec<TestMessage> {
        match self {
            Self::Idle => Vec::new(),
            Self::MemoryWait => [HELD, HELD, PATH].map(TestMessage::get).to_vec(),
            _ => vec![TestMessage::get(PATH)],
        }
    }

    /// Where bytes are held back: between the worker and whom, on which connections, which way, after how many.
    fn gate(self) -> Option<(Peer, &'static str, Way, usize)> {
        match self {
            Self::Idle | Self::RetryWait => None,
            Self::BeforeDecode => Some((Peer::Broker, "-read", Way::ToClient, 60)),
            Self::TokenCall => Some((Peer::Token, "", Way::ToClient, 0)),
            Self::Request => Some((Peer::Podio, "", Way::ToServer, 20)),
            Self::AnswerBody => Some((Peer::Podio, "", Way::ToClient, 700)),
            Self::MemoryWait => Some((Peer::Podio, HELD, Way::ToClient, 60_000)),
            Self::BeforePublish => Some((Peer::Storage, "", Way::ToClient, 0)),
            Self::BeforeConfirm => Some((Peer::Broker, "-write", Way::ToClient, 0)),
            Self::BeforeAck => Some((Peer::Broker, "-read", Way::ToServer, 0)),
        }
    }

    /// Sends the messages and waits until they are there. What is returned keeps them there until it is lifted.
    pub(crate) async fn enter(self, scene: &Scene, messages: &[TestMessage]) -> Result<Option<Applied>> {
        let gate =
            self.gate().map(|(peer, name, way, after)| scene.proxy(peer).set(name, way, Toxic::HoldAfter(after)));
        for (index, message) in messages.iter().enumerate() {
            let met = gate.as_ref().map_or(0, Applied::met);
            scene.stage.send(message).await?;
            // One after the other: those that hold the memory come first.
            until("the message's arrival at its point", BOUND, async || {
                let held = gate.as_ref().is_some_and(|gate| gate.met() > met);
                Ok(self.is_reached(scene, held, index).then_some(()))
            })
            .await?;
        }
        let early = scene.stage.results.count() > 0 && !matches!(self, Self::BeforeConfirm | Self::BeforeAck);
        ensure!(!early, "there is a result already");
        Ok(gate)
    }

    /// Whether message number `index` is there. `held`: since it was sent, the gate has held bytes back.
    fn is_reached(self, scene: &Scene, held: bool, index: usize) -> bool {
        let answered = |status| scene.stage.calls(Api::Podio).iter().filter(|call| call.status == status).count();
        match self {
            Self::Idle => true,
            Self::RetryWait => answered(503) == 2,
            // The answer of the last one is not held, and has to wait for memory.
            Self::MemoryWait => (held || index == 2) && answered(200) == index + 1,
            Self::BeforeConfirm | Self::BeforeAck => held && scene.stage.results.count() == 1,
            _ => held,
        }
    }
}
