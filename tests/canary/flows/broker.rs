//! The broker, and messages that cannot be read.

use anyhow::Result;
use podio_test_support::TestMessage;
use serde_json::json;

use super::{answered, success};
use crate::canary::Canary;
use crate::flow::{Ends, Flow};
use crate::hosts::{BROKER_USER, Hosts};

/// The broker's address, with this password.
fn uri(password: &str) -> String {
    format!("amqp://{BROKER_USER}:{password}@{{broker}}/")
}

pub(super) fn flows(hosts: &Hosts) -> Result<Vec<Flow>> {
    let unreadable = |name, messages| Flow::new(name).messages(messages).ends(Ends::Rejects);
    let start = |name, uri: String| Flow::new(name).with("ELASTICIO_AMQP_URI", uri).ends(Ends::AtStart);
    let secret = Canary::Unreadable.value();
    let password = Canary::AmqpPassword.encoded();
    Ok(vec![
        unreadable(
            "messages that cannot be read",
            vec![
                TestMessage::from_body(secret.as_bytes().to_vec()),
                TestMessage::from_text(secret),
                TestMessage::from_text(&format!("{{\"body\": {{\"secret\": \"{secret}\"")),
                TestMessage::from_text_v2(secret),
                TestMessage::from_body(secret.as_bytes().to_vec()).with_header("protocolVersion", json!(2)),
            ],
        ),
        unreadable("a wrong password of the messages", vec![TestMessage::get("/user")])
            .with("ELASTICIO_MESSAGE_CRYPTO_PASSWORD", Canary::Malformed.value()),
        Flow::new("results that nobody takes")
            .podio(answered(&json!([success()])))
            .with("ELASTICIO_DATA_ROUTING_KEY", "nobody")
            .with("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "2"),
        Flow::new("a result that is too large")
            .podio(answered(&json!([success()])))
            .with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", "10"),
        panicking()?,
        start("a login that the broker refuses", uri(Canary::WrongPassword.value())),
        start("a vhost that is not there", uri(&password) + "not-there"),
        start("a broker that is down", format!("amqp://u:{password}@{}", hosts.closed()?)),
        start(
            "a broker that is silent",
            format!("amqp://u:{password}@{}/?connection_timeout=200", hosts.proxy.address()),
        ),
        start("a broker without TLS", uri(&password).replace("amqp://", "amqps://")),
        Flow::new("a queue that is not there").with("ELASTICIO_LISTEN_MESSAGES_ON", "not-there").ends(Ends::AtStart),
        Flow::new("an exchange that is not there")
            .with("ELASTICIO_PUBLISH_MESSAGES_TO", "not-there")
            .ends(Ends::AtStart),
    ])
}

/// This test's own program is the worker; its action emits and then panics.
fn panicking() -> Result<Flow> {
    let parts = json!({
        "reply": Canary::Reply.value(), "snapshot": Canary::Snapshot.value(), "panic": Canary::PanicText.value(),
    });
    Ok(Flow::new("a panic")
        .program(std::env::current_exe()?)
        .function(crate::panicking::FUNCTION)
        .messages(vec![crate::flow::message(&parts).with_header("reply_to", json!("reply"))])
        .ends(Ends::Rejects))
}
