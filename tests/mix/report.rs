//! The tables of a run.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::faults::Fault;
use crate::ledger::Account;
use crate::processes::Held;

/// A fault that struck.
#[derive(Clone, Debug)]
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    /// Seconds since the start.
    pub(crate) begin: f64,
    pub(crate) end: f64,
    /// Seconds from its end until the full rate, by lane.
    pub(crate) recovery: Vec<f64>,
}

/// The faults, a kind a line.
pub(crate) fn faults(struck: &[Struck]) -> String {
    let mut out = String::from(
        "| fault | times | longest, s | full rate after at most, s: classic, quorum |\n|---|---|---|---|\n",
    );
    let mut kinds: Vec<Fault> = Vec::new();
    for fault in struck.iter().map(|struck| struck.fault) {
        if !kinds.contains(&fault) {
            kinds.push(fault);
        }
    }
    for kind in kinds {
        let of_kind: Vec<&Struck> = struck.iter().filter(|struck| struck.fault == kind).collect();
        let longest = of_kind.iter().map(|struck| struck.end - struck.begin).fold(0.0, f64::max);
        let slowest = |lane: usize| of_kind.iter().map(|struck| struck.recovery[lane]).fold(0.0, f64::max);
        let (classic, quorum) = (slowest(0), slowest(1));
        let _ = writeln!(out, "| {kind:?} | {} | {longest:.1} | {classic:.1}, {quorum:.1} |", of_kind.len());
    }
    out
}

/// The accounts, a lane a line.
pub(crate) fn accounts(accounts: &[(String, Account)]) -> String {
    let mut out = String::from(
        "| queue | sent | answered | lost | unexpected | duplicated | of them unexplained | recovered |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (name, account) in accounts {
        let Account { sent, answered, lost, unexpected, duplicated, unexplained, recovered } = account;
        let _ = writeln!(
            out,
            "| {name} | {sent} | {answered} | {lost} | {unexpected} | {duplicated} | {unexplained} | {recovered} |"
        );
    }
    out
}

/// The most that a worker held in the first and in the second half of a run.
pub(crate) struct Growth {
    first: Held,
    second: Held,
}

impl Growth {
    /// Of what workers held after each fault.
    pub(crate) fn of(held: &[Vec<Held>]) -> Self {
        let (first, second) = held.split_at(held.len() / 2);
        Self { first: most(first), second: most(second) }
    }

    pub(crate) fn table(&self) -> String {
        let row = |half: &str, held: Held| {
            let Held { memory_kib, threads, files, sockets } = held;
            format!("| {half} | {} | {threads} | {files} | {sockets} |\n", memory_kib / 1024)
        };
        format!(
            "| a worker at most | MiB | threads | files | sockets |\n|---|---|---|---|---|\n{}{}",
            row("first half", self.first),
            row("second half", self.second)
        )
    }

    /// Fails if anything has grown by more than what varies.
    pub(crate) fn ensure_none(&self) -> Result<()> {
        let (first, second) = (self.first, self.second);
        ensure!(second.memory_kib <= first.memory_kib * 5 / 4 + 2048, "memory grew: {first:?}, {second:?}");
        ensure!(second.threads <= first.threads + 2, "threads grew: {first:?}, {second:?}");
        // Each message in hand may have a connection to Podio of its own.
        let connections = crate::lane::PREFETCH as u64;
        ensure!(second.sockets <= first.sockets + connections, "sockets grew: {first:?}, {second:?}");
        ensure!(second.files <= first.files + connections, "files grew: {first:?}, {second:?}");
        Ok(())
    }
}

fn most(held: &[Vec<Held>]) -> Held {
    let most = |what: fn(&Held) -> u64| held.iter().flatten().map(what).max().unwrap_or_default();
    Held {
        memory_kib: most(|held| held.memory_kib),
        threads: most(|held| held.threads),
        files: most(|held| held.files),
        sockets: most(|held| held.sockets),
    }
}
