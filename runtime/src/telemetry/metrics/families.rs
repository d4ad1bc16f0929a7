//! The figures: their names, labels and meanings.

use prometheus::{
    Error, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

use super::operations::Operations;

/// Upper bounds of the buckets, in seconds (OpenTelemetry's semantic conventions for durations).
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// The same for waits, which may take minutes.
const WAIT_BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 300.0];

const OPERATION: &[&str] = &["messaging_operation_name", "kind", "error_type"];

/// All figures.
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) process: HistogramVec,
    pub(super) consumed: IntCounter,
    pub(super) operations: Operations,
    pub(super) http: HistogramVec,
    pub(super) in_flight: IntGauge,
    pub(super) prefetch: IntGauge,
    pub(super) bytes_in_flight: IntGauge,
    pub(super) memory_budget: IntGauge,
    pub(super) waits: HistogramVec,
    pub(super) rate_limit: IntGaugeVec,
    pub(super) rate_limit_remaining: IntGaugeVec,
    pub(super) token_refreshes: IntCounterVec,
    pub(super) token_expires: Gauge,
    pub(super) redeliveries: IntCounterVec,
    pub(super) returned: IntCounter,
    pub(super) reconnects: IntCounter,
    pub(super) blocked: IntGauge,
    pub(super) connected: IntGauge,
    pub(super) spans_lost: IntCounter,
    pub(super) build_info: IntGaugeVec,
}

/// Makes figures and adds them to a registry.
struct Maker<'a> {
    registry: &'a Registry,
    prefix: &'a str,
}

impl Maker<'_> {
    fn add<C: Collector + Clone + 'static>(&self, collector: Result<C, Error>) -> Result<C, Error> {
        let collector = collector?;
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    /// A name of the component's own.
    fn own(&self, name: &str, help: &str) -> Opts {
        Opts::new(format!("{}_{name}", self.prefix), help)
    }

    fn histogram(&self, opts: Opts, buckets: &[f64], labels: &[&str]) -> Result<HistogramVec, Error> {
        let opts = HistogramOpts { common_opts: opts, buckets: buckets.to_vec() };
        self.add(HistogramVec::new(opts, labels))
    }

    fn counter(&self, opts: Opts) -> Result<IntCounter, Error> {
        self.add(IntCounter::with_opts(opts))
    }

    fn counters(&self, opts: Opts, labels: &[&str]) -> Result<IntCounterVec, Error> {
        self.add(IntCounterVec::new(opts, labels))
    }

    fn gauge(&self, opts: Opts) -> Result<IntGauge, Error> {
        self.add(IntGauge::with_opts(opts))
    }

    fn gauges(&self, opts: Opts, labels: &[&str]) -> Result<IntGaugeVec, Error> {
        self.add(IntGaugeVec::new(opts, labels))
    }
}

/// The label values that are known from the start.
const REDELIVERED: [&str; 3] = ["joined", "settled", "processed"];
const REFRESHED: [&str; 2] = ["refreshed", "failed"];
const WAITED: [&str; 5] = ["retry", "rate_limit", "publish_rate", "memory", "publish_retry"];

impl Families {
    /// Makes the series whose labels are known: one that begins with its first event hides that event from `increase()`.
    fn begin_at_zero(&self) {
        for action in REDELIVERED {
            self.redeliveries.with_label_values(&[action]);
        }
        for outcome in REFRESHED {
            self.token_refreshes.with_label_values(&[outcome]);
        }
        for reason in WAITED {
            self.waits.with_label_values(&[reason]);
        }
    }

    /// Makes all figures; those of the component's own begin with `prefix`.
    pub(super) fn register(prefix: &str) -> Result<Self, Error> {
        let registry = Registry::new();
        let make = Maker { registry: &registry, prefix };
        let common = |name: &str, help: &str| Opts::new(name, help);
        let families = Self {
            process: make.histogram(
                common("messaging_process_duration_seconds", "From a message's arrival to its settlement."),
                BUCKETS,
                &["messaging_destination_name", "outcome"],
            )?,
            consumed: make.counter(common("messaging_client_consumed_messages_total", "Messages from the queue."))?,
            operations: Operations::new(
                make.histogram(
                    common("messaging_client_operation_duration_seconds", "Operations at the broker."),
                    BUCKETS,
                    OPERATION,
                )?,
                make.counters(
                    common("messaging_client_sent_messages_total", "Attempts to publish, confirmed or not."),
                    OPERATION,
                )?,
            ),
            http: make.histogram(
                common("http_client_request_duration_seconds", "Calls to HTTP servers, an attempt each."),
                BUCKETS,
                &["peer", "http_request_method", "http_response_status_code", "url_template", "error_type"],
            )?,
            in_flight: make.gauge(make.own("messages_in_flight", "Messages in work."))?,
            prefetch: make.gauge(make.own("prefetch", "The most messages in work at once."))?,
            bytes_in_flight: make.gauge(make.own("bytes_in_flight", "Bytes of the memory budget in use."))?,
            memory_budget: make.gauge(make.own("memory_budget_bytes", "Bytes that large bodies may take together."))?,
            waits: make.histogram(make.own("waits_seconds", "Waits, by reason."), WAIT_BUCKETS, &["reason"])?,
            rate_limit: make.gauges(make.own("rate_limit_limit", "Calls that a rate limit allows."), &["pool"])?,
            rate_limit_remaining: make.gauges(
                make.own("rate_limit_remaining", "Calls that are left of it, as the last answer said."),
                &["pool"],
            )?,
            token_refreshes: make
                .counters(make.own("token_refreshes_total", "Refreshes of the token."), &["outcome"])?,
            token_expires: make.add(Gauge::with_opts(make.own(
                "token_expires_timestamp_seconds",
                "When the token expires; 0 if its credential does not say.",
            )))?,
            redeliveries: make.counters(make.own("redeliveries_total", "Messages that came again."), &["action"])?,
            returned: make.counter(make.own("returned_messages_total", "Publishes that no queue took."))?,
            reconnects: make
                .counter(make.own("reconnects_total", "Connections to the broker that were opened again."))?,
            blocked: make.gauge(make.own("broker_blocked", "1 while the broker takes no messages."))?,
            connected: make.gauge(make.own("connected", "1 while both connections to the broker are up."))?,
            spans_lost: make
                .counter(make.own("spans_lost_total", "Spans that were dropped, or whose export failed."))?,
            build_info: make.gauges(make.own("build_info", "Always 1."), &["version", "revision"])?,
            registry: Registry::new(),
        };
        families.begin_at_zero();
        Ok(Self { registry, ..families })
    }
}
