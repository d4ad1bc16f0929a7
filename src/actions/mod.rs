//! The component's actions, one file each, and the registry that holds them.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    dispatcher::{Failure, Interruption, Registry},
    podio::{AddressError, CallError, Podio, StepConfig},
};

mod custom_request;
mod delete_object_by_id;
mod download_file;
mod files;
mod lookup_object_by_id;
mod object_types;
mod upload_file;

use custom_request::CustomRequest;
use delete_object_by_id::DeleteObjectById;
use download_file::DownloadFile;
pub use files::Files;
use lookup_object_by_id::LookupObjectById;
use upload_file::UploadFile;

/// What the platform draws: the credential form, the actions' forms and schemas.
const COMPONENT: &str = include_str!("../../component.json");

/// All actions, for a step with `config`, calling Podio through `podio`; `files` is where attachments come from and go.
#[must_use]
pub fn registry(podio: &Arc<Podio>, config: &StepConfig, files: &Files) -> Registry {
    let custom_request = Arc::new(CustomRequest::new(podio.clone(), config));
    Registry::default()
        .with("customRequest", custom_request.clone())
        .with("makeRawRequest", custom_request)
        .with("lookupObjectById", Arc::new(LookupObjectById::new(podio.clone(), config)))
        .with("deleteObjectById", Arc::new(DeleteObjectById::new(podio.clone(), config)))
        .with("uploadFile", Arc::new(UploadFile::new(podio.clone(), files.clone())))
        .with("downloadFile", Arc::new(DownloadFile::new(podio.clone(), files.clone())))
}

/// What a step's form asks for: the choices of a select box (`model` of the field in component.json).
///
/// # Errors
/// When the action has no such method; the texts are the reference's.
pub fn model(action: &str, method: &str) -> Result<Value, UnknownModel> {
    match (action, method) {
        ("lookupObjectById", "getLookupByIdObjects") => Ok(object_types::choices(object_types::LOOKUP)),
        ("deleteObjectById", "getDeleteByIdObjects") => Ok(object_types::choices(object_types::DELETE)),
        _ if names().any(|name| name == action) => {
            Err(UnknownModel::Method { action: action.to_owned(), method: method.to_owned() })
        }
        _ => Err(UnknownModel::Action(action.to_owned())),
    }
}

/// The names of the actions, as component.json lists them.
fn names() -> impl Iterator<Item = String> {
    let component: Value = serde_json::from_str(COMPONENT).unwrap_or_default();
    let actions = component["actions"].as_object().cloned().unwrap_or_default();
    actions.into_iter().map(|(name, _)| name)
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

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<AddressError> for Interruption {
    fn from(error: AddressError) -> Self {
        Failure::from(error).into()
    }
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
