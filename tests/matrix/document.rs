//! `docs/guarantees.md` says what the matrix expects.

use anyhow::{Result, ensure};

use super::fault::Fault;
use super::table;

const DOCUMENT: &str = include_str!("../../docs/guarantees.md");

/// Fails unless the document has the table of expectations, a row for each fault, and no fault that is not there.
pub(crate) fn ensure_up_to_date() -> Result<()> {
    let table = table::of_expectations();
    ensure!(DOCUMENT.contains(&table), "docs/guarantees.md has another table than this:\n\n{table}\n");
    let faults: Vec<String> = Fault::ALL.into_iter().map(Fault::name).collect();
    let named: Vec<&str> = DOCUMENT.split("`matrix: ").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    for name in &faults {
        ensure!(named.contains(&name.as_str()), "docs/guarantees.md has no row that names `matrix: {name}`");
    }
    for name in named.into_iter().filter(|name| *name != "FAULT") {
        ensure!(faults.iter().any(|fault| fault == name), "docs/guarantees.md names a fault that is not there: {name}");
    }
    Ok(())
}
