//! Values that are not taken as they are written: reading is lenient (protocol, sections 1.3 and 1.4), so the operator is
//! told.

use super::{
    Known, Source, leading_digits,
    variables::{self, Unset, Variable},
};

/// How alike a key and a variable's name must be for the one to be taken for a slip of the other (Damerau-Levenshtein, normalized).
const ALIKE: f64 = 0.7;

/// `NAME: what it is taken for`, for every value that is not taken as it is written. Never holds a value.
pub(crate) fn review(source: &Source, known: Known) -> Vec<String> {
    let all = variables::ALL.iter().chain(known.variables);
    let values = all.filter_map(|variable| Some((variable, doubt(*variable, source.get(variable.name)?)?)));
    let values = values.map(|(variable, doubt)| format!("{}: {doubt}", variable.name));
    let keys = source.unknown_keys().map(|key| {
        let slip = likely(&key.name, known).map(|name| format!("; is it meant to be {name}?"));
        let (file, line) = (known.settings_file, key.line);
        format!("{file}: line {line} of the file is none of this program's settings{}", slip.unwrap_or_default())
    });
    values.chain(keys).collect()
}

/// What is said of a variable with this text; `None` if it is taken as it is written.
fn doubt(variable: Variable, text: &str) -> Option<String> {
    let otherwise = |wanted: &str, taken: String| Some(format!("is not {wanted}, so {taken}"));
    match variable.default {
        Unset::Count(default) => match count(text) {
            Ok(_) => None,
            Err(0) => otherwise("a whole number above 0", format!("the default {default} is used")),
            Err(leading) => otherwise("a whole number above 0", format!("{leading} is used")),
        },
        Unset::Unlimited | Unset::NoCount => match count(text) {
            Ok(_) => None,
            Err(0) => otherwise("a whole number above 0", "it counts as unset".to_owned()),
            Err(leading) => otherwise("a whole number above 0", format!("{leading} is used")),
        },
        Unset::Within { default: otherwise_used, min, max }
        | Unset::NoneOrWithin { min, max, otherwise: otherwise_used } => {
            let taken = leading_digits(text).filter(|value| (min..=max).contains(value)).unwrap_or(otherwise_used);
            let as_written = text.trim().parse() == Ok(taken);
            if as_written {
                return None;
            }
            otherwise(&format!("a whole number from {min} to {max}"), format!("{taken} is used"))
        }
        Unset::Flag(_) => {
            is_meant_as_off(text).then(|| "is on, since only `false` or an empty value turns it off".to_owned())
        }
        Unset::Required | Unset::None | Unset::Text(_) => None,
    }
}

/// A text that is a number above 0 and nothing else, or what is read of it.
fn count(text: &str) -> Result<u64, u64> {
    let read = leading_digits(text).unwrap_or(0);
    let digits = text.trim().trim_start_matches('+');
    let is_number = !digits.is_empty() && digits.chars().all(|char| char.is_ascii_digit());
    // A number above 64 bits is the largest that fits.
    if is_number && read > 0 { Ok(read) } else { Err(read) }
}

fn is_meant_as_off(text: &str) -> bool {
    text != "false" && ["0", "false", "no", "off", "f", "n"].contains(&text.trim().to_ascii_lowercase().as_str())
}

/// The variable that a key is likely to mean.
fn likely(key: &str, known: Known) -> Option<&'static str> {
    let names = variables::ALL.iter().chain(known.variables).map(|variable| variable.name);
    let alike = names.map(|name| (strsim::normalized_damerau_levenshtein(&key.to_uppercase(), name), name));
    let (likeness, name) = alike.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= ALIKE).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known {
        variables: &[Variable {
            name: "ECHO_RETRIES",
            default: Unset::NoneOrWithin { min: 0, max: 5, otherwise: 3 },
            meaning: "",
        }],
        settings_file: "ECHO_COMPONENT_SETTINGS",
    };

    fn reviewed(name: &str, value: &str) -> String {
        review(&Source::from_iter([(name.to_owned(), value.to_owned())]), KNOWN).join("; ")
    }

    #[test]
    fn what_is_not_taken_as_written_is_named_with_what_is_taken() {
        const PREFETCH: &str = "ELASTICIO_RABBITMQ_PREFETCH_SAILOR";
        for (name, value, said) in [
            (PREFETCH, "abc", "is not a whole number above 0, so the default 1 is used"),
            (PREFETCH, "0", "is not a whole number above 0, so the default 1 is used"),
            (PREFETCH, "-5", "is not a whole number above 0, so the default 1 is used"),
            (PREFETCH, "12 messages", "is not a whole number above 0, so 12 is used"),
            (PREFETCH, "1e3", "is not a whole number above 0, so 1 is used"),
            (PREFETCH, "2.5", "is not a whole number above 0, so 2 is used"),
            ("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "none", "is not a whole number above 0, so it counts as unset"),
            ("ELASTICIO_MEMORY_BUDGET", "100MB", "is not a whole number above 0, so 100 is used"),
            ("REQUEST_TIMEOUT", "100", "is not a whole number from 500 to 20000, so 10000 is used"),
            ("REQUEST_MAX_RETRY", "3x", "is not a whole number from 0 to 4, so 3 is used"),
            ("ECHO_RETRIES", "9", "is not a whole number from 0 to 5, so 3 is used"),
            ("ELASTICIO_HOOK_SHUTDOWN", "0", "is on, since only `false` or an empty value turns it off"),
            ("ELASTICIO_HOOK_SHUTDOWN", "False", "is on, since only `false` or an empty value turns it off"),
        ] {
            assert_eq!(reviewed(name, value), format!("{name}: {said}"), "{value:?}");
        }
    }

    #[test]
    fn what_is_taken_as_written_is_not_named() {
        for (name, value) in [
            ("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", " 20 "),
            ("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", ""),
            ("ELASTICIO_DATA_RATE_LIMIT", "99999999999999999999"),
            ("REQUEST_MAX_RETRY", "0"),
            ("ECHO_RETRIES", "0"),
            ("ELASTICIO_HOOK_SHUTDOWN", "false"),
            ("ELASTICIO_HOOK_SHUTDOWN", "1"),
            ("ELASTICIO_STARTUP_REQUIRED", "true"),
            ("ELASTICIO_API_KEY", "12x"),
            ("PATH", "no"),
        ] {
            assert_eq!(reviewed(name, value), "", "{name}={value:?}");
        }
    }

    #[test]
    fn an_unknown_key_of_the_file_is_named_by_its_line_and_what_it_may_mean() {
        let text = "LOG_LEVEL = \"info\"\nELASTICIO_PREFETCH_SAILOR = 3\n\"s3cret\" = 1\nelasticio_flow_id = \"f\"\n";
        let source = Source::of_file(text, KNOWN).expect("settings");
        let said = review(&source, KNOWN);
        let line = "of the file is none of this program's settings";
        assert_eq!(
            said,
            [
                format!(
                    "ECHO_COMPONENT_SETTINGS: line 2 {line}; is it meant to be ELASTICIO_RABBITMQ_PREFETCH_SAILOR?"
                ),
                format!("ECHO_COMPONENT_SETTINGS: line 3 {line}"),
                format!("ECHO_COMPONENT_SETTINGS: line 4 {line}; is it meant to be ELASTICIO_FLOW_ID?"),
            ]
        );
    }
}
