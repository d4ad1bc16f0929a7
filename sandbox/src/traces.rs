//! The newest traces that were exported to the sandbox, for whoever has no collector: the page shows them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::spans::Span;

/// Spans that are kept: the newest.
const MAX_SPANS: usize = 500;
/// Traces that the page shows.
const SHOWN: usize = 5;

/// The newest spans, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Traces(Mutex<VecDeque<Span>>);

/// A span, for the page.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct ShownSpan {
    /// When it began, in milliseconds since 1970.
    at: u64,
    trace: String,
    /// How many spans it is in.
    depth: usize,
    name: String,
    /// Milliseconds.
    took: f64,
    service: String,
    failed: bool,
    /// `name=value`, with commas between them.
    attributes: String,
}

impl Traces {
    pub(crate) fn add(&self, spans: Vec<Span>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(spans);
        let surplus = kept.len().saturating_sub(MAX_SPANS);
        kept.drain(..surplus);
    }

    /// The spans of the newest traces: trace by trace, the newest first, and in each in the order in which they began.
    pub(crate) fn shown(&self) -> Vec<ShownSpan> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut traces: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
        for span in &*kept {
            traces.entry(&span.trace).or_default().push(span);
        }
        let mut traces: Vec<Vec<&Span>> = traces.into_values().collect();
        for spans in &mut traces {
            spans.sort_by_key(|span| span.began);
        }
        traces.sort_by_key(|spans| std::cmp::Reverse(spans.first().map(|span| span.began)));
        traces.truncate(SHOWN);
        traces.iter().flat_map(|spans| spans.iter().map(|span| shown(span, spans))).collect()
    }
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds for people")]
fn shown(span: &Span, trace: &[&Span]) -> ShownSpan {
    let attributes: Vec<String> = span.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    ShownSpan {
        at: span.began / 1_000_000,
        trace: span.trace.clone(),
        depth: depth(span, trace),
        name: span.name.clone(),
        took: span.ended.saturating_sub(span.began) as f64 / 1e6,
        service: span.service.clone(),
        failed: span.failed,
        attributes: attributes.join(", "),
    }
}

/// How many known spans a span is in. Spans that are in one another in a circle are no deeper than there are spans.
fn depth(span: &Span, trace: &[&Span]) -> usize {
    let parent = |span: &Span| trace.iter().find(|other| other.id == span.parent).copied();
    std::iter::successors(parent(span), |span| parent(span)).take(trace.len()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(trace: &str, id: &str, parent: &str, began: u64) -> Span {
        let [service, name] = ["s", id].map(str::to_owned);
        let [trace, id, parent] = [trace, id, parent].map(str::to_owned);
        let attributes = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let (began, ended) = (began * 1_000_000, began * 1_000_000 + 1_500_000);
        Span { service, name, kind: 1, trace, id, parent, began, ended, failed: false, attributes, events: Vec::new() }
    }

    #[test]
    fn spans_are_shown_by_trace_and_by_what_they_are_in() {
        let traces = Traces::default();
        // A span is exported when it ends, so the outer one comes last.
        traces.add(vec![span("old", "call", "message", 2), span("new", "alone", "elsewhere", 9)]);
        traces.add(vec![span("old", "message", "", 1)]);
        let shown = traces.shown();
        let order: Vec<(&str, usize)> = shown.iter().map(|span| (span.name.as_str(), span.depth)).collect();
        assert_eq!(order, [("alone", 0), ("message", 0), ("call", 1)]);
        assert!((shown[0].took - 1.5).abs() < 1e-9);
        assert_eq!((shown[0].at, shown[0].attributes.as_str()), (9, "a=1, b=2"));
        traces.add(vec![span("circle", "x", "y", 20), span("circle", "y", "x", 21)]);
        assert_eq!(traces.shown()[0].depth, 2);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let traces = Traces::default();
        traces.add((0..600).map(|number| span("t", &number.to_string(), "", number)).collect());
        let shown = traces.shown();
        assert_eq!((shown.len(), shown[0].name.as_str()), (MAX_SPANS, "100"));
        traces.add((0..100).map(|number| span(&format!("t{number}"), "one", "", 1000 + number)).collect());
        assert_eq!(traces.shown().len(), SHOWN);
    }
}
