//! Log lines as the platform reads them (protocol, section 13): one JSON object a line, in bunyan's form. The fields of
//! spans become fields of their lines. A line is built in a buffer of its thread and written at once.

use std::{
    cell::RefCell,
    fmt::{self, Debug},
    io::Write,
    process,
};

use serde::{Serializer as _, ser::SerializeMap as _};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{Speakers, escape::MAX_VALUE};
use crate::settings::{Source, variables as v};

/// What the runtime says.
const RUNTIME: &str = "sailor";
/// What is said to the flow's owner: the platform's executions page shows it.
const OWNER: &str = "component";

/// The name of every error, and the reference's words for a missing stack trace.
const ERROR: (&str, &str) = ("Error", "Not Available");

/// The characters of a time up to its milliseconds: `2026-11-25T09:16:07.501`.
const MILLISECONDS: usize = 23;

/// Writes each event as a line.
pub(super) struct Bunyan<W> {
    writer: W,
    speakers: Speakers,
    /// What every line begins with, of the runtime and of the component: an object without its end.
    runtime: String,
    component: String,
}

/// The fields of a span, as they stand in a line: `,"name":value…`.
struct SpanFields(Vec<u8>);

impl<W> Bunyan<W> {
    pub(super) fn new(writer: W, speakers: Speakers, source: &Source) -> Self {
        let begin = |name| begin(name, source);
        Self { writer, speakers, runtime: begin(RUNTIME), component: begin(OWNER) }
    }
}

/// What every line of this name begins with.
fn begin(name: &str, source: &Source) -> String {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut line);
    let written = serializer.serialize_map(None).and_then(|mut map| {
        map.serialize_entry("v", &0)?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("hostname", source.get(v::HOSTNAME.name).unwrap_or("unknown"))?;
        map.serialize_entry("pid", &process::id())?;
        for variable in v::IN_LOG_LINES {
            if let Some(value) = source.get(variable.name) {
                map.serialize_entry(variable.name, value)?;
            }
        }
        if let Some(flow) = source.get(v::FLOW_ID.name) {
            map.serialize_entry("tag", flow)?;
        }
        map.end()
    });
    written.expect("texts and numbers are JSON");
    line.pop();
    String::from_utf8(line).expect("JSON is UTF-8")
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TIME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The most bytes that a thread keeps of its buffer.
const KEPT: usize = 16 * 1024;

impl<S, W> Layer<S> for Bunyan<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Vec::new();
        attributes.record(&mut Fields { line: &mut fields, message: false });
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let metadata = event.metadata();
            let begin = if self.speakers.is_component(metadata.target()) { &self.component } else { &self.runtime };
            line.extend_from_slice(begin.as_bytes());
            let _ = write!(line, ",\"level\":{},\"time\":\"", level(*metadata.level()));
            write_time(line);
            line.push(b'"');
            for span in context.event_scope(event).into_iter().flatten() {
                if let Some(fields) = span.extensions().get::<SpanFields>() {
                    line.extend_from_slice(&fields.0);
                }
            }
            let mut fields = Fields { line, message: false };
            event.record(&mut fields);
            if !fields.message {
                line.extend_from_slice(b",\"msg\":\"\"");
            }
            line.extend_from_slice(b"}\n");
            // There is nowhere to say that standard output is closed.
            let _ = self.writer.make_writer_for(metadata).write_all(line);
            line.shrink_to(KEPT);
        });
    }
}

/// The number of a level.
fn level(level: Level) -> u8 {
    match level {
        Level::TRACE => 10,
        Level::DEBUG => 20,
        Level::INFO => 30,
        Level::WARN => 40,
        Level::ERROR => 50,
    }
}

fn write_time(line: &mut Vec<u8>) {
    TIME.with_borrow_mut(|time| {
        time.clear();
        let _ = SystemTime.format_time(&mut Writer::new(time));
        line.extend_from_slice(&time.as_bytes()[..time.len().min(MILLISECONDS)]);
        line.push(b'Z');
    });
}

/// Appends fields to a line.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    /// Whether the text of the event was among them.
    message: bool,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        let name = match field.name() {
            "message" => {
                self.message = true;
                "msg"
            }
            name => name.strip_prefix("r#").unwrap_or(name),
        };
        // Names are identifiers of Rust.
        let _ = write!(self.line, ",\"{name}\":");
    }

    fn json(&mut self, field: &Field, value: &impl serde::Serialize) {
        self.name(field);
        self.value(value);
    }

    fn value(&mut self, value: &impl serde::Serialize) {
        serde_json::to_writer(&mut *self.line, value).expect("texts and numbers are JSON");
    }

    fn text(&mut self, value: &dyn Debug) {
        self.value(&Text(value));
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.json(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.json(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.json(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.json(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            // Where a line of the `log` crate comes from.
            name if name.starts_with("log.") => {}
            "error" => {
                let (name, stack) = ERROR;
                self.line.extend_from_slice(b",\"err\":{\"message\":");
                self.text(value);
                let _ = write!(self.line, ",\"name\":\"{name}\",\"stack\":\"{stack}\"}}");
            }
            _ => {
                self.name(field);
                self.text(value);
            }
        }
    }
}

/// A text from whatever it is written by, cut where a text log cuts it.
struct Text<'a>(&'a dyn Debug);

impl serde::Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::escape::cut(f, self.0, MAX_VALUE)
    }
}

#[cfg(test)]
mod tests {
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
            tracing::info!(target: super::super::OWNER, nothing = f64::NAN);
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
    }

    #[test]
    fn a_long_value_is_cut() {
        let lines = lines(|| tracing::info!(long = "ä".repeat(MAX_VALUE), "long"));
        let long = lines[0]["long"].as_str().expect("a text");
        assert!(long.len() < MAX_VALUE + 40 && long.ends_with(&format!("… ({MAX_VALUE} more bytes)")), "{long}");
    }
}
