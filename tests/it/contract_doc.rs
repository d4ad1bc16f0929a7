//! `docs/contract.md` lists every variable of the platform, and the tests and scenarios that it names exist.

use anyhow::{Context, Result, bail, ensure};
use elasticio_runtime::settings::variables;

use crate::document::{ensure_names_tests, quoted, rows};

const DOCUMENT: &str = include_str!("../../docs/contract.md");

#[test]
fn every_row_names_existing_tests() -> Result<()> {
    let rows = rows(DOCUMENT);
    ensure!(!rows.is_empty(), "there is no table");
    for row in rows {
        let [point, what, held_by] = row[..] else { bail!("not three cells: {row:?}") };
        ensure!(!point.is_empty() && !what.is_empty(), "an empty cell: {row:?}");
        ensure_names_tests(held_by).with_context(|| point.to_owned())?;
    }
    Ok(())
}

#[test]
fn every_variable_of_the_platform_has_a_row() {
    let rows = rows(DOCUMENT);
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
