//! The command `micro`: the microbenchmarks' results, as criterion saved them, each beside its floor: a copy of the same
//! bytes, and for the cipher also OpenSSL.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use crate::report::Report;
use crate::setup::Setup;

/// The benchmark that is the floor of its group.
const COPY: &str = "copy";

/// Where the results are.
#[derive(Args, Clone, Debug)]
pub(crate) struct MicroOptions {
    /// Criterion's folder.
    #[arg(long, default_value = "target/criterion")]
    measured: PathBuf,
}

/// What criterion saves of one benchmark.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Median times in nanoseconds by name, for each group and number of bytes.
type Measured = BTreeMap<(String, u32), BTreeMap<String, f64>>;

/// Reads and reports what was measured.
pub(crate) fn micro(setup: &Setup, options: &MicroOptions) -> Result<()> {
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
    Report::new(setup.save.as_deref()).publish("micro.md", &out)
}

/// Reads `FOLDER/GROUP/NAME/BYTES/new/estimates.json` of every benchmark.
fn read(folder: &Path) -> Result<Measured> {
    let mut measured = Measured::new();
    for group in folders(folder).context("nothing was measured; run: cargo bench -p podio-bench --bench micro")? {
        for name in folders(&group)? {
            for size in folders(&name)? {
                let Ok(text) = fs::read(size.join("new/estimates.json")) else { continue };
                let estimates: Estimates = serde_json::from_slice(&text)?;
                let Ok(bytes) = name_of(&size).parse() else { continue };
                let times = measured.entry((name_of(&group), bytes)).or_default();
                times.insert(name_of(&name), estimates.median.point_estimate);
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

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The nanoseconds that OpenSSL takes to encrypt so many bytes; `None` if it is not installed.
fn openssl(bytes: u32) -> Option<f64> {
    let size = bytes.to_string();
    let arguments = ["speed", "-elapsed", "-seconds", "1", "-bytes", &size, "-mr", "-evp", "aes-256-cbc"];
    let output = Command::new("openssl").args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let speed: f64 = text.lines().find(|line| line.starts_with("+F:"))?.rsplit(':').next()?.parse().ok()?;
    Some(f64::from(bytes) / speed * 1e9)
}
