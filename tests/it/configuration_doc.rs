//! `docs/configuration.md` lists the bounds that are not settings; the constants that it names exist.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

const DOCUMENT: &str = include_str!("../../docs/configuration.md");
const HEADING: &str = "## Bounds that are not settings";
const RUNTIME: &str = "elasticio_runtime::";

/// The paths in the last column of the table, such as `rest::redirects::MAX_REDIRECTS`.
fn constants() -> Result<Vec<&'static str>> {
    let (_, section) = DOCUMENT.split_once(HEADING).context("the section of the bounds")?;
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    Ok(cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect())
}

/// The files in which a module of this crate or of the runtime may be.
fn files(module: &str) -> [PathBuf; 2] {
    let (source, module) = match module.strip_prefix(RUNTIME) {
        Some(module) => ("runtime/src", module),
        None => ("src", module),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source).join(module.replace("::", "/"));
    [path.with_extension("rs"), path.join("mod.rs")]
}

#[test]
fn every_named_constant_exists() -> Result<()> {
    let constants = constants()?;
    ensure!(constants.len() > 20, "only {constants:?} were found");
    for constant in constants {
        let (module, name) = constant.rsplit_once("::").with_context(|| format!("{constant} is not a path"))?;
        let source = files(module).into_iter().find_map(|file| fs::read_to_string(file).ok());
        let source = source.with_context(|| format!("{constant}: there is no such module"))?;
        ensure!(source.contains(&format!("const {name}:")), "{constant}: there is no such constant");
    }
    Ok(())
}
