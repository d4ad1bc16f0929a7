//! What the worker of one flow talks to: hosts that answer as the flow says, each behind a recorder.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use podio_test_support::{Environment, OtlpReceiver, Recorder, Stage, own_address};
use serde_json::json;
use tempfile::TempDir;

use crate::canary::Canary;
use crate::flow::Flow;
use crate::hosts::BROKER_USER;
use crate::step::answers;

/// What the worker of one flow talks to.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) podio: Recorder,
    pub(crate) tokens: Recorder,
    pub(crate) platform: Recorder,
    pub(crate) storage: Recorder,
    pub(crate) broker: Recorder,
    /// Where its traces go.
    pub(crate) collector: OtlpReceiver,
    /// Where its figures are.
    pub(crate) address: SocketAddr,
    /// Its home, and where temporary files go.
    pub(crate) folder: TempDir,
}

impl Scene {
    pub(crate) async fn set(flow: &Flow, broker_url: &str) -> Result<Self> {
        let stage = Stage::set_on(broker_url.to_owned(), "canary", &[]).await?;
        let snapshot = json!({ "snapshot": Canary::StepSnapshot.value() });
        stage.sandbox.set_step(&json!({ "config": flow.config, "is_passthrough": true, "snapshot": snapshot }));
        stage.sandbox.set_answers(answers(flow.podio.clone(), flow.platform.clone())?)?;
        Ok(Self {
            podio: Recorder::start(Some(stage.sandbox.podio_addr())).await?,
            tokens: Recorder::start(Some(stage.sandbox.podio_addr())).await?,
            platform: Recorder::start(Some(stage.sandbox.platform_addr())).await?,
            storage: Recorder::start(Some(stage.sandbox.platform_addr())).await?,
            broker: Recorder::start(Some(stage.proxy.address())).await?,
            collector: OtlpReceiver::start().await?,
            address: own_address(),
            folder: tempfile::tempdir()?,
            stage,
        })
    }

    /// The environment of its worker.
    pub(crate) fn environment(&self, function: &str) -> Result<Environment> {
        let vhost = self.stage.broker_url().rsplit('/').next().context("the broker's vhost")?.to_owned();
        let password = Canary::AmqpPassword.encoded();
        let broker = format!("amqp://{BROKER_USER}:{password}@{}/{vhost}", self.broker.address());
        let folder = self.folder.path().display().to_string();
        Ok(crate::files::everywhere(
            self.stage
                .environment(function)
                .with("OTEL_EXPORTER_OTLP_ENDPOINT", &self.collector.url())
                .with("PODIO_HTTP_ADDRESS", &self.address.to_string())
                .with("ELASTICIO_AMQP_URI", &broker)
                .with("ELASTICIO_API_URI", &self.platform.url())
                .with("ELASTICIO_API_USERNAME", Canary::ApiUser.value())
                .with("ELASTICIO_API_KEY", Canary::ApiKey.value())
                .with("ELASTICIO_OBJECT_STORAGE_URI", &self.storage.url())
                .with("ELASTICIO_OBJECT_STORAGE_TOKEN", Canary::StorageToken.value())
                .with("PODIO_API_URL", &self.podio.url())
                .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", self.tokens.url()))
                .with("PODIO_CLIENT_ID", Canary::ClientId.value())
                .with("PODIO_CLIENT_SECRET", Canary::ClientSecret.value()),
            &folder,
        ))
    }
}
