//! Removes what a comparison of whole messages must ignore.

use podio_test_support::Emitted;
use serde_json::{Map, Value};

/// HTTP response headers that belong to the connection rather than to the answer.
const CONNECTION_HEADERS: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "upgrade",
    "vary",
];

/// The fields of an error. `name` and `stack` differ between programs, but must exist.
const ERROR_FIELDS: [&str; 3] = ["name", "message", "stack"];

/// Removes the connection's headers from every HTTP answer in `value`, at any depth.
pub(crate) fn drop_connection_headers(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_answer = object.contains_key("statusCode") && object.contains_key("responseBody");
            if is_answer && let Some(Value::Object(headers)) = object.get_mut("headers") {
                headers.retain(|name, _| !CONNECTION_HEADERS.contains(&name.as_str()));
            }
            object.values_mut().for_each(drop_connection_headers);
        }
        Value::Array(values) => values.iter_mut().for_each(drop_connection_headers),
        _ => {}
    }
}

/// The error in a payload: that of an error message, or the whole payload of the copy for `reply_to`.
pub(crate) fn error_of<'a>(emitted: &Emitted, payload: &'a mut Value) -> Option<&'a mut Map<String, Value>> {
    if emitted.headers.get("x-eio-error-response") == Some(&Value::Bool(true)) {
        return payload.as_object_mut();
    }
    if emitted.routing_key != "error" {
        return None;
    }
    payload.get_mut("error")?.as_object_mut()
}

/// The fields of an error that should be strings and are not.
pub(crate) fn missing_error_fields(error: &Map<String, Value>) -> impl Iterator<Item = &'static str> {
    ERROR_FIELDS.into_iter().filter(|field| !error.get(*field).is_some_and(Value::is_string))
}

/// Removes what differs between programs from an error.
pub(crate) fn drop_varying_error_fields(error: &mut Map<String, Value>) {
    error.remove("name");
    error.remove("stack");
    // Fields that the reference does not have.
    for field in ["code", "statusCode", "apiError", "apiMessage"] {
        error.remove(field);
    }
}
