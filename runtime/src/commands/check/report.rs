//! What a check found, as lines for a person or as JSON.

use std::fmt;

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// A worker would start with it.
    Ok,
    /// It would start, and something is likely not meant so.
    Warning,
    /// It would not work.
    Failed,
    /// Something before it failed, so that it could not be tried.
    NotTried,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    check: &'static str,
    status: Status,
    text: String,
}

impl Line {
    pub(super) fn new(check: &'static str, status: Status, text: impl Into<String>) -> Self {
        Self { check, status, text: text.into() }
    }

    /// The line of an outcome: its value is what is said when all is well, its error says what to do.
    pub(super) fn of<E: fmt::Display>(check: &'static str, outcome: Result<String, E>) -> Self {
        match outcome {
            Ok(text) => Self::new(check, Status::Ok, text),
            Err(error) => Self::new(check, Status::Failed, error.to_string()),
        }
    }

    /// The line of a check that `before` makes impossible.
    pub(super) fn not_tried(check: &'static str, before: &str) -> Self {
        Self::new(check, Status::NotTried, format!("needs {before}"))
    }

    pub(super) fn is_failed(&self) -> bool {
        self.status == Status::Failed
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "FAILED",
            Status::NotTried => "not tried",
        };
        write!(f, "{status:<9}  {:<14}  {}", self.check, self.text)
    }
}
