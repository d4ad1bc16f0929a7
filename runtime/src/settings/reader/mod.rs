//! Reads single values leniently, as the platform's reference does (protocol, sections 1.3 and 1.4), and collects every
//! problem.

use std::{fmt, time::Duration};

use secrecy::SecretString;
use url::Url;

use super::{
    Source,
    camel_case::header_name,
    variables::{self, Unset, Variable},
};

/// The longest name or routing key in AMQP, in bytes.
const MAX_NAME: usize = 255;
/// The schemes of HTTP addresses.
const HTTP: &[&str] = &["http", "https"];

/// Every setting that is missing or malformed.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// `NAME: what is wrong and what it should be`; never the value of a secret.
    pub(crate) problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings are missing or malformed: {}", self.problems.join("; "))
    }
}

impl std::error::Error for SettingsError {}

/// Reads values from a source and collects what is missing or malformed for [`Reader::finish`].
pub struct Reader<'a> {
    source: &'a Source,
    problems: Vec<String>,
    /// The variables that hold secrets.
    secrets: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// A reader without problems so far.
    #[must_use]
    pub fn new(source: &'a Source) -> Self {
        Self { source, problems: Vec::new(), secrets: Vec::new() }
    }

    /// Returns `value`, unless there was a problem.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn finish<T>(mut self, value: T) -> Result<T, SettingsError> {
        let told: Vec<&str> = self.source.additional().filter(|name| self.secrets.contains(name)).collect();
        for name in told {
            let what = format!("names {name}, which holds a secret: every outgoing message would carry it");
            self.problem(variables::ADDITIONAL_VARS_FOR_HEADERS, &what);
        }
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(SettingsError { problems: self.problems })
    }

    /// Records a problem for [`Self::finish`]; `what` must not hold a secret.
    pub fn problem(&mut self, variable: Variable, what: &str) {
        self.problems.push(format!("{}: {what}", variable.name));
    }

    /// The raw text; `None` when unset or empty.
    #[must_use]
    pub fn optional(&self, variable: Variable) -> Option<String> {
        self.source.get(variable.name).map(str::to_owned)
    }

    /// The text, or the variable's default text; without a default, a missing text is a problem.
    pub fn text(&mut self, variable: Variable) -> String {
        match (self.optional(variable), variable.default) {
            (Some(text), _) => text,
            (None, Unset::Text(text)) => text.to_owned(),
            (None, _) => {
                self.problem(variable, "is missing");
                String::new()
            }
        }
    }

    /// A text that AMQP accepts as a name or routing key; a longer one is a problem.
    pub fn name(&mut self, variable: Variable) -> String {
        let text = self.text(variable);
        if text.len() > MAX_NAME {
            self.problem(variable, &format!("has {} bytes, AMQP takes {MAX_NAME}", text.len()));
        }
        text
    }

    /// Takes note that `variable` holds a secret, whether or not it is read: no message may carry it.
    pub fn conceal(&mut self, variable: Variable) {
        self.secrets.push(variable.name);
    }

    /// A text that must be set and is never printed.
    pub fn secret(&mut self, variable: Variable) -> SecretString {
        self.conceal(variable);
        self.text(variable).into()
    }

    /// A text that is never printed; `None` when unset or empty.
    pub fn optional_secret(&mut self, variable: Variable) -> Option<SecretString> {
        self.conceal(variable);
        self.optional(variable).map(SecretString::from)
    }

    /// A text for an HTTP header that is never printed; empty when unset. What no header can hold is a problem.
    pub(crate) fn header_secret(&mut self, variable: Variable) -> SecretString {
        self.conceal(variable);
        let text = self.optional(variable).unwrap_or_default();
        if text.contains(|char: char| char.is_ascii_control() && char != '\t') {
            self.problem(variable, "holds a line break or another control character, which no HTTP header can hold");
        }
        text.into()
    }

    /// A whole number, from the leading digits; the default when it is 0 or there are none.
    #[must_use]
    pub fn count(&self, variable: Variable) -> u64 {
        let Unset::Count(default) = variable.default else {
            unreachable!("{} is read as a number, so its default is one", variable.name)
        };
        self.given_count(variable).unwrap_or(default)
    }

    /// The same without a default: `None` when it is 0 or there are no digits.
    #[must_use]
    pub fn given_count(&self, variable: Variable) -> Option<u64> {
        leading_digits(self.source.get(variable.name)?).filter(|count| *count > 0)
    }

    /// A duration in milliseconds, read like [`Self::count`].
    #[must_use]
    pub fn millis(&self, variable: Variable) -> Duration {
        Duration::from_millis(self.count(variable))
    }

    /// A whole number, read like [`Self::count`]; `max` when it does not fit its type.
    #[must_use]
    pub fn bounded<T: TryFrom<u64>>(&self, variable: Variable, max: T) -> T {
        T::try_from(self.count(variable)).unwrap_or(max)
    }

    /// A number within the variable's range; its default when it is out of range or unset.
    #[must_use]
    pub fn within(&self, variable: Variable) -> u64 {
        let Unset::Within { default, min, max } = variable.default else {
            unreachable!("{} is read as a number within a range, so it has one", variable.name)
        };
        self.source
            .get(variable.name)
            .and_then(leading_digits)
            .filter(|value| (min..=max).contains(value))
            .unwrap_or(default)
    }

    /// The same without a default: `None` when the variable is unset.
    #[must_use]
    pub fn given_within(&self, variable: Variable) -> Option<u64> {
        let Unset::NoneOrWithin { min, max, otherwise } = variable.default else {
            unreachable!("{} is read as a number within a range, so it has one", variable.name)
        };
        let text = self.source.get(variable.name)?;
        Some(leading_digits(text).filter(|value| (min..=max).contains(value)).unwrap_or(otherwise))
    }

    /// The variables that `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS` names, as (header name, value). A
    /// variable that is set but empty is included.
    pub(crate) fn additional_headers(&self) -> Vec<(String, String)> {
        let names = self.source.additional();
        names.filter_map(|name| Some((header_name(name), self.source.given(name)?.to_owned()))).collect()
    }

    /// False for `false`, true for any other text. When unset or empty: the default, or false if there is none.
    #[must_use]
    pub fn flag(&self, variable: Variable) -> bool {
        match (self.source.get(variable.name), variable.default) {
            (Some(text), _) => text != "false",
            (None, Unset::Flag(default)) => default,
            (None, _) => false,
        }
    }

    /// An `http` or `https` address; anything else is a problem.
    pub fn http_url(&mut self, variable: Variable) -> Url {
        self.url(variable, HTTP)
    }

    /// An `http` or `https` address without user, password, query or fragment: they would be lost, or sent with every
    /// call.
    pub fn bare_http_url(&mut self, variable: Variable) -> Url {
        let url = self.http_url(variable);
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            self.problem(variable, "must have no user, password, query (?) or fragment (#)");
        }
        url
    }

    /// An address with one of `schemes`; anything else is a problem.
    pub(crate) fn url(&mut self, variable: Variable, schemes: &[&str]) -> Url {
        let text = self.text(variable);
        let placeholder = || Url::parse("http://unset.invalid").expect("a valid address");
        if text.is_empty() {
            return placeholder();
        }
        match Url::parse(&text) {
            Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => url,
            _ => {
                let wanted = schemes.join(":// or ");
                self.problem(variable, &format!("is not an address that begins with {wanted}://"));
                placeholder()
            }
        }
    }
}

/// The number that `text` begins with, as JavaScript's `parseInt` reads it; `None` when there is none or it is
/// negative, [`u64::MAX`] when it is larger than that.
#[must_use]
pub fn leading_digits(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text[..end].parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
