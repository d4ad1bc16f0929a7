//! What is wrong with a builder's values: every problem of a message in one error, each with the field's label, its
//! external id, the value and what was expected.

use std::fmt;

use elasticio_runtime::action::{ErrorCode, Failure};

use super::{App, Field};

/// Problems in an error text; more are counted.
const MAX_LISTED: usize = 20;
/// Characters of a name that came with a message in an error text.
const MAX_NAME: usize = 60;

/// A value that its field does not take.
pub(crate) struct Unfit {
    /// What it must be.
    pub(super) expected: String,
    /// What it is, as JSON.
    pub(super) found: String,
}

impl Unfit {
    /// The same of a property of the value.
    pub(super) fn of(self, property: &str) -> Self {
        Self { expected: format!("{} in \"{}\"", self.expected, shortened(property)), ..self }
    }
}

/// Without the value.
impl fmt::Debug for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfit").field("expected", &self.expected).finish_non_exhaustive()
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be {}, but it is {}", self.expected, self.found)
    }
}

/// The problems of one message's values, in order.
#[derive(Clone, Default)]
pub(crate) struct Problems(Vec<String>);

/// Without the values.
impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problems", self.0.len())
    }
}

impl Problems {
    /// A value that does not fit its field.
    pub(crate) fn unfit(&mut self, field: &Field, unfit: &Unfit) {
        self.0.push(format!("{} {unfit}", field.title()));
    }

    /// A field without the value that it must have.
    pub(super) fn missing(&mut self, field: &Field) {
        self.0.push(format!("{} is required and has no value", field.title()));
    }

    /// A field that takes no value.
    pub(super) fn read_only(&mut self, field: &Field) {
        self.0.push(format!(
            "{} takes no value, since Podio computes it or it only divides the form: leave it out",
            field.title()
        ));
    }

    /// A field that is not in use.
    pub(crate) fn inactive(&mut self, field: &Field) {
        self.0.push(format!("{} is no longer active in the app: leave it out", field.title()));
    }

    /// A name that is none of the app's fields.
    pub(crate) fn unknown(&mut self, name: &str, app: &App) {
        let names: Vec<&str> = app.active().map(|field| field.external_id.as_str()).collect();
        let listed = names.iter().take(MAX_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > MAX_LISTED { ", …" } else { "" };
        self.0.push(format!("\"{}\" is no field of the app, which has {listed}{more}", shortened(name)));
    }

    /// Anything else; the text names what it is about.
    pub(crate) fn other(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Takes in the problems of another part of the message.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The error of a message about an item of an app.
    pub(crate) fn failure(&self, app: &App) -> Failure {
        self.failure_of(&app.title())
    }

    /// The error of a message about `what`, such as `task`.
    pub(crate) fn failure_of(&self, what: &str) -> Failure {
        let count = self.0.len();
        let listed = self.0.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join("; ");
        let more = if count > MAX_LISTED { format!("; and {} more", count - MAX_LISTED) } else { String::new() };
        let (values, logged) = match count {
            1 => ("A value does".to_owned(), "a value of the message does".to_owned()),
            _ => (format!("{count} values do"), format!("{count} values of the message do")),
        };
        let text = format!("{values} not fit the {what}; nothing was sent. {listed}{more}.");
        let log = format!("{logged} not fit");
        Failure::with_log(text, log).with_code(ErrorCode::InvalidInput)
    }
}

/// A name for an error text.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}
