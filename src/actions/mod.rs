//! The component's actions, one file each, and their registry.

use std::sync::Arc;

use elasticio_runtime::action::Registry;

use crate::{podio::StepConfig, rest::ApiClient};

mod complete_task;
mod create_comment;
mod create_item;
mod create_task;
mod custom_request;
mod delete_object_by_id;
mod download_file;
mod file_name;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod lookup_item;
mod lookup_items;
mod lookup_object_by_id;
mod object_types;
mod pages;
mod storage_sink;
mod update_item;
mod upload_file;
mod upsert_item;

use complete_task::CompleteTask;
use create_comment::CreateComment;
use create_item::CreateItem;
use create_task::CreateTask;
use custom_request::CustomRequest;
use delete_object_by_id::DeleteObjectById;
use download_file::DownloadFile;
pub(crate) use files::Files;
use lookup_item::LookupItem;
use lookup_items::LookupItems;
use lookup_object_by_id::LookupObjectById;
use update_item::UpdateItem;
use upload_file::UploadFile;
use upsert_item::UpsertItem;

/// All actions of a step with this config.
#[must_use]
pub(crate) fn registry(podio: &Arc<ApiClient>, config: &StepConfig, files: &Files) -> Registry {
    let custom_request = Arc::new(CustomRequest::new(podio.clone(), config));
    Registry::default()
        .with("customRequest", custom_request.clone())
        .with("makeRawRequest", custom_request)
        .with("upsertItem", Arc::new(UpsertItem::new(podio.clone(), config)))
        .with("createItem", Arc::new(CreateItem::new(podio.clone(), config)))
        .with("updateItem", Arc::new(UpdateItem::new(podio.clone(), config)))
        .with("lookupItem", Arc::new(LookupItem::new(podio.clone(), config)))
        .with("lookupItems", Arc::new(LookupItems::new(podio.clone(), config)))
        .with("lookupObjectById", Arc::new(LookupObjectById::new(podio.clone(), config)))
        .with("deleteObjectById", Arc::new(DeleteObjectById::new(podio.clone(), config)))
        .with("uploadFile", Arc::new(UploadFile::new(podio.clone(), files.clone())))
        .with("downloadFile", Arc::new(DownloadFile::new(podio.clone(), files.clone(), config)))
        .with("createComment", Arc::new(CreateComment::new(podio.clone(), config)))
        .with("createTask", Arc::new(CreateTask::new(podio.clone(), config)))
        .with("completeTask", Arc::new(CompleteTask::new(podio.clone(), config)))
}
