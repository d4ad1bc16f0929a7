//! Figures, in Prometheus's form, by the names of OpenTelemetry's semantic conventions. Labels have few values: no ids, and
//! paths without what is variable in them.

use std::{sync::OnceLock, time::Duration};

use prometheus::{Encoder, Histogram, TextEncoder};

mod families;
mod operations;
mod process;
mod templates;

use families::Families;
pub(crate) use operations::Operation;
use process::Process;
use templates::Templates;

/// The figures of this process; none unless somebody can read them.
static METRICS: OnceLock<Metrics> = OnceLock::new();

/// The figures of this process, if they are kept.
#[must_use]
pub fn metrics() -> Option<&'static Metrics> {
    METRICS.get()
}

/// How the work on a message may end.
const OUTCOMES: [&str; 4] = ["acknowledged", "rejected", "rebounded", "left"];

/// What an event counts.
pub struct Metrics {
    families: Families,
    process: Process,
    templates: Templates,
    /// The work on messages by its outcome: looked up once, since every message counts here.
    processed: OnceLock<[(&'static str, Histogram); OUTCOMES.len()]>,
    /// Sets what is only looked up when somebody asks.
    look_up: OnceLock<Box<dyn Fn() -> InUse + Send + Sync>>,
}

/// What is in use when the figures are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InUse {
    /// Messages in work.
    pub(crate) messages: u64,
    /// Bytes of the memory budget.
    pub(crate) bytes: usize,
}

/// A call to an HTTP server, as its labels name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpLabels<'a> {
    pub(super) peer: &'a str,
    pub(super) method: &'a str,
    /// Empty without an answer.
    pub(super) status: &'a str,
    pub(super) template: &'a str,
    /// Empty for a success.
    pub(super) error_type: &'a str,
}

impl Metrics {
    /// Keeps figures from now on. Names of the component's own begin with `prefix`.
    ///
    /// # Errors
    /// If two figures have the same name.
    pub(crate) fn start(prefix: &str, version: &str, revision: &str) -> Result<&'static Self, prometheus::Error> {
        let families = Families::register(prefix)?;
        families.build_info.with_label_values(&[version, revision]).set(1);
        let process = Process::register(&families.registry)?;
        let (processed, look_up) = (OnceLock::new(), OnceLock::new());
        let metrics = Self { families, process, templates: Templates::default(), processed, look_up };
        Ok(METRICS.get_or_init(|| metrics))
    }

    /// `look_up` says what is in use whenever the figures are read. `queue` is the one that messages come from.
    pub(crate) fn look_up(
        &self,
        queue: &str,
        prefetch: u16,
        budget: usize,
        look_up: impl Fn() -> InUse + Send + Sync + 'static,
    ) {
        let of = |outcome| (outcome, self.families.process.with_label_values(&[queue, outcome]));
        self.processed.get_or_init(|| OUTCOMES.map(of));
        self.families.prefetch.set(prefetch.into());
        self.families.memory_budget.set(whole(budget));
        // There is one worker in a process; a second one, as in tests, changes nothing.
        let _ = self.look_up.set(Box::new(look_up));
    }

    /// All figures as text, in Prometheus's exposition format.
    ///
    /// # Errors
    /// If a figure cannot be written.
    pub(crate) fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let used = self.look_up.get().map(|look_up| look_up()).unwrap_or_default();
        self.families.in_flight.set(i64::try_from(used.messages).unwrap_or(i64::MAX));
        self.families.bytes_in_flight.set(whole(used.bytes));
        self.process.look();
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.families.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// The work on a message ended.
    pub(crate) fn processed(&self, outcome: &str, took: Duration) {
        let known = self.processed.get().and_then(|known| known.iter().find(|(name, _)| *name == outcome));
        if let Some((_, histogram)) = known {
            observe(histogram, took);
        }
    }

    /// The broker delivered a message.
    pub(crate) fn consumed(&self) {
        self.families.consumed.inc();
    }

    /// An operation at the broker ended.
    pub(crate) fn operation(&self, operation: Operation<'_>, took: Duration) {
        self.families.operations.ended(operation, took);
    }

    /// A call to an HTTP server ended.
    pub(super) fn http(&self, labels: HttpLabels<'_>, took: Duration) {
        let HttpLabels { peer, method, status, template, error_type } = labels;
        let template = self.templates.admit(template);
        let labels = [peer, method, status, template, error_type];
        observe(&self.families.http.with_label_values(&labels), took);
    }

    /// A wait ended.
    pub(super) fn waited(&self, reason: &str, took: Duration) {
        observe(&self.families.waits.with_label_values(&[reason]), took);
    }

    /// An answer said how much is left of the rate limit of `pool`.
    pub(super) fn rate_limit(&self, pool: &str, limit: u64, remaining: u64) {
        let whole = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.families.rate_limit.with_label_values(&[pool]).set(whole(limit));
        self.families.rate_limit_remaining.with_label_values(&[pool]).set(whole(remaining));
    }

    /// A token was refreshed, or not.
    pub fn token_refreshed(&self, outcome: &str) {
        self.families.token_refreshes.with_label_values(&[outcome]).inc();
    }

    /// The token in use expires then, in seconds since the epoch; 0 if nobody says when.
    pub fn token_expires(&self, seconds: f64) {
        self.families.token_expires.set(seconds);
    }

    /// Spans could not be exported.
    pub(super) fn spans_lost(&self, spans: usize) {
        self.families.spans_lost.inc_by(u64::try_from(spans).unwrap_or(u64::MAX));
    }

    /// The broker delivered a message again.
    pub(crate) fn redelivered(&self, action: &str) {
        self.families.redeliveries.with_label_values(&[action]).inc();
    }

    /// No queue took a message.
    pub(crate) fn returned(&self) {
        self.families.returned.inc();
    }

    /// A connection to the broker is there again.
    pub(crate) fn reconnected(&self) {
        self.families.reconnects.inc();
    }

    /// Whether the broker takes no messages for now.
    pub(crate) fn blocked(&self, blocked: bool) {
        self.families.blocked.set(blocked.into());
    }

    /// Whether both connections to the broker are up.
    pub(crate) fn connected(&self, connected: bool) {
        self.families.connected.set(connected.into());
    }
}

fn observe(histogram: &Histogram, took: Duration) {
    histogram.observe(took.as_secs_f64());
}

fn whole(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
