//! The two forms of what the demo prints: text for people, a line of JSON for each message for programs.

use podio_sandbox::Call;
use serde_json::{Value, json};

use crate::load::Load;
use crate::outcome::{Emitted, Outcome, Settlement};
use crate::terminal::Terminal;

/// How the demo prints.
pub(crate) enum Form {
    Text(Terminal),
    Json,
}

impl Form {
    pub(crate) fn title(&self, number: usize, title: &str) {
        if let Self::Text(terminal) = self {
            terminal.title(number, title);
        }
    }

    /// A message, the calls that it led to if they are known, and what became of it.
    pub(crate) fn message(&self, message: &str, calls: Option<&[Call]>, outcome: &Outcome) {
        match self {
            Self::Text(terminal) => {
                terminal.sent(message);
                if let Some(calls) = calls {
                    terminal.calls(calls);
                }
                terminal.outcome(outcome);
            }
            Self::Json => println!("{}", as_json(message, calls, outcome)),
        }
    }

    pub(crate) fn verdict(&self, faults: &[String]) {
        match self {
            Self::Text(terminal) => terminal.verdict(faults),
            Self::Json => println!("{}", json!({ "as_expected": faults.is_empty(), "faults": faults })),
        }
    }

    pub(crate) fn total(&self, scenes: usize, wrong: usize, surplus: usize) {
        match self {
            Self::Text(terminal) => terminal.total(scenes, wrong, surplus),
            Self::Json => println!("{}", json!({ "messages": scenes, "wrong": wrong, "unexpected": surplus })),
        }
    }

    pub(crate) fn load(&self, load: &Load) {
        match self {
            Self::Text(terminal) => terminal.load(load),
            Self::Json => println!("{}", json!(load)),
        }
    }
}

fn as_json(message: &str, calls: Option<&[Call]>, outcome: &Outcome) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let out = match &outcome.emitted {
        Emitted::Data(body) => json!({ "data": parsed(body) }),
        Emitted::Error(text) => json!({ "error": text }),
        Emitted::Rebound { after_ms } => json!({ "rebound_after_ms": after_ms }),
        Emitted::Nothing => Value::Null,
    };
    let settled = match outcome.settlement {
        Settlement::Acknowledged => "acknowledged",
        Settlement::Rejected => "rejected",
    };
    let call = |call: &Call| json!({ "api": call.api.to_string(), "call": call.line(), "status": call.status });
    json!({
        "in": parsed(message),
        "calls": calls.map(|calls| calls.iter().map(call).collect::<Vec<_>>()),
        "out": out,
        "settled": settled,
        "took_ms": outcome.took.as_secs_f64() * 1000.0,
    })
}
