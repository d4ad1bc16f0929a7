//! The messages of the demo, and what must become of each.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    outcome::{Emitted, Outcome},
    sandbox::{Call, Sandbox},
};

/// One message, what is arranged before it, and what is expected of it.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    /// The message's body, as JSON.
    pub(crate) body: &'static str,
    before: Before,
    /// What Podio must see: `METHOD /path` and the status that it answers.
    calls: Vec<(&'static str, u16)>,
    expected: Expected,
    /// The least time that it may take.
    at_least: Duration,
}

/// What is arranged at the sandbox before the message is sent.
enum Before {
    Nothing,
    TokensExpire,
    Answers(Value),
}

/// What must come out.
enum Expected {
    /// A result with this value at a JSON pointer of its body.
    Data { pointer: &'static str, value: Value },
    /// An error whose message contains this.
    Error(&'static str),
}

impl Scene {
    /// All scenes, in their order.
    pub(crate) fn all() -> Vec<Self> {
        let found = Expected::Data { pointer: "/statusCode", value: json!(200) };
        vec![
            Self::new("A GET of the credential's user", r#"{"method":"GET","url":"/user"}"#, found)
                .sees(&[("GET /user", 200)]),
            Self::new(
                "A POST that creates an item",
                r#"{"method":"POST","url":"/item/app/1/","data":{"fields":{"title":"Milk","amount":2.50}}}"#,
                Expected::Data { pointer: "/responseBody/title", value: json!("Milk") },
            )
            .sees(&[("POST /item/app/1/", 200)]),
            Self::new(
                "An access token that has expired: renewed once, then the request is sent again",
                r#"{"method":"GET","url":"/user"}"#,
                Expected::Data { pointer: "/statusCode", value: json!(200) },
            )
            .after(Before::TokensExpire)
            .sees(&[("GET /user", 401), ("GET /user", 200)]),
            Self::new(
                "Podio's rate limit (420): the wait that it names is kept, then the request is sent again",
                r#"{"method":"GET","url":"/org/"}"#,
                Expected::Data { pointer: "/statusCode", value: json!(200) },
            )
            .after(Before::Answers(rate_limit_once("GET /org/")))
            .sees(&[("GET /org/", 420), ("GET /org/", 200)])
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

    fn sees(self, calls: &[(&'static str, u16)]) -> Self {
        Self { calls: calls.to_vec(), ..self }
    }

    fn takes_at_least(self, at_least: Duration) -> Self {
        Self { at_least, ..self }
    }

    /// The whole message, as JSON.
    pub(crate) fn message(&self) -> String {
        format!("{{\"body\":{}}}", self.body)
    }

    /// Arranges what the scene needs.
    pub(crate) async fn prepare(&self, sandbox: &Sandbox) -> Result<()> {
        match &self.before {
            Before::Nothing => Ok(()),
            Before::TokensExpire => sandbox.expire_tokens().await,
            Before::Answers(answers) => sandbox.order(&answers.to_string()).await,
        }
    }

    /// What is not as it should be; nothing, if all is well.
    pub(crate) fn faults(&self, calls: &[Call], outcome: &Outcome) -> Vec<String> {
        let mut faults = Vec::new();
        let seen: Vec<_> = calls.iter().filter(|call| call.is_podio()).map(|call| (call.line(), call.status)).collect();
        if !seen.iter().map(|(line, status)| (line.as_str(), *status)).eq(self.calls.iter().copied()) {
            faults.push(format!("Podio should have seen {:?}", self.calls));
        }
        faults.extend(self.expected.fault(&outcome.emitted));
        let wants_rejection = matches!(self.expected, Expected::Error(_));
        if outcome.rejected != wants_rejection {
            faults.push(format!("rejected: {}, which should be {wants_rejection}", outcome.rejected));
        }
        if outcome.took < self.at_least {
            faults.push(format!("it should have taken {:?} at least", self.at_least));
        }
        faults
    }
}

impl Expected {
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

/// Podio's answer to too many calls, once; then all is as usual.
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
