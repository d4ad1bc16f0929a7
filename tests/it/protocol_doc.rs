//! `docs/protocol.md` numbers its rules, and every citation names an existing rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use regex_lite::{Captures, Regex};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");
/// The repository has more citations than this; if fewer are found, the search is broken.
const LEAST: usize = 40;
/// Folders at the top of the repository that git does not track.
const UNTRACKED: [&str; 3] = [".git", ".run", "target"];
/// What may be between two words of a citation: spaces, or a line break and the marker of a comment.
const GAP: &str = r"(?:[ \t]+|[ \t]*\r?\n[ \t]*(?://[/!]?|#)?[ \t]*)";

/// A citation of a rule.
#[derive(Debug, PartialEq, Eq)]
struct Citation {
    line: usize,
    number: String,
}

/// Finds citations in texts.
struct Finder {
    words: Regex,
    number: Regex,
    link: Regex,
    own_link: Regex,
    old: Regex,
}

impl Finder {
    fn new() -> Result<Self> {
        let number = r"\d+(?:\.\d+)*";
        let list = format!("{GAP}{number}(?:(?:,|,?{GAP}(?:and|or|to)){GAP}{number})*");
        Ok(Self {
            words: Regex::new(&format!(
                r"(?i)\bprotocol(?:,|'s)?{GAP}\(?(?:sections({list})?|section({GAP}{number})?)"
            ))?,
            number: Regex::new(number)?,
            link: Regex::new(r"protocol\.md#([\w.-]*)")?,
            own_link: Regex::new(r"\]\(#([^)]*)\)")?,
            old: Regex::new(&format!(r"(?i)\bcontract(?:,|'s)?{GAP}\(?sections?\b"))?,
        })
    }

    /// All citations in `text`; a missing number is empty.
    fn citations(&self, text: &str) -> Vec<Citation> {
        let cited = |found: &Captures<'_>, number: &str| {
            let start = found.get(0).map_or(0, |all| all.start());
            Citation { line: line_at(text, start), number: number.to_owned() }
        };
        let mut citations = Vec::new();
        for found in self.words.captures_iter(text) {
            match found.get(1).or_else(|| found.get(2)) {
                Some(list) => {
                    citations.extend(self.number.find_iter(list.as_str()).map(|number| cited(&found, number.as_str())));
                }
                None => citations.push(cited(&found, "")),
            }
        }
        citations.extend(self.link.captures_iter(text).map(|found| cited(&found, found[1].trim_end_matches('.'))));
        citations
    }

    /// The links from the document to its own rules.
    fn own_links(&self, text: &str) -> Vec<Citation> {
        let links = self.own_link.captures_iter(text);
        links
            .map(|found| Citation {
                line: line_at(text, found.get(0).map_or(0, |all| all.start())),
                number: found[1].to_owned(),
            })
            .collect()
    }

    /// The lines with citations of the form that `citations` replaces, which name the contract.
    fn old_forms(&self, text: &str) -> Vec<usize> {
        self.old.find_iter(text).map(|found| line_at(text, found.start())).collect()
    }
}

fn line_at(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text files of the repository with their relative paths, without this file, which has sample citations.
fn texts() -> Result<Vec<(PathBuf, String)>> {
    let mut texts = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let (entry, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            let path = entry.strip_prefix(root())?.to_owned();
            if UNTRACKED.iter().any(|name| path == Path::new(name)) || path == Path::new("tests/it/protocol_doc.rs") {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry);
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(fs::read(&entry)?)
            {
                texts.push((path, text));
            }
        }
    }
    Ok(texts)
}

/// The document's anchors: the section that contains each, its id, and the number shown after it.
fn anchors() -> Result<Vec<(&'static str, &'static str, &'static str)>> {
    let anchor = Regex::new(r#"<a id="([^"]*)"></a>(?:\*\*)?([\d.]*)"#)?;
    let mut section = "";
    let mut anchors = Vec::new();
    for line in DOCUMENT.lines() {
        for found in anchor.captures_iter(line) {
            let part = |index| found.get(index).map_or("", |part| part.as_str());
            if line.starts_with("## ") {
                section = part(1);
            }
            anchors.push((section, part(1), part(2)));
        }
    }
    Ok(anchors)
}

#[test]
fn every_rule_has_a_unique_number_in_its_section() -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut sections = Vec::new();
    for (section, id, shown) in anchors()? {
        ensure!(seen.insert(id), "there are two anchors {id}");
        ensure!(shown == id, "the number after the anchor {id} is {shown:?}");
        if id == section {
            sections.push(id.parse::<usize>().with_context(|| format!("the section {id:?}"))?);
        } else {
            let rule = id.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
            let numbered = rule.is_some_and(|rule| rule.parse::<usize>().is_ok());
            ensure!(numbered, "the anchor {id} is in section {section}");
        }
    }
    ensure!(sections.iter().copied().eq(1..=16), "not the sections 1 to 16 in order: {sections:?}");
    Ok(())
}

#[test]
fn every_citation_names_an_existing_rule() -> Result<()> {
    let finder = Finder::new()?;
    let anchors: BTreeSet<&str> = anchors()?.into_iter().map(|(_, id, _)| id).collect();
    let mut problems = Vec::new();
    let mut found = 0;
    for (path, text) in texts()? {
        let place = |line: usize| format!("{}:{line}", path.display());
        let mut citations = finder.citations(&text);
        found += citations.len();
        if path == Path::new("docs/protocol.md") {
            citations.extend(finder.own_links(&text));
        }
        let missing = citations.iter().filter(|citation| !anchors.contains(citation.number.as_str()));
        problems.extend(
            missing.map(|citation| format!("{}: there is no rule {:?}", place(citation.line), citation.number)),
        );
        let old = finder.old_forms(&text);
        problems
            .extend(old.into_iter().map(|line| format!("{}: cite the protocol instead of the contract", place(line))));
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    ensure!(found >= LEAST, "only {found} citations were found");
    Ok(())
}

#[test]
fn citations_are_found_in_every_form() -> Result<()> {
    let finder = Finder::new()?;
    for (text, numbers) in [
        ("as it has to (protocol, section 4).", &["4"][..]),
        ("Protocol, section 4.3, 16 bytes", &["4.3"]),
        ("(protocol, sections 3, 4.1 and 6.12): five", &["3", "4.1", "6.12"]),
        ("protocol, sections 8 and 10.2.", &["8", "10.2"]),
        ("protocol, sections 2.4 to 2.7, 3 and 5.1 to 5.3", &["2.4", "2.7", "3", "5.1", "5.3"]),
        ("the protocol's section 3; the protocol (section 5)", &["3", "5"]),
        ("[rule](docs/protocol.md#4.3), protocol.md#16.", &["4.3", "16"]),
        ("//! (protocol,\n//! section 2.1)", &["2.1"]),
        ("    /// protocol, sections 3,\r\n    /// 4 and\n    /// 6.2", &["3", "4", "6.2"]),
        ("# protocol,\n# section\n# 7", &["7"]),
        ("// protocol\n// (sections 3, 4 and 6)", &["3", "4", "6"]),
        ("protocol, section 99.1.2", &["99.1.2"]),
        ("protocol, section N", &[""]),
        ("RFC 6749, section 6; the AMQP protocol; protocols, section 4", &[]),
    ] {
        let found = finder.citations(text);
        let found: Vec<&str> = found.iter().map(|citation| citation.number.as_str()).collect();
        assert_eq!(found, numbers, "{text:?}");
    }
    let text = "one\ntwo protocol,\n# section 3\n[four](protocol.md#4)";
    let lines: Vec<usize> = finder.citations(text).iter().map(|citation| citation.line).collect();
    assert_eq!(lines, [2, 4]);
    let old = "(contract, section 1)\nthe contract's section 3\n//! contract,\n//! sections 2\nthe contract (section 4)\nthe contract";
    assert_eq!(finder.old_forms(old), [1, 2, 3, 5]);
    Ok(())
}
