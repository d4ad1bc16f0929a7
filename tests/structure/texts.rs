//! Texts that reach a user hold no placeholder that nothing fills in, such as `{id}`: neither in the code nor in
//! component.json nor in the help.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex_lite::Regex;
use serde_json::Value;

use crate::{modules, root};

/// What fills in the placeholders of its first text: macros, attributes, and a template of the progress bar.
const FILLING: &[&str] = &[
    "anyhow",
    "debug_assert",
    "assert",
    "bail",
    "debug",
    "ensure",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "panic",
    "print",
    "println",
    "trace",
    "unreachable",
    "warn",
    "with_template",
    "write",
    "writeln",
];

/// The placeholders in a text, of Rust, of shells and of templates. JSON has braces of its own.
fn placeholders(text: &str) -> Vec<String> {
    if serde_json::from_str::<Value>(text).is_ok() {
        return Vec::new();
    }
    let pattern = Regex::new(r"\$?\{\{?\s*[A-Za-z_0-9]*(:[^{}\s]*)?\s*\}?\}").expect("a pattern");
    pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// The texts of a file whose placeholders nothing fills in, with their lines.
fn unfilled(source: &str) -> Result<Vec<(usize, String)>> {
    let tokens: TokenStream = source.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut found = Vec::new();
    walk(tokens, false, &mut found);
    Ok(found)
}

/// `filling`: the tokens are the arguments of what fills in placeholders.
fn walk(stream: TokenStream, filling: bool, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let (mut filled, mut test) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
        match token {
            TokenTree::Literal(literal) => {
                let Some(content) = text_of(&literal.to_string()) else { continue };
                if filling && !filled && matches!(before(1).as_str(), "" | ",") {
                    filled = true;
                } else if !placeholders(&content).is_empty() {
                    found.push((literal.span().start().line, content));
                }
            }
            TokenTree::Group(group) if before(1) == "#" || (before(1) == "!" && before(2) == "#") => {
                let attribute = group.stream().to_string();
                test |= attribute.replace(' ', "") == "cfg(test)";
                if attribute.starts_with("error") {
                    walk(group.stream(), false, found);
                }
            }
            // The module or the item of a test.
            TokenTree::Group(group) if test && group.delimiter() == Delimiter::Brace => test = false,
            TokenTree::Group(group) => {
                let name = if before(1) == "!" { before(2) } else { before(1) };
                let delimited = group.delimiter() != Delimiter::Brace;
                walk(group.stream(), delimited && FILLING.contains(&name.as_str()), found);
            }
            // `#[cfg(test)] mod tests;`
            TokenTree::Punct(punct) if punct.as_char() == ';' => test = false,
            _ => {}
        }
    }
}

/// The content of a string literal, with escapes as they are; `None` for bytes, characters and numbers.
fn text_of(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('r').map_or(literal, |raw| raw.trim_matches('#'));
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

#[test]
fn no_text_of_the_code_has_an_unfilled_placeholder() -> Result<()> {
    let mut texts = Vec::new();
    for folder in ["src", "runtime/src", "examples/echo"] {
        for (file, source) in modules::sources(&root().join(folder))? {
            let of_tests = ["tests.rs", "fuzzed.rs", "schedules.rs"].iter().any(|name| file.ends_with(name));
            if of_tests || file.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
            let place = file.strip_prefix(root())?.display().to_string();
            let found = unfilled(&source).with_context(|| place.clone())?;
            texts.extend(found.into_iter().map(|(line, text)| format!("{place}:{line}: {text}")));
        }
    }
    ensure!(texts.is_empty(), "nothing fills in the placeholders of\n{}", texts.join("\n"));
    Ok(())
}

/// Every text in a JSON value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| [vec![name.as_str()], texts(value)].concat()).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn no_text_of_the_forms_and_schemas_has_an_unfilled_placeholder() -> Result<()> {
    let mut files = vec![root().join("component.json"), root().join("examples/echo/component.json")];
    let mut folders = vec![root().join("schemas")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut count = 0;
    for file in files.into_iter().filter(|file| file.exists()) {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
        for text in texts(&value) {
            count += 1;
            ensure!(placeholders(text).is_empty(), "{}: {text}", file.display());
        }
    }
    ensure!(count > 100, "only {count} texts were found");
    Ok(())
}

#[test]
fn no_help_has_an_unfilled_placeholder() -> Result<()> {
    for command in
        [&["--help"][..], &["run", "--help"], &["exec", "--help"], &["health", "--help"], &["service", "--help"]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_podio-component")).args(command).output()?;
        let help = String::from_utf8(output.stdout)?;
        ensure!(output.status.success() && help.len() > 100, "{command:?}: {help}");
        // The examples of messages are JSON.
        let json = Regex::new(r#"\{"[^\n]*\}"#)?;
        let help = json.replace_all(&help, "");
        ensure!(placeholders(&help).is_empty(), "{command:?}: {:?} in {help}", placeholders(&help));
    }
    Ok(())
}

#[test]
fn placeholders_are_found_where_nothing_fills_them_in() -> Result<()> {
    let source = r##"
        #[error("filled {0}")]
        fn f() {
            format!("filled {id}"); write!(f, "filled {}"); tracing::warn!(%id, "filled {id}");
            Failure::new("a {id} in \"quotes\""); x.expect("the {} of"); let json = r#"{"body":{}}"#;
            format!("filled {}", "not filled {name}"); json!({ "error": r#"{0} is {wrong:?}"# });
            b"bytes {id}"; "${shell}"; "{{ template }}";
        }
        #[cfg(test)]
        mod tests { const NOT: &str = "{id}"; }
        const LAST: &str = "{last}";
    "##;
    let texts: Vec<String> = unfilled(source)?.into_iter().map(|(_, text)| text).collect();
    let wanted = [
        r#"a {id} in \"quotes\""#,
        "the {} of",
        "not filled {name}",
        "{0} is {wrong:?}",
        "${shell}",
        "{{ template }}",
        "{last}",
    ];
    assert_eq!(texts, wanted);
    Ok(())
}
