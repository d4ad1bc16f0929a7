//! The component's triggers, one file or folder each, and their entries in the registry.

use std::sync::Arc;

use elasticio_runtime::action::Registry;

use crate::{podio::StepConfig, rest::ApiClient};

mod get_new_and_updated_objects_polling;
mod webhook;

use get_new_and_updated_objects_polling::GetNewAndUpdatedObjectsPolling;
use webhook::Webhook;

/// Adds all triggers of a step with this config.
#[must_use]
pub(crate) fn register(registry: Registry, podio: &Arc<ApiClient>, config: &StepConfig) -> Registry {
    registry
        .with("getNewAndUpdatedObjectsPolling", Arc::new(GetNewAndUpdatedObjectsPolling::new(podio.clone(), config)))
        .with("webhook", Arc::new(Webhook::new(podio.clone(), config)))
}
