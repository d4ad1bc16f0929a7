//! Where settings come from: the environment over an optional TOML file.

use std::{collections::HashMap, ffi::OsString};

use config::{ConfigError, File, FileFormat, Source as _};

use super::variables::{self, Variable};

/// Why the settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The settings file cannot be read.
    #[error("the settings file {file} ({variable}) cannot be read: {reason}")]
    File {
        /// The variable that names it.
        variable: &'static str,
        /// The file's path.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The values of these variables, which are read, are not UTF-8.
    #[error("settings are malformed: not UTF-8 text: {}", .0.join(", "))]
    NotText(Vec<String>),
}

/// Values by variable name.
#[derive(Clone, Default)]
pub struct Source {
    values: HashMap<String, String>,
    unknown_keys: Vec<UnknownKey>,
}

/// A key of the settings file that is no variable's name.
#[derive(Clone)]
pub(super) struct UnknownKey {
    /// It may hold anything, a misplaced secret too.
    pub(super) name: String,
    /// Its line in the file, from 1.
    pub(super) line: usize,
}

/// Which variables a component reads besides those of every component.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its own variables.
    pub variables: &'static [Variable],
    /// The variable that names its settings file.
    pub settings_file: &'static str,
}

impl Source {
    /// The process's environment, over the file that the component's settings variable names.
    ///
    /// # Errors
    /// When that file cannot be read or is not TOML, or the value of a variable that is read is not UTF-8.
    pub fn from_process(known: Known) -> Result<Self, SourceError> {
        Self::of_environment(std::env::vars_os(), known)
    }

    fn of_environment(
        variables: impl Iterator<Item = (OsString, OsString)>,
        known: Known,
    ) -> Result<Self, SourceError> {
        let mut texts = HashMap::new();
        let mut others = Vec::new();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => drop(texts.insert(name, value)),
                (Ok(name), Err(_)) => others.push(name),
                // The names of variables that are read are UTF-8.
                (Err(_), _) => {}
            }
        }
        let file = texts.get(known.settings_file).filter(|path: &&String| !path.is_empty());
        let mut source = file.map_or_else(|| Ok(Self::default()), |path| read_file(path, known))?;
        // Not merged by the config crate, which would read a foreign name such as `a.b` or `a[0]` as a path into
        // tables.
        source.values.extend(texts);
        others.retain(|name| source.is_read(name, known.variables));
        if others.is_empty() { Ok(source) } else { Err(SourceError::NotText(others)) }
    }

    /// The same values, but these in place of what their names had.
    #[must_use]
    pub(crate) fn with(mut self, values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.values.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// The value of `name`; `None` when unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The value of `name`, even if empty; `None` when unset.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The keys of the file that nobody reads.
    pub(super) fn unknown_keys(&self) -> impl Iterator<Item = &UnknownKey> {
        self.unknown_keys.iter().filter(|key| !self.additional().any(|name| name == key.name))
    }

    /// The variables that `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS` names.
    pub(super) fn additional(&self) -> impl Iterator<Item = &str> {
        self.get(variables::ADDITIONAL_VARS_FOR_HEADERS.name).unwrap_or_default().split(',').map(str::trim)
    }

    fn is_read(&self, name: &str, own: &[Variable]) -> bool {
        is_listed(name, own) || self.additional().any(|other| other == name)
    }
}

#[cfg(any(test, fuzzing))]
impl Source {
    /// The values of a settings file with this text; or what is wrong with it.
    pub(crate) fn of_file(text: &str, known: Known) -> Result<Self, String> {
        values_of(text, known)
    }
}

impl FromIterator<(String, String)> for Source {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self { values: entries.into_iter().collect(), unknown_keys: Vec::new() }
    }
}

/// The values of a settings file, by their keys. A problem's text has no line of the file, which may hold a secret.
fn read_file(path: &str, known: Known) -> Result<Source, SourceError> {
    let problem = |reason| SourceError::File { variable: known.settings_file, file: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    values_of(&text, known).map_err(problem)
}

fn values_of(text: &str, known: Known) -> Result<Source, String> {
    // Not merged into a `Config`, which would read a key such as `a.b` or `a[9]` as a path, and make room for so many.
    let values = File::from_str(text, FileFormat::Toml).collect();
    let values = values.map_err(|error| place(&error, text, known))?;
    let texts = values.into_iter().map(|(key, value)| {
        let text_of = value.into_string();
        text_of.map_err(|_| wrong_type(&key, text, known)).map(|value| (key, value))
    });
    let mut source = texts.collect::<Result<Source, String>>()?;
    let keys = text.lines().map(key_of).enumerate().filter(|(_, key)| source.values.contains_key(*key));
    let unknown = keys.filter(|(_, key)| !is_listed(key, known.variables));
    source.unknown_keys = unknown.map(|(index, key)| UnknownKey { name: key.to_owned(), line: index + 1 }).collect();
    Ok(source)
}

/// Where a value is a list or a table, and its key if it is that of a variable.
fn wrong_type(key: &str, text: &str, known: Known) -> String {
    let line = text.lines().position(|line| key_of(line) == key).map(|index| format!("line {}: ", index + 1));
    let key = if is_listed(key, known.variables) { key } else { "a value" };
    format!("{}{key} must be a text, a number, true or false", line.unwrap_or_default())
}

/// Where a file is not TOML: line, column, and the key if it is that of a variable.
fn place(error: &ConfigError, text: &str, known: Known) -> String {
    let ConfigError::FileParse { cause, .. } = error else { return "it is not TOML".to_owned() };
    let cause = cause.to_string();
    // The first line is `TOML parse error at line 1, column 2`; the next ones quote the file.
    let place = cause.lines().next().and_then(|first| first.strip_prefix("TOML parse error at line "));
    let Some((line, column)) = place.and_then(|place| place.split_once(", column ")) else {
        return "it is not TOML".to_owned();
    };
    let (Ok(line), Ok(column)) = (line.parse::<usize>(), column.parse::<usize>()) else {
        return "it is not TOML".to_owned();
    };
    let key = text.lines().nth(line.saturating_sub(1)).map(key_of);
    let key = key.filter(|key| is_listed(key, known.variables)).map(|key| format!(" ({key})"));
    format!("it is not TOML, or has a key twice: line {line}, column {column}{}", key.unwrap_or_default())
}

/// What stands before the `=` of a line.
fn key_of(line: &str) -> &str {
    line.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\''])
}

fn is_listed(name: &str, own: &[Variable]) -> bool {
    variables::ALL.iter().chain(own).any(|variable| variable.name == name)
}

#[cfg(test)]
mod tests;
