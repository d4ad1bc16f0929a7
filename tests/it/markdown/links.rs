//! Every relative link leads to a file of the repository, and to a place in it that is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, ensure};
use regex_lite::Regex;

use super::{Page, pages, root};

/// The book's list of chapters, whose links lead to where `scripts/book` puts the chapters.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The places that a link may name after `#`: headings, as GitHub and mdBook name them, and ids that are written out.
fn places(page: &Page) -> Result<BTreeSet<String>> {
    let id = Regex::new(r#"<a id="([^"]*)">"#)?;
    let mark = Regex::new(r"<[^>]*>|[`*]|\]\([^)]*\)|\[")?;
    let (_, lines) = page.parts();
    let mut places: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        places.extend(id.captures_iter(line).map(|found| found[1].to_owned()));
        let Some(heading) = line.strip_prefix('#') else { continue };
        let shown = mark.replace_all(heading.trim_start_matches('#').trim(), "").to_lowercase();
        let kept = shown.trim().chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        places.insert(kept.map(|char| if char == ' ' { '-' } else { char }).collect());
    }
    Ok(places)
}

/// The links of a document, without those in code.
fn links(page: &Page) -> Result<Vec<String>> {
    let code = Regex::new(r"`[^`]*`")?;
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let (_, lines) = page.parts();
    let text = lines.join("\n");
    // A link's text may be code; its address is not.
    let text = code.replace_all(&text, "code");
    Ok(link.captures_iter(&text).map(|found| found[1].to_owned()).collect())
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let pages = pages()?;
    let mut count = 0;
    let mut broken = Vec::new();
    for page in pages.iter().filter(|page| page.path != Path::new(SUMMARY)) {
        for link in links(page)?.into_iter().filter(|link| !link.contains(':')) {
            count += 1;
            let (path, place) = link.split_once('#').map_or((link.as_str(), None), |(path, place)| (path, Some(place)));
            let target = if path.is_empty() {
                page.path.clone()
            } else {
                plain(&page.path.parent().unwrap_or(Path::new("")).join(path))
            };
            let there = match (place, pages.iter().find(|page| page.path == target)) {
                (Some(place), Some(target)) => places(target)?.contains(place),
                (Some(_), None) => false,
                (None, _) => root().join(&target).exists(),
            };
            if !there {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    ensure!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
    ensure!(count > 100, "only {count} links were found");
    Ok(())
}

#[test]
fn every_document_is_a_chapter_of_the_book() -> Result<()> {
    let summary = fs::read_to_string(root().join(SUMMARY))?;
    let chapters = Regex::new(r"\]\(([^)]+)\)")?;
    let chapters: BTreeSet<String> = chapters.captures_iter(&summary).map(|found| found[1].to_owned()).collect();
    for page in pages()? {
        if let Ok(path) = page.path.strip_prefix("docs")
            && page.path != Path::new(SUMMARY)
        {
            ensure!(chapters.contains(&path.display().to_string()), "{SUMMARY} does not list {}", path.display());
        }
    }
    Ok(())
}

#[test]
fn places_are_named_as_their_headings() -> Result<()> {
    let text = "# On *Kubernetes*\n## `exec`, and more\n## <a id=\"4.3\"></a>4.3 Codes\n```sh\n# not a heading\n```\n";
    let page = Page { path: PathBuf::from("page.md"), text: text.to_owned() };
    let expected = ["4.3", "43-codes", "exec-and-more", "on-kubernetes"].map(str::to_owned);
    assert_eq!(places(&page)?, BTreeSet::from(expected));
    let text = "[a](x.md#y) `[b](z.md)` [`c`](w.md) ![d](e.svg)".to_owned();
    assert_eq!(links(&Page { path: PathBuf::from("page.md"), text })?, ["x.md#y", "w.md", "e.svg"]);
    Ok(())
}
