//! `docs/contract.md` lists every variable of the platform, and the tests and scenarios that it names exist.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use elasticio_runtime::settings::variables;

const DOCUMENT: &str = include_str!("../../docs/contract.md");

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The cells of all rows of all tables, without the header rows.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = DOCUMENT.lines().collect::<Vec<_>>();
    let is_rule = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("|---"));
    let rows = lines
        .iter()
        .enumerate()
        .filter(|(index, line)| line.starts_with('|') && !is_rule(Some(*line)) && !is_rule(lines.get(index + 1)));
    rows.map(|(_, line)| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The texts between backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Fails unless there is a test or scenario with this name.
fn ensure_exists(name: &str) -> Result<()> {
    if let Some(scenario) = name.strip_prefix("conformance: ") {
        let file = tests().join("conformance").join(format!("{scenario}.json"));
        ensure!(file.is_file(), "there is no scenario {scenario}");
        return Ok(());
    }
    let Some((file, test)) = name.split_once("::") else { bail!("{name} names neither a test nor a scenario") };
    let source = fs::read_to_string(tests().join("it").join(file)).with_context(|| format!("tests/it/{file}"))?;
    let declared = format!("async fn {test}() -> Result<()>");
    let marked = source
        .lines()
        .zip(source.lines().skip(1))
        .any(|(before, line)| before.trim_start().starts_with("#[tokio::test") && line.starts_with(&declared));
    ensure!(marked, "there is no test {test} in tests/it/{file}");
    Ok(())
}

#[test]
fn every_row_names_existing_tests() -> Result<()> {
    let rows = rows();
    ensure!(!rows.is_empty(), "there is no table");
    for row in rows {
        let [point, what, held_by] = row[..] else { bail!("not three cells: {row:?}") };
        ensure!(!point.is_empty() && !what.is_empty(), "an empty cell: {row:?}");
        ensure!(quoted(held_by).next().is_some(), "{point}: names no test");
        for name in quoted(held_by) {
            ensure_exists(name).with_context(|| point.to_owned())?;
        }
        let between = held_by.split('`').step_by(2).collect::<String>().replace(", ", "");
        ensure!(between.is_empty(), "{point}: names must be in backquotes and separated by commas: {held_by}");
    }
    Ok(())
}

#[test]
fn every_variable_of_the_platform_has_a_row() {
    let rows = rows();
    let listed: Vec<&str> = rows.iter().flat_map(|row| quoted(row[0])).collect();
    let missing: Vec<&str> = variables::ALL
        .iter()
        .map(|variable| variable.name)
        .filter(|name| name.starts_with("ELASTICIO_") && !listed.contains(name))
        .collect();
    assert!(missing.is_empty(), "docs/contract.md has no row for {missing:?}");
    let unknown: Vec<&&str> = listed
        .iter()
        .filter(|name| name.starts_with("ELASTICIO_") && !variables::ALL.iter().any(|known| known.name == **name))
        .collect();
    assert!(unknown.is_empty(), "docs/contract.md has rows for {unknown:?}, which are never read");
}
