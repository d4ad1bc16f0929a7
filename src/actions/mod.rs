//! The component's actions, one file each, and the registry that holds them.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    dispatcher::{Failure, Interruption, Registry},
    podio::{CallError, Podio, StepConfig},
};

mod custom_request;
mod delete_object_by_id;
mod lookup_object_by_id;
mod object_types;

use custom_request::CustomRequest;
use delete_object_by_id::DeleteObjectById;
use lookup_object_by_id::LookupObjectById;

/// All actions, for a step with `config`, calling Podio through `podio`.
#[must_use]
pub fn registry(podio: &Arc<Podio>, config: &StepConfig) -> Registry {
    let custom_request = Arc::new(CustomRequest::new(podio.clone(), config));
    Registry::default()
        .with("customRequest", custom_request.clone())
        .with("makeRawRequest", custom_request)
        .with("lookupObjectById", Arc::new(LookupObjectById::new(podio.clone(), config)))
        .with("deleteObjectById", Arc::new(DeleteObjectById::new(podio.clone(), config)))
}

/// What a step's form asks for: the choices of a select box (`model` of the field in component.json).
///
/// # Errors
/// When the action has no such method; the texts are the reference's.
pub fn model(action: &str, method: &str) -> Result<Value, UnknownModel> {
    match (action, method) {
        ("lookupObjectById", "getLookupByIdObjects") => Ok(object_types::choices(object_types::LOOKUP)),
        ("deleteObjectById", "getDeleteByIdObjects") => Ok(object_types::choices(object_types::DELETE)),
        ("customRequest" | "makeRawRequest" | "lookupObjectById" | "deleteObjectById", _) => {
            Err(UnknownModel::Method { action: action.to_owned(), method: method.to_owned() })
        }
        _ => Err(UnknownModel::Action(action.to_owned())),
    }
}

/// There are no such choices.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownModel {
    /// No such action.
    #[error("Trigger or action \"{0}\" is not found in component.json!")]
    Action(String),
    /// The action has no such method.
    #[error("Method \"{method}\" is not found in \"{action}\" action or trigger")]
    Method {
        /// The action.
        action: String,
        /// The method.
        method: String,
    },
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

#[cfg(test)]
mod tests;
