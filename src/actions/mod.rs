//! The component's actions, one file each, and the registry that holds them.

use std::sync::Arc;

use crate::{
    dispatcher::{Failure, Interruption, Registry},
    podio::{CallError, Podio, StepConfig},
};

mod custom_request;

use custom_request::CustomRequest;

/// All actions, for a step with `config`, calling Podio through `podio`.
#[must_use]
pub fn registry(podio: &Arc<Podio>, config: &StepConfig) -> Registry {
    let custom_request = Arc::new(CustomRequest::new(podio.clone(), config));
    Registry::default().with("customRequest", custom_request.clone()).with("makeRawRequest", custom_request)
}

impl From<CallError> for Interruption {
    fn from(error: CallError) -> Self {
        match error {
            CallError::HandBack { wait } => Self::Rebound { reason: error.to_string(), wait },
            CallError::Stopped => Self::Stopped,
            other => Failure::with_log(other.message(), other.to_string()).into(),
        }
    }
}
