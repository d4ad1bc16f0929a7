//! The matrix as a table in Markdown: a row for each fault, a column for each point.

use std::collections::BTreeMap;

use super::expectation::{MANY, expected};
use super::fault::Fault;
use super::point::Point;
use super::run::Judged;

/// The table of what was seen.
pub(crate) fn seen(faults: &[Fault], points: &[Point], cells: &[Judged]) -> String {
    table(faults, points, |fault, point| {
        let cell = cells.iter().find(|cell| cell.fault == fault && cell.point == point);
        cell.map_or_else(|| "not run".to_owned(), seen_in)
    })
}

/// The table of what is expected, as it stands in `docs/guarantees.md`.
pub(crate) fn of_expectations() -> String {
    table(&Fault::ALL, &Point::ALL, |fault, point| {
        let expected = expected(fault, point);
        format!("{}·{}", range(expected.outcomes), range(expected.calls))
    })
}

fn table(faults: &[Fault], points: &[Point], cell: impl Fn(Fault, Point) -> String) -> String {
    let head = format!("| fault | {} |", points.iter().map(|point| point.name()).collect::<Vec<_>>().join(" | "));
    let rule = format!("|---|{}", "---|".repeat(points.len()));
    let rows = faults.iter().map(|fault| {
        let cells: Vec<String> = points.iter().map(|point| cell(*fault, *point)).collect();
        format!("| {} | {} |", fault.name(), cells.join(" | "))
    });
    [head, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn range((fewest, most): (usize, usize)) -> String {
    match most {
        MANY => format!("{fewest}+"),
        most if most == fewest => most.to_string(),
        most => format!("{fewest}–{most}"),
    }
}

/// Outcomes and calls of one message, and the seconds until the worker was well again.
fn seen_in(cell: &Judged) -> String {
    let mark = if cell.problems.is_empty() { "" } else { "✗ " };
    let Some(seen) = &cell.seen else { return format!("{mark}–") };
    let outcomes = seen.outcomes.iter().max().copied().unwrap_or_default();
    let calls = seen.calls.div_ceil(seen.outcomes.len().max(1));
    format!("{mark}{outcomes}·{calls} {:.1} s", seen.recovery.as_secs_f64())
}

/// Where messages had more than one outcome, by the reason.
pub(crate) fn repeated(cells: &[Judged]) -> String {
    let mut by_reason = BTreeMap::<&str, Vec<String>>::new();
    for cell in cells {
        let outcomes = cell.seen.as_ref().and_then(|seen| seen.outcomes.iter().max().copied()).unwrap_or_default();
        if outcomes > 1 {
            let reason = expected(cell.fault, cell.point).reason.unwrap_or("unexpected");
            let place = format!("{} @ {} ({outcomes})", cell.fault.name(), cell.point.name());
            by_reason.entry(reason).or_default().push(place);
        }
    }
    let lines = by_reason.iter().map(|(reason, places)| format!("- {reason}: {}", places.join("; ")));
    lines.collect::<Vec<_>>().join("\n")
}
