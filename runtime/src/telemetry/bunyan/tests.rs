use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(events: impl FnOnce()) -> Vec<Value> {
    let source = [("ELASTICIO_FLOW_ID", "f\"1"), ("ELASTICIO_API_KEY", "secret"), ("HOSTNAME", "h")];
    let source = source.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let written = Lines::default();
    let writer = written.clone();
    let layer = Bunyan::new(move || writer.clone(), Speakers { component: "echo" }, &source);
    tracing::subscriber::with_default(Registry::default().with(layer), events);
    let bytes = written.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn a_line_has_what_the_platform_reads() {
    let lines = lines(|| {
        let span = tracing::info_span!("message", threadId = %"t\n", messageId = "m", parentMessageId = "unknown");
        span.in_scope(|| {
            let error = io::Error::other("broke \"here\"");
            tracing::warn!(%error, wait_s = 1.5, attempt = 2, last = false, "trying {} again", "it");
        });
        tracing::error!(target: "echo::actions", place = ?"a\"b", "mine");
        tracing::info!(target: crate::telemetry::OWNER, nothing = f64::NAN);
        tracing::error!(target: FATAL, "the end");
    });
    let mut first = lines[0].clone();
    let time = first["time"].take();
    let time = time.as_str().expect("a time");
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    let pid = process::id();
    let wanted = json!({
        "v": 0, "name": "sailor", "hostname": "h", "pid": pid, "ELASTICIO_FLOW_ID": "f\"1", "tag": "f\"1",
        "level": 40, "time": null, "threadId": "t\n", "messageId": "m", "parentMessageId": "unknown",
        "err": { "message": "broke \"here\"", "name": "Error", "stack": "Not Available" },
        "wait_s": 1.5, "attempt": 2, "last": false, "msg": "trying it again",
    });
    assert_eq!(first, wanted);
    assert_eq!((&lines[1]["name"], &lines[1]["level"]), (&json!("component"), &json!(50)));
    assert_eq!(lines[1]["place"], json!("\"a\\\"b\""));
    assert_eq!((&lines[2]["name"], &lines[2]["msg"]), (&json!("component"), &json!("")));
    assert_eq!(lines[2]["nothing"], Value::Null);
    assert!(lines[1].get("threadId").is_none());
    assert_eq!((&lines[3]["name"], &lines[3]["level"]), (&json!("sailor"), &json!(60)));
}

#[test]
fn a_long_value_is_cut() {
    let lines = lines(|| tracing::info!(long = "ä".repeat(MAX_VALUE), "long"));
    let long = lines[0]["long"].as_str().expect("a text");
    assert!(long.len() < MAX_VALUE + 40 && long.ends_with(&format!("… ({MAX_VALUE} more bytes)")), "{long}");
}
