//! Reads single values leniently, as the platform's reference does (contract, section 1), and gathers every problem.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::{
    SettingsError, Source,
    variables::{Unset, Variable},
};

/// Bytes of AMQP's longest name.
const MAX_NAME: usize = 255;

/// Reads values from a source; what is missing or malformed is gathered for [`Reader::finish`].
pub(super) struct Reader<'a> {
    source: &'a Source,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// `value`, unless a problem was found on the way.
    pub(super) fn finish<T>(self, value: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(SettingsError { problems: self.problems })
    }

    pub(super) fn problem(&mut self, variable: Variable, what: &str) {
        self.problems.push(format!("{}: {what}", variable.name));
    }

    /// The raw text, `None` when unset or empty.
    pub(super) fn optional(&self, variable: Variable) -> Option<String> {
        self.source.get(variable.name).map(str::to_owned)
    }

    /// Text that must be there, or the variable's default text.
    pub(super) fn text(&mut self, variable: Variable) -> String {
        match (self.optional(variable), variable.default) {
            (Some(text), _) => text,
            (None, Unset::Text(text)) => text.to_owned(),
            (None, _) => {
                self.problem(variable, "is missing");
                String::new()
            }
        }
    }

    /// Text that AMQP takes as a name or routing key.
    pub(super) fn name(&mut self, variable: Variable) -> String {
        let text = self.text(variable);
        if text.len() > MAX_NAME {
            self.problem(variable, &format!("has {} bytes, AMQP takes {MAX_NAME}", text.len()));
        }
        text
    }

    pub(super) fn secret(&mut self, variable: Variable) -> SecretString {
        self.text(variable).into()
    }

    /// A whole number: leading digits count, 0 or none is the default.
    pub(super) fn count(&self, variable: Variable) -> u64 {
        let Unset::Count(default) = variable.default else {
            unreachable!("{} is read as a number, so its default is one", variable.name)
        };
        self.given_count(variable).unwrap_or(default)
    }

    /// A whole number if one other than 0 is given.
    pub(super) fn given_count(&self, variable: Variable) -> Option<u64> {
        leading_digits(self.source.get(variable.name)?).filter(|count| *count > 0)
    }

    pub(super) fn millis(&self, variable: Variable) -> Duration {
        Duration::from_millis(self.count(variable))
    }

    /// A whole number that fits the type it is for, at most that type's maximum.
    pub(super) fn bounded<T: TryFrom<u64>>(&self, variable: Variable, max: T) -> T {
        T::try_from(self.count(variable)).unwrap_or(max)
    }

    /// False when unset, empty or `false`; else true. Unset counts as the default.
    pub(super) fn flag(&self, variable: Variable) -> bool {
        match (self.source.get(variable.name), variable.default) {
            (Some(text), _) => text != "false",
            (None, Unset::Flag(default)) => default,
            (None, _) => false,
        }
    }

    /// An address with one of `schemes`.
    pub(super) fn url(&mut self, variable: Variable, schemes: &[&str]) -> Url {
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

/// The number that `text` begins with, as JavaScript's `parseInt` reads it; negative numbers count as none, and one
/// that is larger than any that can be kept counts as the largest.
pub(super) fn leading_digits(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text[..end].parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{super::variables::ERROR_ROUTING_KEY, Reader, Source, leading_digits};

    #[test]
    fn a_name_that_amqp_does_not_take_is_a_problem() {
        for (length, problems) in [(255, 0), (256, 1)] {
            let source = Source::from_iter([(ERROR_ROUTING_KEY.name.to_owned(), "k".repeat(length))]);
            let mut reader = Reader::new(&source);
            reader.name(ERROR_ROUTING_KEY);
            assert_eq!(reader.problems.len(), problems, "{length} bytes");
        }
    }

    #[test]
    fn leading_digits_count() {
        for (text, number) in [
            (" +12 s", Some(12)),
            ("0", Some(0)),
            ("007x", Some(7)),
            ("-1", None),
            ("x1", None),
            ("", None),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
        ] {
            assert_eq!(leading_digits(text), number, "{text:?}");
        }
    }
}
