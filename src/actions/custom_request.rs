//! `customRequest` (and `makeRawRequest`, its name in older flows): any call of Podio's API.
//! In: `url`, `method`, `data` (or `body`). Out: `statusCode`, `headers`, `responseBody` and, for binary answers,
//! `responseBodyEncoding` (contract, sections 8 and 10).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    dispatcher::{Action, Context, Failure, Interruption},
    platform::{
        json::{Kind, RawObject, WriteJson, write_compact},
        message::{Message, Outgoing},
    },
    podio::{Address, Answer, Podio, Request, StepConfig, request::Payload},
};

/// The action, for one step.
pub(super) struct CustomRequest {
    podio: Arc<Podio>,
    safe_retries: bool,
    dont_throw: bool,
}

impl CustomRequest {
    pub(super) fn new(podio: Arc<Podio>, config: &StepConfig) -> Self {
        Self { podio, safe_retries: config.safe_retries, dont_throw: config.dont_throw }
    }

    async fn execute(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let request = read_request(message.body(), self.podio.address(), self.safe_retries)?;
        let answer = match self.podio.send(&request, context.stop).await {
            Err(error) if self.dont_throw => error.into_answer()?,
            answer => answer?,
        };
        context.emitter.data(Outgoing::new(Output(answer))).await
    }
}

impl Action for CustomRequest {
    fn run<'a>(
        &'a self,
        message: &'a Message<'a>,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Result<(), Interruption>> {
        Box::pin(self.execute(message, context))
    }
}

/// Validates the message's body. The texts of the reference stay where it has one.
fn read_request(body: Option<&RawValue>, address: &Address, safe_retries: bool) -> Result<Request, Failure> {
    let body = body.ok_or_else(|| {
        Failure::new("The message has no \"body\"; it must be an object with \"url\" and \"method\".")
    })?;
    let fields = RawObject::deserialize(body).map_err(|_| {
        Failure::new(format!(
            "The message's \"body\" must be an object with \"url\" and \"method\", but it is {}.",
            Kind::of(body)
        ))
    })?;
    let method = read_method(fields.get("method"))?;
    let url = text(fields.get("url"), "url", "give the path of the resource, e.g. \"/user\"")?;
    let url = address.resolve(&url).map_err(|error| Failure::new(error.to_string()))?;
    let data = fields.get("data").or_else(|| fields.get("body"));
    Ok(Request { method, url, payload: data.map(read_payload).transpose()?.flatten(), safe_retries })
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
            ))
        }
    }
}

/// A field that must be text.
fn text(value: Option<&RawValue>, field: &str, advice: &str) -> Result<String, Failure> {
    let value = value.ok_or_else(|| Failure::new(format!("The field \"{field}\" is missing: {advice}.")))?;
    serde_json::from_str(value.get()).map_err(|_| {
        Failure::new(format!("The field \"{field}\" must be text, but it is {}: {advice}.", Kind::of(value)))
    })
}

/// The request body: an object or array as JSON, text as it is, nothing for `null` and empty text.
fn read_payload(value: &RawValue) -> Result<Option<Payload>, Failure> {
    match Kind::of(value) {
        Kind::Null => Ok(None),
        Kind::Object | Kind::Array => {
            let mut json = Vec::new();
            write_compact(value.get(), &mut json);
            Ok(Some(Payload::Json(Bytes::from(json))))
        }
        Kind::Text => {
            let text: String = serde_json::from_str(value.get())
                .map_err(|_| Failure::new("The field \"data\" holds text that is no valid Unicode."))?;
            Ok((!text.is_empty()).then(|| Payload::Form(Bytes::from(text))))
        }
        other => {
            Err(Failure::new(format!("The field \"data\" must be an object, an array or text, but it is {other}.")))
        }
    }
}

/// The emitted body, written from Podio's answer without a copy in between.
struct Output(Answer);

impl WriteJson for Output {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Self(answer) = self;
        out.extend_from_slice(b"{\"statusCode\":");
        out.extend_from_slice(answer.status.as_str().as_bytes());
        out.extend_from_slice(b",\"headers\":");
        answer.write_headers(out);
        out.extend_from_slice(b",\"responseBody\":");
        if answer.write_body(out) {
            out.extend_from_slice(b",\"responseBodyEncoding\":\"base64\"");
        }
        out.push(b'}');
    }

    fn size_hint(&self) -> usize {
        /// Status, field names and the headers of a usual answer.
        const REST: usize = 512;
        self.0.len() + REST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Request, String> {
        let raw: Box<RawValue> = serde_json::from_str(body).expect("valid JSON");
        let address = Address::new("https://api.podio.com".parse().expect("an address"));
        read_request(Some(&raw), &address, false).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn bad_input_names_its_field() {
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
        ] {
            let error = read(body).expect_err(body);
            assert!(error.contains(word), "{body}: {error}");
        }
        assert_eq!(
            read(r#"{"method":"PATCH","url":"/u"}"#).expect_err("PATCH"),
            "Method \"PATCH\" is not supported! Supported methods are: [\"DELETE\",\"GET\",\"POST\",\"PUT\"]"
        );
    }

    #[test]
    fn payloads_go_as_the_reference_sends_them() {
        let payload = |data: &str| {
            let request = read(&format!(r#"{{"method":"POST","url":"/x",{data}}}"#)).expect("valid");
            request
                .payload
                .map(|payload| (payload.content_type(), String::from_utf8_lossy(payload.bytes()).into_owned()))
        };
        let json = |text: &str| Some(("application/json", text.to_owned()));
        assert_eq!(
            payload(r#""data":{"a": 1.50, "\u00fc": 12345678901234567}"#),
            json(r#"{"a":1.50,"ü":12345678901234567}"#)
        );
        assert_eq!(payload(r#""data":[1, 3]"#), json("[1,3]"));
        assert_eq!(payload(r#""body":{}"#), json("{}"));
        assert_eq!(payload(r#""data":"hello""#), Some(("application/x-www-form-urlencoded", "hello".to_owned())));
        assert_eq!(payload(r#""data":"""#), None);
        assert_eq!(payload(r#""data":null"#), None);
    }
}
