//! Asks a worker's HTTP server, as an operator's tools do.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use podio_test_support::{http_get, until};
use prometheus_parse::{Sample, Scrape, Value};

use crate::step::BOUND;

/// Waits until `/readyz` answers with this status; returns its text.
pub(crate) async fn until_ready_is(address: SocketAddr, wanted: u16) -> Result<String> {
    until(&format!("/readyz with {wanted}"), BOUND, async || {
        let answer = http_get(address, "/readyz").await;
        Ok(answer.ok().filter(|(status, _)| *status == wanted).map(|(_, text)| text.trim().to_owned()))
    })
    .await
}

/// The figures of a worker.
pub(crate) struct Figures {
    /// The text itself.
    pub(crate) text: String,
    samples: Vec<Sample>,
}

impl Figures {
    /// Reads `/metrics` with a parser of Prometheus's text format.
    pub(crate) async fn read(address: SocketAddr) -> Result<Self> {
        let (status, text) = http_get(address, "/metrics").await?;
        ensure!(status == 200, "{status}: {text}");
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        Ok(Self { samples: Scrape::parse(lines)?.samples, text })
    }

    /// The sum of the values of `name` over all samples with these labels, as a whole number. A histogram's value is its
    /// count.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no figure is negative or that large")]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let has = |sample: &Sample| labels.iter().all(|(label, value)| sample.labels.get(label) == Some(*value));
        let found = self.samples.iter().filter(|sample| sample.metric == name && has(sample));
        found.map(number).sum::<f64>() as u64
    }

    /// Whether there is a sample of `name`, with these labels at least.
    pub(crate) fn has(&self, name: &str, labels: &[&str]) -> bool {
        self.samples
            .iter()
            .any(|sample| sample.metric == name && labels.iter().all(|label| sample.labels.get(label).is_some()))
    }

    /// The values of one label of `name`.
    pub(crate) fn values(&self, name: &str, label: &str) -> Vec<&str> {
        let found = self.samples.iter().filter(|sample| sample.metric == name);
        let mut values: Vec<&str> = found.filter_map(|sample| sample.labels.get(label)).collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}

fn number(sample: &Sample) -> f64 {
    match &sample.value {
        Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => *value,
        Value::Histogram(buckets) => buckets.last().map_or(0.0, |bucket| bucket.count),
        Value::Summary(_) => 0.0,
    }
}
