//! Properties of what a message asks for: whatever it is, a request stays within the API, and an error is short.

use std::sync::LazyLock;

use elasticio_runtime::{action::Failure, platform::message::Message};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde_json::value::RawValue;

use super::{
    custom_request,
    object_types::{LOOKUP, ObjectRef},
    upload_file,
};
use crate::rest::Address;

pub use super::file_name::fuzzed::file_name;

static API: LazyLock<Url> = LazyLock::new(|| Url::parse("https://api.podio.com/base/").expect("an address"));

/// A message's body; the same bytes as an address and as an id.
pub fn action_input(data: &[u8]) {
    let address = Address::new(API.clone());
    let text = String::from_utf8_lossy(data);
    if let Ok(url) = address.resolve(&text) {
        check(&url);
    }
    id(&text, &address);
    let message = [b"{\"body\":", data, b"}"].concat();
    let Ok(message) = Message::parse(&message) else { return };
    match custom_request::fuzzed::address(message.body(), &address) {
        Ok(url) => check(&url),
        Err(failure) => short(&failure, data),
    }
    for outcome in [upload_file::fuzzed::source(&message), object(message.body()).map(drop)] {
        if let Err(failure) = outcome {
            short(&failure, data);
        }
    }
}

fn object(body: Option<&RawValue>) -> Result<String, Failure> {
    ObjectRef::read(body, LOOKUP, Some("item")).map(|object| object.path)
}

/// An id is one segment, whatever is in it.
fn id(text: &str, address: &Address) {
    let body = RawValue::from_string(serde_json::json!({ "idValue": text }).to_string()).expect("JSON");
    let Ok(path) = object(Some(&body)) else {
        return assert!(matches!(text, "" | "." | ".."), "an id is refused");
    };
    let url = address.resolve(&path).expect("an id is in an address");
    let segment = url.path().strip_prefix("/base/item/").expect("an id is behind its type");
    assert!(!segment.contains('/') && url.query().is_none() && url.fragment().is_none());
    assert!(percent_decode_str(segment).eq(text.bytes()), "another id is meant");
}

fn check(url: &Url) {
    assert!(url.origin() == API.origin() && url.username().is_empty() && url.password().is_none());
    assert!(url.path() == "/base" || url.path().starts_with("/base/"), "a request leaves the API's base");
}

fn short(failure: &Failure, data: &[u8]) {
    assert!(failure.message().len() <= 3 * data.len() + 300, "an error is longer than what it is about");
}
