//! What a step's builder wants done about answers that are no success: the fields `errorPolicy`, `errorCodes`,
//! `ignoreErrorCodes`, `doNotThrow404` and, of older flows, `dontThrowErrorFlg`. Pure.
//!
//! The first that applies to an answer's status counts:
//! 1. `ignoreErrorCodes`: the answer is emitted;
//! 2. `doNotThrow404`: a 404 is emitted;
//! 3. `errorPolicy`, if the status is one of `errorCodes`;
//! 4. `dontThrowErrorFlg`: the answer is emitted when no retry is left;
//! 5. otherwise it is an error, after the usual retries.

use elasticio_runtime::action::Failure;
use serde_json::{Map, Value};

use super::checkbox::is_ticked;
use crate::rest::{ByStatus, Statuses};

/// The codes that a policy without any applies to: what may pass.
const PASSING: &str = "408, 420, 423, 429, 500-599";

/// The fields, as the builder filled them in.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorSettings {
    policy: Option<String>,
    codes: Option<String>,
    ignored: Option<String>,
    no_throw_404: bool,
    no_throw: bool,
}

/// What is done about an answer that is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// It is emitted as a result.
    Emit,
    /// The message goes back to the platform, which delivers it again later.
    Rebound,
    /// It is an error.
    Throw,
}

/// The chosen policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Policy {
    #[default]
    ByComponent,
    Rebound,
    Throw,
    Emit,
}

/// What the fields say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorPolicy {
    policy: Policy,
    /// The statuses that `policy` applies to. Of [`Policy::ByComponent`]: those that are retried beside the usual ones.
    codes: Statuses,
    /// The statuses that are emitted at once.
    ignored: Statuses,
    no_throw: bool,
}

impl ErrorSettings {
    pub(crate) fn read(fields: &Map<String, Value>) -> Self {
        let text = |name: &str| match fields.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        let flag = |name: &str| is_ticked(fields.get(name));
        Self {
            policy: text("errorPolicy"),
            codes: text("errorCodes"),
            ignored: text("ignoreErrorCodes"),
            no_throw_404: flag("doNotThrow404"),
            no_throw: flag("dontThrowErrorFlg"),
        }
    }

    /// What the fields say.
    ///
    /// # Errors
    /// If one is filled in wrongly; the text names it.
    pub(crate) fn policy(&self) -> Result<ErrorPolicy, Failure> {
        let policy = match self.policy.as_deref() {
            None | Some("byComponent") => Policy::ByComponent,
            Some("rebound") => Policy::Rebound,
            Some("throwError") => Policy::Throw,
            Some("emit") => Policy::Emit,
            Some(_) => {
                return Err(Failure::input(
                    "The step's Error Handling Policy (errorPolicy) must be one of byComponent, rebound, throwError, emit.",
                ));
            }
        };
        let codes = match (self.codes.as_deref(), policy) {
            (Some(text), _) => statuses(text, "Error Codes for Error Handling Policy", "errorCodes")?,
            (None, Policy::ByComponent) => Statuses::default(),
            (None, _) => statuses(PASSING, "Error Codes for Error Handling Policy", "errorCodes")?,
        };
        let ignored = self.ignored.as_deref().map_or(Ok(Statuses::default()), |text| {
            statuses(text, "Error Codes to emit as messages", "ignoreErrorCodes")
        })?;
        let ignored = if self.no_throw_404 { ignored.or(Statuses::one(404)) } else { ignored };
        Ok(ErrorPolicy { policy, codes, ignored, no_throw: self.no_throw })
    }
}

fn statuses(text: &str, label: &str, name: &str) -> Result<Statuses, Failure> {
    Statuses::parse(text).map_err(|unfit| Failure::input(format!("The step's {label} ({name}) {unfit}.")))
}

impl ErrorPolicy {
    /// Which answers are retried, and which are not.
    pub(crate) fn by_status(&self) -> ByStatus {
        match self.policy {
            Policy::ByComponent => ByStatus { retried: self.codes, given_up: self.ignored },
            Policy::Rebound | Policy::Throw | Policy::Emit => {
                ByStatus { retried: Statuses::default(), given_up: self.codes.or(self.ignored) }
            }
        }
    }

    /// What is done about an answer with this status when no retry is left.
    pub(crate) fn response(&self, status: u16) -> Response {
        if self.ignored.contains(status) {
            return Response::Emit;
        }
        match self.policy {
            Policy::Rebound if self.codes.contains(status) => Response::Rebound,
            Policy::Throw if self.codes.contains(status) => Response::Throw,
            Policy::Emit if self.codes.contains(status) => Response::Emit,
            _ if self.no_throw => Response::Emit,
            _ => Response::Throw,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn policy(fields: &Value) -> ErrorPolicy {
        ErrorSettings::read(fields.as_object().expect("an object")).policy().expect("well formed")
    }

    #[test]
    fn without_the_fields_nothing_changes() {
        for fields in [
            json!({}),
            json!({ "errorPolicy": "", "errorCodes": " ", "ignoreErrorCodes": null, "doNotThrow404": false }),
        ] {
            let policy = policy(&fields);
            assert_eq!(policy.by_status(), ByStatus::default());
            assert!((300..=599).all(|status| policy.response(status) == Response::Throw));
        }
        let old = policy(&json!({ "dontThrowErrorFlg": true }));
        assert_eq!(old.by_status(), ByStatus::default());
        assert!((300..=599).all(|status| old.response(status) == Response::Emit));
    }

    #[test]
    fn the_first_that_applies_counts() {
        use Response::{Emit, Rebound, Throw};
        for (fields, responses) in [
            (json!({ "errorPolicy": "emit" }), [(404, Throw), (408, Emit), (420, Emit), (505, Emit)]),
            (
                json!({ "errorPolicy": "rebound", "errorCodes": "423" }),
                [(423, Rebound), (500, Throw), (404, Throw), (420, Throw)],
            ),
            (
                json!({ "errorPolicy": "throwError", "errorCodes": "400-599", "ignoreErrorCodes": "409", "doNotThrow404": true }),
                [(404, Emit), (409, Emit), (400, Throw), (500, Throw)],
            ),
            (
                json!({ "errorPolicy": "rebound", "errorCodes": "404,503", "ignoreErrorCodes": "404", "dontThrowErrorFlg": true }),
                [(404, Emit), (503, Rebound), (400, Emit), (500, Emit)],
            ),
            (
                json!({ "errorPolicy": "throwError", "errorCodes": "404", "dontThrowErrorFlg": "true" }),
                [(404, Throw), (410, Emit), (400, Emit), (500, Emit)],
            ),
            (json!({ "doNotThrow404": true }), [(404, Emit), (410, Throw), (400, Throw), (500, Throw)]),
        ] {
            let policy = policy(&fields);
            for (status, response) in responses {
                assert_eq!(policy.response(status), response, "{fields} {status}");
            }
        }
    }

    #[test]
    fn a_policy_decides_what_is_retried() {
        let by_component = policy(&json!({ "errorCodes": "408,423", "ignoreErrorCodes": "423" })).by_status();
        assert!(by_component.retried.contains(408) && by_component.given_up.contains(423));
        assert!(!by_component.given_up.contains(408));
        for name in ["rebound", "throwError", "emit"] {
            let chosen = policy(&json!({ "errorPolicy": name })).by_status();
            assert!(
                chosen.retried == Statuses::default() && chosen.given_up.contains(500) && chosen.given_up.contains(420),
                "{name}"
            );
            assert!(!chosen.given_up.contains(400), "{name}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (fields, word) in [
            (json!({ "errorPolicy": "retry" }), "Error Handling Policy (errorPolicy) must be one of"),
            (json!({ "errorPolicy": 7 }), "(errorPolicy)"),
            (json!({ "errorCodes": "5xx" }), "(errorCodes) must be statuses"),
            (json!({ "errorCodes": [500] }), "(errorCodes)"),
            (json!({ "ignoreErrorCodes": "404, oops" }), "(ignoreErrorCodes) must be statuses"),
        ] {
            let failure = ErrorSettings::read(fields.as_object().expect("an object")).policy().expect_err("wrong");
            assert!(failure.message().contains(word), "{fields}: {failure}");
        }
        assert!(policy(&json!({ "errorCodes": 404 })).by_status().retried.contains(404), "a number is a code");
    }

    proptest! {
        #[test]
        fn what_is_emitted_or_handed_back_at_once_is_not_retried(
            name in prop::sample::select(vec!["byComponent", "rebound", "throwError", "emit"]),
            codes in 300_u16..600, ignored in 300_u16..600, no_404: bool, status in 300_u16..600,
        ) {
            let policy = policy(&json!({
                "errorPolicy": name, "errorCodes": codes.to_string(), "ignoreErrorCodes": ignored.to_string(),
                "doNotThrow404": no_404,
            }));
            let (response, by_status) = (policy.response(status), policy.by_status());
            if status == ignored || (no_404 && status == 404) {
                prop_assert_eq!(response, Response::Emit);
            }
            if response != Response::Throw {
                prop_assert!(by_status.given_up.contains(status));
            }
            prop_assert!(status == codes || !by_status.retried.contains(status));
        }
    }
}
