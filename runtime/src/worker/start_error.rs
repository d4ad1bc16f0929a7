//! Why the worker did not start, and what the flow's owner reads about it.

use crate::{
    amqp::ConnectError,
    dispatcher::{Failure, UnknownFunction},
    platform::api::ApiError,
};

/// Why the worker did not start, or did not keep running.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The broker cannot be used.
    #[error(transparent)]
    Broker(#[from] ConnectError),
    /// The platform's API failed at start.
    #[error("the start failed: {0}")]
    Platform(#[from] ApiError),
    /// The startup hook failed.
    #[error("the startup hook failed: {0}")]
    Startup(Failure),
    /// The shutdown hook failed.
    #[error("the shutdown hook failed, and the platform keeps its state for another try: {0}")]
    Shutdown(Failure),
    /// The platform did not store the startup data.
    #[error("the startup data could not be stored: {0}")]
    StartupData(ApiError),
    /// The actions could not be set up.
    #[error("the step could not be set up: {0:#}")]
    Actions(anyhow::Error),
    /// The component has no such action or trigger.
    #[error(transparent)]
    Function(#[from] UnknownFunction),
}

impl StartError {
    /// What the flow's owner reads: the platform's own answer, where there is one, as the reference sends it.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Platform(error @ ApiError::Status { body, .. }) if !body.is_empty() => {
                Failure::with_log(error.body_as_json(), self.to_string())
            }
            Self::StartupData(error @ ApiError::Status { .. }) => {
                Failure::with_log(error.startup_data_text(), self.to_string())
            }
            Self::Startup(failure) | Self::Shutdown(failure) => failure.clone(),
            _ => Failure::new(self.to_string()),
        }
    }
}
