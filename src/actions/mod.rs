//! The component's actions, one file each, and their registry.

use std::sync::Arc;

use elasticio_runtime::action::Registry;

use crate::{podio::StepConfig, rest::ApiClient};

mod custom_request;
mod delete_object_by_id;
mod download_file;
mod file_name;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod lookup_object_by_id;
mod object_types;
mod upload_file;

use custom_request::CustomRequest;
use delete_object_by_id::DeleteObjectById;
use download_file::DownloadFile;
pub(crate) use files::Files;
use lookup_object_by_id::LookupObjectById;
use upload_file::UploadFile;

/// All actions of a step with this config.
#[must_use]
pub(crate) fn registry(podio: &Arc<ApiClient>, config: &StepConfig, files: &Files) -> Registry {
    let custom_request = Arc::new(CustomRequest::new(podio.clone(), config));
    Registry::default()
        .with("customRequest", custom_request.clone())
        .with("makeRawRequest", custom_request)
        .with("lookupObjectById", Arc::new(LookupObjectById::new(podio.clone(), config)))
        .with("deleteObjectById", Arc::new(DeleteObjectById::new(podio.clone(), config)))
        .with("uploadFile", Arc::new(UploadFile::new(podio.clone(), files.clone())))
        .with("downloadFile", Arc::new(DownloadFile::new(podio.clone(), files.clone())))
}

#[cfg(test)]
mod tests;
