//! Instructions per message, counted by callgrind: what a change costs or saves, whatever else the machine does.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    cli::{InstructionsOptions, Places},
    contender::Contender,
    report,
    run::{self, Batch},
};

/// Two runs, whose difference holds nothing of the start and the stop.
const FEW: u32 = 300;
/// See [`FEW`].
const MANY: u32 = 2300;

/// Counts the worker's and the floor's instructions and tells them with their ratio.
pub(crate) async fn instructions(places: &Places, options: &InstructionsOptions) -> Result<()> {
    let mut out =
        String::from("\n| prefetch | worker, instructions per message | floor | worker ÷ floor |\n|---|---|---|---|\n");
    for prefetch in options.prefetch.iter().copied() {
        let worker = each(places, Contender::Worker, prefetch).await?;
        let floor = each(places, Contender::Floor, prefetch).await?;
        let _ = writeln!(out, "| {prefetch} | {worker:.0} | {floor:.0} | {:.2} |", worker / floor);
    }
    report::print(&out)?;
    places.save.as_ref().map_or(Ok(()), |folder| report::save(folder, "instructions.md", &out))
}

async fn each(places: &Places, contender: Contender, prefetch: u16) -> Result<f64> {
    eprintln!("prefetch {prefetch}, instructions: {}", contender.name());
    let few = counted(places, contender, prefetch, FEW).await?;
    let many = counted(places, contender, prefetch, MANY).await?;
    Ok((many - few) / f64::from(MANY - FEW))
}

/// Instructions of a whole run.
async fn counted(places: &Places, contender: Contender, prefetch: u16, messages: u32) -> Result<f64> {
    let counts = std::env::temp_dir().join(format!("podio-bench-callgrind-{}", std::process::id()));
    let batch = Batch { profile: Some(&counts), ..Batch::new(prefetch, usize::try_from(messages)?, "/user") };
    run::batch(places, contender, &batch).await?;
    let total = total(&counts);
    fs::remove_file(&counts)?;
    total
}

/// The total in callgrind's file.
fn total(counts: &Path) -> Result<f64> {
    let text = fs::read_to_string(counts).context("callgrind wrote no counts: is valgrind installed?")?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    Ok(total.context("callgrind's file has no total")?.trim().parse()?)
}
