//! Validates the input of a message; every error names the field at fault. Pure.

use bytes::Bytes;
use elasticio_runtime::{
    action::{ErrorCode, Failure},
    platform::json::{Kind, RawObject, text_of, write_compact},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::pages::Walk;
use crate::rest::{Address, Request, request::Payload};

/// Validated input.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) request: Request,
    /// Set if the results are fetched page by page.
    pub(super) walk: Option<Walk>,
}

/// Validates the message's body. Error texts that the Node.js component has too are word for word the same.
pub(super) fn read(body: Option<&RawValue>, address: &Address, safe_retries: bool) -> Result<Input, Failure> {
    let body = body.ok_or_else(|| {
        Failure::input("The message has no \"body\"; it must be an object with \"url\" and \"method\".")
    })?;
    let fields = RawObject::deserialize(body).map_err(|_| {
        Failure::input(format!(
            "The message's \"body\" must be an object with \"url\" and \"method\", but it is {}.",
            Kind::of(body)
        ))
    })?;
    let method = read_method(fields.get("method"))?;
    let url = text(fields.get("url"), "url", "give the path of the resource, e.g. \"/user\"")?;
    let url = address.resolve(&url)?;
    let given = |field| fields.get(field).filter(|value| Kind::of(value) != Kind::Null).map(|value| (field, value));
    let data = given("data").or_else(|| given("body"));
    let payload = data.map(|(field, value)| read_payload(field, value)).transpose()?.flatten();
    let request = Request { payload, safe_retries, ..Request::new(method, url) };
    let walk = fields.get("pagination").map(|option| Walk::new(option, &request)).transpose()?.flatten();
    Ok(Input { request, walk })
}

fn read_method(value: Option<&RawValue>) -> Result<Method, Failure> {
    let name = text(value, "method", "give one of DELETE, GET, POST, PUT")?;
    match name.as_str() {
        "DELETE" => Ok(Method::DELETE),
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        _ => {
            let supported = "Supported methods are: [\"DELETE\",\"GET\",\"POST\",\"PUT\"]";
            Err(Failure::with_log(
                format!("Method \"{name}\" is not supported! {supported}"),
                format!("the message's method is not supported! {supported}"),
            )
            .with_code(ErrorCode::InvalidInput))
        }
    }
}

/// Reads a field that must be text.
fn text(value: Option<&RawValue>, field: &str, advice: &str) -> Result<String, Failure> {
    let value = value.ok_or_else(|| Failure::input(format!("The field \"{field}\" is missing: {advice}.")))?;
    text_of(value).ok_or_else(|| {
        Failure::input(format!("The field \"{field}\" must be text, but it is {}: {advice}.", Kind::of(value)))
    })
}

/// The request's content: an object or array as JSON, text unchanged; empty text means no content.
fn read_payload(field: &str, value: &RawValue) -> Result<Option<Payload>, Failure> {
    match Kind::of(value) {
        Kind::Object | Kind::Array => {
            let mut json = Vec::new();
            write_compact(value.get(), &mut json);
            Ok(Some(Payload::Json(Bytes::from(json))))
        }
        Kind::Text => {
            let text = text_of(value).unwrap_or_default();
            Ok((!text.is_empty()).then(|| Payload::Text(Bytes::from(text))))
        }
        other => Err(Failure::input(format!(
            "The field \"{field}\" must be an object, an array or text, but it is {other}."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_body(body: &str) -> Result<Request, String> {
        let raw: Box<RawValue> = serde_json::from_str(body).expect("valid JSON");
        let address = Address::new("https://api.podio.com".parse().expect("an address"));
        read(Some(&raw), &address, false).map(|input| input.request).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn errors_name_the_field() {
        for (body, word) in [
            ("null", "body"),
            ("[]", "an array"),
            ("{}", "method"),
            (r#"{"method":"GET"}"#, "\"url\" is missing"),
            (r#"{"method":7,"url":"/user"}"#, "\"method\" must be text, but it is a number"),
            (r#"{"method":"GET","url":["/user"]}"#, "\"url\" must be text, but it is an array"),
            (r#"{"method":"GET","url":null}"#, "\"url\" must be text, but it is null"),
            (r#"{"method":"GET","url":""}"#, "\"url\" is empty"),
            (r#"{"method":"GET","url":"https://other.example/"}"#, "\"url\" leads away"),
            (r#"{"method":"POST","url":"/x","data":5}"#, "\"data\" must be"),
            (r#"{"method":"POST","url":"/x","data":true}"#, "\"data\" must be"),
            (r#"{"method":"POST","url":"/x","body":true}"#, "\"body\" must be"),
        ] {
            let error = read_body(body).expect_err(body);
            assert!(error.contains(word), "{body}: {error}");
        }
        assert_eq!(
            read_body(r#"{"method":"PATCH","url":"/u"}"#).expect_err("PATCH"),
            "Method \"PATCH\" is not supported! Supported methods are: [\"DELETE\",\"GET\",\"POST\",\"PUT\"]"
        );
    }

    #[test]
    fn payloads_match_the_node_component() {
        let payload = |data: &str| {
            let request = read_body(&format!(r#"{{"method":"POST","url":"/x",{data}}}"#)).expect("valid");
            request.payload.map(|payload| match payload {
                Payload::Json(bytes) => ("json", String::from_utf8_lossy(&bytes).into_owned()),
                Payload::Text(bytes) => ("text", String::from_utf8_lossy(&bytes).into_owned()),
                Payload::File(_) => panic!("the input has no file"),
            })
        };
        let json = |text: &str| Some(("json", text.to_owned()));
        assert_eq!(
            payload(r#""data":{"a": 1.50, "\u00fc": 12345678901234567}"#),
            json(r#"{"a":1.50,"ü":12345678901234567}"#)
        );
        assert_eq!(payload(r#""data":[1, 3]"#), json("[1,3]"));
        assert_eq!(payload(r#""body":{}"#), json("{}"));
        assert_eq!(payload(r#""data":"hello""#), Some(("text", "hello".to_owned())));
        assert_eq!(payload(r#""data":"""#), None);
        assert_eq!(payload(r#""data":null"#), None);
        assert_eq!(payload(r#""data":null,"body":{"a":1}"#), json(r#"{"a":1}"#));
        assert_eq!(payload(r#""data":[],"body":{"a":1}"#), json("[]"));
        assert_eq!(payload(r#""data":"","body":{"a":1}"#), None);
    }
}
