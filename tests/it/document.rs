//! The tables of documents that name the tests which check what they say.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// The cells of all rows of all tables, without the header rows.
pub(crate) fn rows(document: &str) -> Vec<Vec<&str>> {
    let lines = document.lines().collect::<Vec<_>>();
    let is_rule = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("|---"));
    let rows = lines
        .iter()
        .enumerate()
        .filter(|(index, line)| line.starts_with('|') && !is_rule(Some(*line)) && !is_rule(lines.get(index + 1)));
    rows.map(|(_, line)| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The texts between backquotes.
pub(crate) fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Fails unless `cell` names tests, all of which exist.
pub(crate) fn ensure_names_tests(cell: &str) -> Result<()> {
    ensure!(quoted(cell).next().is_some(), "it names no test");
    for name in quoted(cell) {
        ensure_exists(name)?;
    }
    let between = cell.split('`').step_by(2).collect::<String>().replace(", ", "");
    ensure!(between.is_empty(), "names must be in backquotes and separated by commas: {cell}");
    Ok(())
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Fails unless there is a test or scenario with this name. The matrix checks the names of its faults itself.
fn ensure_exists(name: &str) -> Result<()> {
    if let Some(scenario) = name.strip_prefix("conformance: ") {
        let file = tests().join("conformance").join(format!("{scenario}.json"));
        ensure!(file.is_file(), "there is no scenario {scenario}");
        return Ok(());
    }
    if name.starts_with("matrix: ") {
        return Ok(());
    }
    let place = name.strip_prefix("mix: ").map(|test| ("mix/main.rs".to_owned(), test));
    let (folder, rest) = name.strip_prefix("echo: ").map_or(("it", name), |rest| ("../examples/echo/tests/echo", rest));
    let place = place.or_else(|| rest.split_once("::").map(|(file, test)| (format!("{folder}/{file}"), test)));
    let Some((file, test)) = place else { bail!("{name} names neither a test nor a scenario") };
    let source = fs::read_to_string(tests().join(&file)).with_context(|| format!("tests/{file}"))?;
    let declared = format!("async fn {test}() -> Result<()>");
    let marked = source
        .lines()
        .zip(source.lines().skip(1))
        .any(|(before, line)| before.trim_start().starts_with("#[tokio::test") && line.starts_with(&declared));
    ensure!(marked, "there is no test {test} in tests/{file}");
    Ok(())
}
