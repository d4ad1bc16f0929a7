//! The demo's messages, and the outcome that each must have.

use std::time::Duration;

use anyhow::Result;
use podio_sandbox::{Api, Call};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::outcome::{Emitted, Outcome, Settlement};
use crate::sandbox::Sandbox;

/// One message, what happens before it, and its expected outcome.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    /// The message's body, as JSON.
    pub(crate) body: &'static str,
    before: Before,
    /// The calls that Podio must receive: `METHOD /path` and the status of the answer.
    calls: Vec<(&'static str, u16)>,
    expected: Expected,
    /// The shortest time that it may take.
    at_least: Duration,
}

/// What happens at the sandbox before the message is sent.
enum Before {
    Nothing,
    TokensExpire,
    Answers(Value),
}

/// What must come out of the worker.
enum Expected {
    /// A result with this value at a JSON pointer into its body.
    Data { pointer: &'static str, value: Value },
    /// An error whose message contains this text.
    Error(&'static str),
}

impl Scene {
    /// All scenes, in their order.
    pub(crate) fn all() -> Vec<Self> {
        let found = Expected::Data { pointer: "/statusCode", value: json!(200) };
        vec![
            Self::new("A GET of the credential's user", r#"{"method":"GET","url":"/user"}"#, found)
                .calls(&[("GET /user", 200)]),
            Self::new(
                "A POST that creates an item",
                r#"{"method":"POST","url":"/item/app/1/","data":{"fields":{"title":"Milk","amount":2.50}}}"#,
                Expected::Data { pointer: "/responseBody/title", value: json!("Milk") },
            )
            .calls(&[("POST /item/app/1/", 200)]),
            Self::new(
                "An access token that has expired: it is refreshed once, then the request is sent again",
                r#"{"method":"GET","url":"/user"}"#,
                Expected::Data { pointer: "/statusCode", value: json!(200) },
            )
            .after(Before::TokensExpire)
            .calls(&[("GET /user", 401), ("GET /user", 200)]),
            Self::new(
                "Podio's rate limit (420): the worker waits as long as Podio says, then the request is sent again",
                r#"{"method":"GET","url":"/org/"}"#,
                Expected::Data { pointer: "/statusCode", value: json!(200) },
            )
            .after(Before::Answers(rate_limit_once("GET /org/")))
            .calls(&[("GET /org/", 420), ("GET /org/", 200)])
            .takes_at_least(Duration::from_secs(1)),
            Self::new(
                "A method that Podio does not have: nothing is sent",
                r#"{"method":"PATCH","url":"/user"}"#,
                Expected::Error("Method \"PATCH\" is not supported!"),
            ),
            Self::new(
                "An address of another host: the token must not go there, nothing is sent",
                r#"{"method":"GET","url":"https://other.example/user"}"#,
                Expected::Error("url"),
            ),
        ]
    }

    fn new(title: &'static str, body: &'static str, expected: Expected) -> Self {
        Self { title, body, before: Before::Nothing, calls: Vec::new(), expected, at_least: Duration::ZERO }
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }

    fn calls(self, calls: &[(&'static str, u16)]) -> Self {
        Self { calls: calls.to_vec(), ..self }
    }

    fn takes_at_least(self, at_least: Duration) -> Self {
        Self { at_least, ..self }
    }

    /// The whole message, as JSON.
    pub(crate) fn message(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Message<'a> {
            body: &'a RawValue,
        }
        Ok(serde_json::to_string(&Message { body: serde_json::from_str(self.body)? })?)
    }

    /// Prepares the sandbox for the scene.
    pub(crate) async fn prepare(&self, sandbox: &Sandbox) -> Result<()> {
        match &self.before {
            Before::Nothing => Ok(()),
            Before::TokensExpire => sandbox.expire_tokens().await,
            Before::Answers(answers) => sandbox.script(&answers.to_string()).await,
        }
    }

    /// What differs from the expectations; nothing if the scene succeeded.
    pub(crate) fn faults(&self, calls: &[Call], outcome: &Outcome) -> Vec<String> {
        let mut faults = Vec::new();
        let podio_calls = calls.iter().filter(|call| call.api == Api::Podio);
        let received: Vec<_> = podio_calls.map(|call| (call.line(), call.status)).collect();
        if !received.iter().map(|(line, status)| (line.as_str(), *status)).eq(self.calls.iter().copied()) {
            faults.push(format!("Podio should have received {:?}", self.calls));
        }
        faults.extend(self.expected.fault(&outcome.emitted));
        let settlement = self.expected.settlement();
        if outcome.settlement != settlement {
            faults.push(format!("the message is {:?}, but should be {settlement:?}", outcome.settlement));
        }
        if outcome.took < self.at_least {
            faults.push(format!("it should have taken at least {:?}", self.at_least));
        }
        faults
    }
}

impl Expected {
    fn settlement(&self) -> Settlement {
        match self {
            Self::Data { .. } => Settlement::Acknowledged,
            Self::Error(_) => Settlement::Rejected,
        }
    }

    fn fault(&self, emitted: &Emitted) -> Option<String> {
        match (self, emitted) {
            (Self::Data { pointer, value }, Emitted::Data(body)) => {
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                (body.pointer(pointer) != Some(value)).then(|| format!("the result should have {value} at {pointer}"))
            }
            (Self::Error(part), Emitted::Error(message)) => {
                (!message.contains(part)).then(|| format!("the error should say {part}"))
            }
            (Self::Data { .. }, _) => Some("a result should have come out".to_owned()),
            (Self::Error(_), _) => Some("an error should have come out".to_owned()),
        }
    }
}

/// A script that answers one call with Podio's rate limit and the ones after it normally.
fn rate_limit_once(call: &str) -> Value {
    let (method, path) = call.split_once(' ').unwrap_or((call, ""));
    let answer = json!({
        "status": 420,
        "json": {
            "error": "rate_limit",
            "error_description": "You have hit the rate limit. Please wait 1 seconds before trying again",
            "error_detail": null,
            "error_parameters": {},
            "error_propagate": false,
            "request": {"url": format!("http://api.podio.com{path}"), "query_string": "", "method": method},
        },
        "then": "normal",
    });
    json!({"podio": {call: [answer]}})
}
