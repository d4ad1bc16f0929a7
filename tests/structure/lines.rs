//! The operator's table of log lines in `docs/operations.md`: every line of the code from info up stands in it, and what it
//! says of a line stands in the code.

use anyhow::{Context, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};

use crate::{modules, root};

const DOCUMENT: &str = include_str!("../../docs/operations.md");
const HEADING: &str = "### Lines";
/// The macros whose texts an operator reads.
const MACROS: &[&str] = &["info", "warn", "error"];

/// The texts of the log lines in some tokens: the last literal among a macro's arguments that no `=` precedes.
fn log_lines(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
        let is_line = before(1) == "!" && MACROS.contains(&before(2).as_str()) && before(5) == "tracing";
        if is_line { found.extend(text(group.stream())) } else { log_lines(group.stream(), found) }
    }
}

/// The text among the arguments of a macro, as it is written to a log.
fn text(arguments: TokenStream) -> Option<String> {
    let arguments: Vec<TokenTree> = arguments.into_iter().collect();
    arguments.iter().enumerate().find_map(|(at, argument)| {
        let before = at.checked_sub(1).map(|at| arguments[at].to_string());
        matches!(before.as_deref(), None | Some(",")).then(|| content(argument)).flatten()
    })
}

/// The content of a text literal, without the breaks of its lines.
fn content(token: &TokenTree) -> Option<String> {
    let text = token.to_string();
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    let joined = text.split("\\\n").enumerate().map(|(line, part)| if line == 0 { part } else { part.trim_start() });
    Some(joined.collect::<String>().replace("\\\"", "\""))
}

/// All texts of the code, the log lines among them.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), found),
            token => found.extend(content(&token)),
        }
    }
}

/// The fixed parts of a line: what stands around its placeholders and colons, in the code or in the document. An error's
/// text after a colon is another text in the code.
fn parts(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut placeholder = false;
    for char in line.chars() {
        match char {
            '{' => placeholder = true,
            '}' => {
                placeholder = false;
                parts.push(String::new());
            }
            '…' | ':' if !placeholder => parts.push(String::new()),
            char if !placeholder => parts.last_mut().expect("there is one").push(char),
            _ => {}
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim_matches([' ', ':', ';', '.', ',', '"']).to_owned())
        .filter(|part| part.len() > 2)
        .collect()
}

/// The lines that the document shows.
fn documented() -> Result<Vec<String>> {
    let (_, section) = DOCUMENT.split_once(HEADING).context("the section of the lines")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut lines = Vec::new();
    for row in rows {
        let cell = row.trim_start_matches("| ").split(" | ").next().unwrap_or_default();
        let shown = cell.split(" with `").next().unwrap_or_default();
        lines.extend(shown.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    Ok(lines)
}

/// The tokens of the code that is no test's, by file.
fn sources() -> Result<Vec<(String, TokenStream)>> {
    let mut sources = Vec::new();
    for folder in ["src", "runtime/src"] {
        for (file, source) in modules::sources(&root().join(folder))? {
            let of_tests = ["tests.rs", "fuzzed.rs", "schedules.rs"].iter().any(|name| file.ends_with(name));
            if !of_tests {
                let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let tokens = source.parse().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
                sources.push((file.strip_prefix(root())?.display().to_string(), tokens));
            }
        }
    }
    Ok(sources)
}

#[test]
fn every_line_of_the_code_stands_in_the_operator_s_table() -> Result<()> {
    let documented: Vec<Vec<String>> = documented()?.iter().map(|line| parts(line)).collect();
    let (mut count, mut missing) = (0, Vec::new());
    for (file, tokens) in sources()? {
        let mut lines = Vec::new();
        log_lines(tokens, &mut lines);
        for line in lines {
            let fixed = parts(&line);
            count += 1;
            // An error's own text is documented as such.
            let shown = fixed.is_empty()
                || documented.iter().any(|shown| {
                    let begins = shown.first().is_some_and(|first| fixed[0].starts_with(first.as_str()));
                    begins && shown.iter().all(|part| fixed.iter().any(|fixed| fixed.contains(part.as_str())))
                });
            if !shown {
                missing.push(format!("{file}: {line}"));
            }
        }
    }
    ensure!(count > 40, "only {count} lines were found in the code");
    ensure!(missing.is_empty(), "these lines are not in the table of docs/operations.md:\n{}", missing.join("\n"));
    Ok(())
}

#[test]
fn every_line_of_the_operator_s_table_stands_in_the_code() -> Result<()> {
    let mut texts = Vec::new();
    for (_, tokens) in sources()? {
        literals(tokens, &mut texts);
    }
    let lines = documented()?;
    ensure!(lines.len() > 40, "only {lines:?} were found");
    let texts: Vec<Vec<String>> = texts.iter().map(|text| parts(text)).collect();
    let in_code = |part: &str| texts.iter().flatten().any(|text| text.contains(part));
    let gone: Vec<_> = lines.iter().filter(|line| !parts(line).iter().all(|part| in_code(part))).collect();
    ensure!(gone.is_empty(), "the code has no such lines: {gone:#?}");
    Ok(())
}

#[test]
fn lines_are_read_from_macros() -> Result<()> {
    let source = r#"
        fn f() {
            tracing::warn!(error = %x, name = "no", "a {y} of \
                      two: {}", "not this");
            tracing::info!(target: OWNER, "owner's");
            tracing::debug!("not"); format!("not"); tracing::error!(%error, wait_s, "last");
        }
    "#;
    let mut lines = Vec::new();
    log_lines(source.parse().map_err(|error| anyhow::anyhow!("{error}"))?, &mut lines);
    assert_eq!(lines, ["a {y} of two: {}", "owner's", "last"]);
    assert_eq!(parts("a {y:.1} of two: {}"), ["of two"]);
    assert_eq!(parts("all: … calls"), ["all", "calls"]);
    Ok(())
}
