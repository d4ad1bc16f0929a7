//! Every row of `docs/guarantees.md` names tests that exist and lines of the log as they are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::document::{ensure_names_tests, quoted, rows};

const DOCUMENT: &str = include_str!("../../docs/guarantees.md");

#[test]
fn every_fault_and_every_point_names_existing_tests() -> Result<()> {
    // The matrix checks its own table.
    let (before, rest) = DOCUMENT.split_once("## The fault matrix").context("the matrix")?;
    let (_, after) = rest.split_once("## What becomes of a message").context("the messages")?;
    for (part, cells) in [(before, 6), (after, 3)] {
        let rows = rows(part);
        ensure!(rows.len() > 20, "only {} rows were found", rows.len());
        for row in rows {
            ensure!(row.len() == cells && row.iter().all(|cell| !cell.is_empty()), "not {cells} cells: {row:?}");
            ensure_names_tests(row[cells - 1]).with_context(|| row[0].to_owned())?;
        }
    }
    Ok(())
}

/// The source of all files in a folder, with texts that go over several lines in one.
fn source(folder: &Path) -> Result<String> {
    let mut source = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            source += &self::source(&path)?;
        } else {
            let lines = fs::read_to_string(&path)?;
            source.extend(lines.lines().map(|line| line.trim().strip_suffix('\\').unwrap_or(line)));
        }
    }
    Ok(source)
}

#[test]
fn the_lines_of_the_log_are_those_of_the_program() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = source(&root.join("runtime/src"))? + &source(&root.join("src"))?;
    let (faults, _) = DOCUMENT.split_once("## The fault matrix").context("the matrix")?;
    let rows = rows(faults);
    let lines: Vec<&str> = rows.iter().flat_map(|row| quoted(row[3])).collect();
    ensure!(lines.len() > 20, "only {} lines were found", lines.len());
    for line in lines {
        ensure!(source.contains(line), "the program does not log {line:?}");
    }
    Ok(())
}
