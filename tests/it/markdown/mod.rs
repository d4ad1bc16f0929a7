//! The documents as people read them: their links lead somewhere, and their commands work.

mod commands;
mod forms;
mod links;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Documents outside of `docs/`.
const OTHERS: [&str; 7] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "runtime/README.md",
    "sandbox/README.md",
    "tests/conformance/README.md",
];

/// A document.
struct Page {
    /// Its path in the repository.
    path: PathBuf,
    text: String,
}

/// A block of code in a document.
struct Block<'a> {
    /// What follows its opening fence: the language, and words of ours.
    info: &'a str,
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All documents.
fn pages() -> Result<Vec<Page>> {
    let mut paths: Vec<PathBuf> = OTHERS.iter().map(PathBuf::from).collect();
    for folder in ["docs", "docs/performance"] {
        for entry in fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path.strip_prefix(root())?.to_owned());
            }
        }
    }
    let page = |path: PathBuf| {
        let text = fs::read_to_string(root().join(&path)).with_context(|| path.display().to_string())?;
        Ok(Page { path, text })
    };
    paths.into_iter().map(page).collect()
}

impl Page {
    /// The blocks of code, and the lines outside of them.
    fn parts(&self) -> (Vec<Block<'_>>, Vec<&str>) {
        let (mut blocks, mut lines) = (Vec::new(), Vec::new());
        let mut open: Option<Block<'_>> = None;
        for line in self.text.lines() {
            match (line.strip_prefix("```"), open.as_mut()) {
                (Some(info), None) => open = Some(Block { info, code: String::new() }),
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    block.code.push_str(line);
                    block.code.push('\n');
                }
                (None, None) => lines.push(line),
            }
        }
        (blocks, lines)
    }
}
