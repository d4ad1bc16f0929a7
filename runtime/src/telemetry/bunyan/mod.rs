//! Log lines as the platform reads them (protocol, section 13): one JSON object a line, in bunyan's form. The fields of
//! spans become fields of their lines. A line is built in a buffer of its thread and written at once.

use std::{cell::RefCell, fmt::Debug, io::Write, process};

use serde::{Serializer as _, ser::SerializeMap as _};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    fmt::MakeWriter,
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{
    FATAL, Speakers,
    escape::{self, MAX_VALUE},
};
use crate::settings::{Source, variables as v};

/// What the runtime says.
const RUNTIME: &str = "sailor";
/// What is said to the flow's owner: the platform's executions page shows it.
const OWNER: &str = "component";

/// The name of every error, and the reference's words for a missing stack trace.
const ERROR: (&str, &str) = ("Error", "Not Available");

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
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The most bytes that a thread keeps of each buffer.
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
            line.extend_from_slice(b",\"level\":");
            line.extend_from_slice(level(metadata));
            line.extend_from_slice(b",\"time\":\"");
            time::write_now(line);
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

/// The number of an event's level.
fn level(event: &Metadata<'_>) -> &'static [u8] {
    match *event.level() {
        _ if event.target() == FATAL => b"60",
        Level::TRACE => b"10",
        Level::DEBUG => b"20",
        Level::INFO => b"30",
        Level::WARN => b"40",
        Level::ERROR => b"50",
    }
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
        self.line.extend_from_slice(b",\"");
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    fn json(&mut self, field: &Field, value: &impl serde::Serialize) {
        self.name(field);
        self.value(value);
    }

    fn value(&mut self, value: &impl serde::Serialize) {
        serde_json::to_writer(&mut *self.line, value).expect("texts and numbers are JSON");
    }

    /// A text. Nearly all need no escape, which a look at all bytes at once tells sooner than JSON does byte by byte.
    fn str(&mut self, text: &str) {
        let escaped = |byte: &u8| *byte < b' ' || matches!(*byte, b'"' | b'\\');
        if text.bytes().fold(false, |found, byte| found | escaped(&byte)) {
            self.value(&text);
        } else {
            self.line.push(b'"');
            self.line.extend_from_slice(text.as_bytes());
            self.line.push(b'"');
        }
    }

    /// A text from whatever it is written by, cut where a text log cuts it. It is put together first: JSON would look
    /// for what to escape in each of its pieces.
    fn text(&mut self, value: &dyn Debug) {
        TEXT.with_borrow_mut(|text| {
            text.clear();
            let _ = escape::cut(text, value, MAX_VALUE);
            self.str(text);
            text.shrink_to(KEPT);
        });
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
        // Most texts are ids, which need none of the care below.
        if value.len() <= MAX_VALUE && field.name() != "error" {
            self.name(field);
            self.str(value);
        } else {
            self.record_debug(field, &format_args!("{value}"));
        }
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

mod time;

#[cfg(test)]
mod tests;
