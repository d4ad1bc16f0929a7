//! The fault matrix: every fault at every point of a message's way, against the built program and a real broker.
//!
//! `cargo test --test matrix -- [NAME…] [--jobs N] [--list]`; a NAME is a part of a fault's name, or of a point's as
//! `@NAME`. It prints what was seen as a table. The exit code is 1 if a cell does not hold what `docs/guarantees.md` says.
#![expect(clippy::print_stdout, reason = "a test harness reports on standard output")]

mod cell;
mod document;
mod expectation;
mod fault;
mod point;
mod run;
mod scene;
mod table;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use fault::Fault;
use futures_util::{StreamExt, stream};
use podio_test_support::{PrivateBroker, shared_broker_url};
use point::Point;
use run::{Judged, Site};

/// Runs the fault matrix.
#[derive(Debug, Parser)]
struct Arguments {
    /// Parts of the names of faults, or of points as @NAME; without any, all of them.
    names: Vec<String>,
    /// How many faults are made at once, besides those of a whole broker.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Only list the faults and the points.
    #[arg(long)]
    list: bool,
    /// Ignored: `cargo test -- --nocapture` passes it to every target, and this one captures nothing.
    #[arg(long, hide = true)]
    nocapture: bool,
}

impl Arguments {
    fn faults(&self) -> Vec<Fault> {
        let wanted: Vec<&str> = self.names.iter().map(String::as_str).filter(|name| !name.starts_with('@')).collect();
        let is_wanted = |fault: &Fault| wanted.is_empty() || wanted.iter().any(|part| fault.name().contains(part));
        Fault::ALL.into_iter().filter(is_wanted).collect()
    }

    fn points(&self) -> Vec<Point> {
        let wanted: Vec<&str> = self.names.iter().filter_map(|name| name.strip_prefix('@')).collect();
        let is_wanted = |point: &Point| wanted.is_empty() || wanted.iter().any(|part| point.name().contains(part));
        Point::ALL.into_iter().filter(is_wanted).collect()
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    document::ensure_up_to_date()?;
    let (faults, points) = (arguments.faults(), arguments.points());
    if arguments.list {
        let names = faults.iter().map(|fault| fault.name());
        println!(
            "{}",
            names.chain(points.iter().map(|point| format!("@{}", point.name()))).collect::<Vec<_>>().join("\n")
        );
        return Ok(ExitCode::SUCCESS);
    }
    if faults.is_empty() || points.is_empty() {
        println!("no fault or no point of the matrix has such a name");
        return Ok(ExitCode::SUCCESS);
    }
    let began = Instant::now();
    let (of_broker, others): (Vec<Fault>, Vec<Fault>) =
        faults.iter().copied().partition(|fault| fault.needs_private_broker());
    let shared = Site::Shared(shared_broker_url().await.context("the matrix needs a broker")?);
    let on_shared = stream::iter(others)
        .map(|fault| run_one(fault, &points, &shared))
        .buffer_unordered(arguments.jobs.into())
        .collect::<Vec<_>>();
    let on_private = async {
        let mut cells = Vec::new();
        if !of_broker.is_empty() {
            let site = Site::Private(PrivateBroker::start("matrix").await?);
            for fault in of_broker {
                cells.push(run_one(fault, &points, &site).await);
            }
        }
        anyhow::Ok(cells)
    };
    let (on_shared, on_private) = tokio::join!(on_shared, on_private);
    let cells: Vec<Judged> = on_shared.into_iter().chain(on_private?).flatten().collect();
    println!("\nOutcomes of a message · calls to Podio for it, and the time from the fault's end until all is well:\n");
    println!("{}\n", table::seen(&faults, &points, &cells));
    println!("More than one outcome:\n{}\n", table::repeated(&cells));
    let failed: Vec<&Judged> = cells.iter().filter(|cell| !cell.problems.is_empty()).collect();
    let seconds = began.elapsed().as_secs_f64();
    println!("{} cells, {} of them not as expected, in {seconds:.0} s", cells.len(), failed.len());
    for cell in &failed {
        println!("- {}", cell.line());
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes one fault at all points, and says at once what does not hold.
async fn run_one(fault: Fault, points: &[Point], site: &Site) -> Vec<Judged> {
    let began = Instant::now();
    let cells = run::run(fault, points, site).await;
    println!("{} ({:.1} s)", fault.name(), began.elapsed().as_secs_f64());
    for cell in cells.iter().filter(|cell| !cell.problems.is_empty()) {
        println!("--- {}\n{}", cell.line(), cell.log);
    }
    cells
}
