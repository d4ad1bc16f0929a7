//! The microbenchmarks' figures, as criterion left them, each beside its floor: a copy of the same bytes; for the cipher
//! OpenSSL, too.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{
    cli::{MicroOptions, Places},
    report,
};

/// The floor of every group.
const COPY: &str = "copy";

/// What criterion knows of one benchmark.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Median times in nanoseconds, by group, bytes and name.
type Measured = BTreeMap<(String, u32), BTreeMap<String, f64>>;

/// Reads what was measured and tells it.
pub(crate) fn micro(places: &Places, options: &MicroOptions) -> Result<()> {
    let mut out = String::from(
        "\n| piece | bytes | ns | copy of the bytes, ns | piece ÷ copy | OpenSSL, ns | piece ÷ OpenSSL |\n|---|---|---|---|---|---|---|\n",
    );
    for ((group, bytes), times) in read(&options.measured)? {
        let copy = *times.get(COPY).with_context(|| format!("{group} has no floor"))?;
        let openssl = (group == "cipher").then(|| openssl(bytes)).flatten();
        for (name, time) in times.iter().filter(|(name, _)| *name != COPY) {
            let beside = openssl
                .filter(|_| name.starts_with("seal"))
                .map_or_else(|| "| ".to_owned(), |openssl| format!("{openssl:.0} | {:.2}", time / openssl));
            let _ =
                writeln!(out, "| {group} {name} | {bytes} | {time:.0} | {copy:.0} | {:.1} | {beside} |", time / copy);
        }
    }
    report::print(&out)?;
    places.save.as_ref().map_or(Ok(()), |folder| report::save(folder, "micro.md", &out))
}

/// `FOLDER/GROUP/NAME/BYTES/new/estimates.json` for every benchmark.
fn read(folder: &Path) -> Result<Measured> {
    let mut measured = Measured::new();
    for group in folders(folder).context("nothing was measured; run: cargo bench -p podio-bench --bench micro")? {
        for name in folders(&group)? {
            for size in folders(&name)? {
                let Ok(text) = fs::read(size.join("new/estimates.json")) else { continue };
                let estimates: Estimates = serde_json::from_slice(&text)?;
                let Ok(bytes) = last(&size).parse() else { continue };
                let times = measured.entry((last(&group), bytes)).or_default();
                times.insert(last(&name), estimates.median.point_estimate);
            }
        }
    }
    Ok(measured)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let entries: Vec<PathBuf> = entries.collect::<Result<_>>()?;
    Ok(entries.into_iter().filter(|path| path.is_dir()).collect())
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What OpenSSL takes to encrypt so many bytes, nanoseconds; `None` where it is not installed.
fn openssl(bytes: u32) -> Option<f64> {
    let size = bytes.to_string();
    let arguments = ["speed", "-elapsed", "-seconds", "1", "-bytes", &size, "-mr", "-evp", "aes-256-cbc"];
    let output = Command::new("openssl").args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let speed: f64 = text.lines().find(|line| line.starts_with("+F:"))?.rsplit(':').next()?.parse().ok()?;
    Some(f64::from(bytes) / speed * 1e9)
}
