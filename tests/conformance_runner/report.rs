//! What the runner prints: what differs in each scenario that does not hold, and the sums.

use super::run::Outcome;

/// How many lines of a worker's output are shown.
const LOG_LINES: usize = 30;

/// One scenario's name and what came of it; an error where it could not be played.
pub(crate) type Played = (String, anyhow::Result<Outcome>);

/// Counts what held and prints what did not.
#[derive(Debug, Default)]
pub(crate) struct Report {
    held: usize,
    failed: Vec<String>,
}

impl Report {
    /// Takes in one scenario.
    pub(crate) fn add(&mut self, (name, outcome): Played) {
        let (differences, log) = match outcome {
            Ok(outcome) => (outcome.differences, outcome.log),
            Err(error) => (vec![format!("could not be played: {error:#}")], Vec::new()),
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

    /// Prints the sums; true if all scenarios hold.
    pub(crate) fn close(mut self) -> bool {
        if !self.failed.is_empty() {
            self.failed.sort();
            println!("failed ({}): {}", self.failed.len(), self.failed.join(" "));
        }
        println!("{} of {} hold", self.held, self.held + self.failed.len());
        println!("conformance: {} passed, {} failed", self.held, self.failed.len());
        self.failed.is_empty()
    }
}
