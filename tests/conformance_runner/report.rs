//! What the runner prints: a line per scenario that does not hold, and the sums.

use super::required::is_required;
use super::run::Outcome;

/// How many lines of a worker's output are shown.
const LOG_LINES: usize = 30;

/// One scenario's name and what came of it; an error where it could not be played.
pub(crate) type Played = (String, anyhow::Result<Outcome>);

/// Counts what held and prints what did not.
#[derive(Debug, Default)]
pub(crate) struct Report {
    verbose: bool,
    held: usize,
    failed: Vec<String>,
    not_yet: Vec<String>,
}

impl Report {
    /// With `verbose` the output of workers is shown for scenarios that need not hold, too.
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, ..Self::default() }
    }

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
        let required = is_required(&name);
        let label = if required { "FAILED" } else { "not yet" };
        println!("{label} {name}: {}", differences.join("; "));
        if required || self.verbose {
            for line in &log[log.len().saturating_sub(LOG_LINES)..] {
                println!("    | {line}");
            }
        }
        if required { self.failed.push(name) } else { self.not_yet.push(name) }
    }

    /// Prints the sums; true if all required scenarios hold.
    pub(crate) fn close(mut self) -> bool {
        let all = self.held + self.failed.len() + self.not_yet.len();
        println!("{} of {all} hold", self.held);
        for (label, names) in [("not yet", &mut self.not_yet), ("failed", &mut self.failed)] {
            if !names.is_empty() {
                names.sort();
                println!("{label} ({}): {}", names.len(), names.join(" "));
            }
        }
        println!("conformance: {} passed, {} failed", self.held, self.failed.len());
        self.failed.is_empty()
    }
}
