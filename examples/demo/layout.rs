//! How a labelled text is laid out in the columns that there are.

use textwrap::{Options, WordSplitter, wrap};

/// The columns of a label, with the space before and after it.
const INDENT: usize = 12;
/// The least columns of a text.
const NARROWEST: usize = 20;
/// Lines of a text that may be cut.
const LINES: usize = 3;

/// How much of a text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// The first lines; what is left out is said.
    Beginning,
}

/// The lines of a text; each but the first is to be indented by [`INDENT`]. `columns`: those of the terminal; without any,
/// one line.
pub(crate) fn lines(text: &str, columns: Option<usize>, extent: Extent) -> Vec<String> {
    let Some(columns) = columns else { return vec![text.to_owned()] };
    let width = columns.saturating_sub(INDENT).max(NARROWEST);
    let options = Options::new(width).word_splitter(WordSplitter::NoHyphenation);
    let all: Vec<String> = wrap(text, options).into_iter().map(String::from).collect();
    if extent == Extent::Whole || all.len() <= LINES {
        return all;
    }
    let shown: Vec<String> = all[..LINES].to_vec();
    let left = text.chars().count().saturating_sub(shown.iter().map(|line| line.chars().count()).sum());
    shown.into_iter().chain([format!("… {left} more characters (WIDE=1 shows all)")]).collect()
}

/// What the lines after the first begin with.
pub(crate) fn indent() -> String {
    " ".repeat(INDENT)
}
