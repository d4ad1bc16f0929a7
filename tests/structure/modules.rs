//! What the modules of a crate use of one another, read from their text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A module, the modules that it uses, and a file that does.
pub(crate) type Arrows = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// Every Rust file below a folder, with its text.
pub(crate) fn sources(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            files.push((path, text));
        }
    }
    Ok(files)
}

/// The arrows between the top modules of the crate whose sources are in `folder`.
pub(crate) fn arrows(folder: &Path) -> Result<Arrows> {
    let files = sources(folder)?;
    let module = |file: &Path| {
        let first = file.strip_prefix(folder).ok()?.components().next()?;
        let name = Path::new(first.as_os_str()).file_stem()?.to_str()?.to_owned();
        (!matches!(name.as_str(), "lib" | "main")).then_some(name)
    };
    let mut arrows: Arrows =
        files.iter().filter_map(|(file, _)| module(file)).map(|name| (name, BTreeMap::new())).collect();
    let modules: Vec<String> = arrows.keys().cloned().collect();
    // What the crate re-exports at its root, by the module that it comes from.
    let (_, root) = files.iter().find(|(file, _)| file.ends_with("lib.rs")).context("a library")?;
    let exported = exports(root);
    for (file, text) in &files {
        let Some(from) = module(file) else { continue };
        for name in uses(text) {
            let used = exported.get(&name).unwrap_or(&name);
            if *used != from && modules.contains(used) {
                arrows.entry(from.clone()).or_default().insert(used.clone(), file.clone());
            }
        }
    }
    Ok(arrows)
}

/// The names that a library re-exports (`pub use module::{A, B};`), with their module.
fn exports(library: &str) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for statement in library.split("pub use ").skip(1) {
        let Some((path, _)) = statement.split_once(';') else { continue };
        let Some((module, names)) = path.trim_start_matches("crate::").split_once("::") else { continue };
        for name in names.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|name| !name.is_empty()) {
            exports.insert(name.to_owned(), module.to_owned());
        }
    }
    exports
}

/// The names that follow `crate::` in a text, of every member of a group in braces too.
fn uses(text: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
    };
    let mut names = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.push(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0_u32, 0);
        for (at, char) in group.char_indices() {
            match char {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    names.push(name(&group[start..at]));
                    start = at + 1;
                    if char == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names
}

#[test]
fn paths_and_groups_are_read() {
    let text = "use crate::a::B; use crate::{c, d::{E, f::G}, H};\n crate::i::j()";
    assert_eq!(uses(text), ["a", "c", "d", "H", "i"]);
    let exported = exports("pub use component::{Component, Info};\npub use cli::main;");
    assert_eq!(exported["Info"], "component");
    assert_eq!(exported["main"], "cli");
}
