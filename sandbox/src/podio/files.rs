//! `/file/…`: uploads, hashed while they arrive, and downloads, generated while they are sent.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Multipart, Query, State as Shared};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;

use super::base::Base;
use super::body::object;
use super::error::ApiError;
use super::id::Id;
use super::switches::Switched;
use crate::response;
use crate::state::State;
use crate::store::{File, FileWriter, Reference};

/// Longest `filename` part, in bytes.
const MAX_NAME: usize = 1024;
/// Content that is not kept is replaced by this many bytes, repeated.
const PATTERN_BYTES: usize = 64 * 1024;

type Result<T> = std::result::Result<T, ApiError>;

/// Stores a file from a multipart form with the part `source` and, optionally, `filename`.
pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    Base(base): Base,
    form: std::result::Result<Multipart, MultipartRejection>,
) -> Result<Response> {
    let mut form = form.map_err(|_| missing_source())?;
    let (mut name, mut source) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| invalid_form(&error))? {
        match field.name() {
            Some("source") => source = Some(file(field).await?),
            Some("filename") => name = Some(short_text(field).await?),
            _ => {}
        }
    }
    let mut file = source.ok_or_else(missing_source)?;
    if let Some(name) = name {
        file.name = name;
    }
    let id = state.records().files.add(file.clone());
    Ok(response::json(StatusCode::OK, &file.show(id, &base)))
}

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id, Base(base): Base) -> Result<Response> {
    let file = state.records().files.get(id).ok_or_else(ApiError::no_object)?;
    Ok(response::json(StatusCode::OK, &file.show(id, &base)))
}

pub(super) async fn delete(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    state.records().files.remove(id).ok_or_else(ApiError::no_object)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

/// Binds a file to the item or task that the body names.
pub(super) async fn attach(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
    body: Bytes,
) -> Result<Response> {
    let body = object(&body)?;
    let part = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let to = part("ref_type").as_str().zip(part("ref_id").as_u64());
    let to = to.and_then(|(kind, id)| Reference::read(kind, id));
    let wrong =
        || ApiError::invalid_value("Invalid value (ref_type, ref_id): must be the type and id of an item or a task");
    state.records().attach_file(id, to.ok_or_else(wrong)?, switches)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
pub(super) struct RawQuery {
    /// How many bytes of the pattern to send in place of the file.
    size: Option<u64>,
}

/// A file's content. With `?size=N` every id is that of a file, of N bytes of the pattern.
pub(super) async fn raw(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    query: std::result::Result<Query<RawQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(query) = query.map_err(|_| ApiError::invalid_value("size is not a number of bytes"))?;
    let file = match query.size {
        Some(size) => generated_file(id, size),
        None => state.records().files.get(id).ok_or_else(ApiError::no_object)?,
    };
    let mut response = Response::new(file.content.map_or_else(|| pattern(file.size), Body::from));
    let disposition = format!("attachment; filename=\"{}\"", file.name.replace(['"', '\\'], "_"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(file.size));
    for (name, value) in [(CONTENT_TYPE, file.media_type), (CONTENT_DISPOSITION, disposition)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

async fn file(mut field: Field<'_>) -> Result<File> {
    let name = field.file_name().unwrap_or("file").to_owned();
    let media_type = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let mut writer = FileWriter::default();
    while let Some(chunk) = field.chunk().await.map_err(|error| invalid_form(&error))? {
        writer.write(&chunk);
    }
    Ok(writer.finish(name, media_type))
}

async fn short_text(mut field: Field<'_>) -> Result<String> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| invalid_form(&error))? {
        text.extend_from_slice(&chunk);
        if text.len() > MAX_NAME {
            return Err(ApiError::invalid_value(format!("filename is over {MAX_NAME} bytes")));
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn generated_file(id: u64, size: u64) -> File {
    File {
        name: format!("{id}.bin"),
        media_type: "application/octet-stream".to_owned(),
        size,
        sha256: String::new(),
        content: None,
    }
}

/// `size` bytes of the pattern, generated while they are sent.
fn pattern(size: u64) -> Body {
    static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
        // xorshift32: the bytes hardly compress and are the same in every run.
        let mut word: u32 = 0x9e37_79b9;
        let bytes = std::iter::repeat_with(|| {
            word ^= word << 13;
            word ^= word >> 17;
            word ^= word << 5;
            word.to_le_bytes()
        });
        bytes.take(PATTERN_BYTES / 4).flatten().collect()
    });
    let chunks = stream::unfold(size, |left| async move {
        let length = usize::try_from(left).map_or(PATTERN_BYTES, |left| left.min(PATTERN_BYTES));
        let next = (Ok::<_, Infallible>(PATTERN.slice(..length)), left - length as u64);
        (left > 0).then_some(next)
    });
    Body::from_stream(chunks)
}

fn missing_source() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "Missing parameters: source")
}

fn invalid_form(error: &MultipartError) -> ApiError {
    ApiError::invalid_value(format!("The multipart form breaks off: {}", error.body_text()))
}
