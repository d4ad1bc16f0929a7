//! What the runner prints: the differences of each scenario that does not hold, and the totals.

use std::process::ExitCode;

use super::run::Outcome;

/// How many lines of a worker's output are printed.
const LOG_LINES: usize = 30;

/// A scenario's name and outcome; an error means that it could not be run.
pub(crate) type Finished = (String, anyhow::Result<Outcome>);

/// Counts the scenarios that hold and prints those that do not.
#[derive(Debug, Default)]
pub(crate) struct Report {
    held: usize,
    failed: Vec<String>,
}

impl Report {
    /// Adds a scenario.
    pub(crate) fn add(&mut self, (name, outcome): Finished) {
        let (differences, log) = match outcome {
            Ok(outcome) => (outcome.differences, outcome.log),
            Err(error) => (vec![format!("could not be run: {error:#}")], Vec::new()),
        };
        if differences.is_empty() {
            self.held += 1;
            return;
        }
        println!("FAILED {name}: {}", differences.join("; "));
        for line in &log[log.len().saturating_sub(LOG_LINES)..] {
            println!("    | {line}");
        }
        self.failed.push(name);
    }

    /// Prints the totals. The exit code is 0 if all scenarios hold.
    pub(crate) fn close(mut self) -> ExitCode {
        if !self.failed.is_empty() {
            self.failed.sort();
            println!("failed ({}): {}", self.failed.len(), self.failed.join(" "));
        }
        println!("{} of {} hold", self.held, self.held + self.failed.len());
        println!("conformance: {} passed, {} failed", self.held, self.failed.len());
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
