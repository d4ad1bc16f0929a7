//! One fault at all points: the cells go from step to step together, so that a fault of the whole broker meets all of them.

use anyhow::{Context, Error, Result};
use futures_util::future::join_all;
use podio_test_support::PrivateBroker;

use super::cell::{Cell, Seen};
use super::expectation::expected;
use super::fault::Fault;
use super::point::Point;

/// A broker for the cells.
pub(crate) enum Site {
    /// The one that all tests share.
    Shared(String),
    Private(PrivateBroker),
}

impl Site {
    fn url(&self) -> &str {
        match self {
            Self::Shared(url) => url,
            Self::Private(broker) => broker.url(),
        }
    }

    /// The broker that a fault may be made at.
    fn own(&self) -> Option<&PrivateBroker> {
        match self {
            Self::Shared(_) => None,
            Self::Private(broker) => Some(broker),
        }
    }
}

/// What became of one cell.
pub(crate) struct Judged {
    pub(crate) fault: Fault,
    pub(crate) point: Point,
    pub(crate) seen: Option<Seen>,
    /// What is not as expected; none if the cell holds.
    pub(crate) problems: Vec<String>,
    pub(crate) log: String,
}

impl Judged {
    /// The cell and what is not as expected of it.
    pub(crate) fn line(&self) -> String {
        format!("{} @ {}: {}", self.fault.name(), self.point.name(), self.problems.join("; "))
    }
}

/// A cell on its way through the steps, until one of them fails.
struct Track {
    point: Point,
    cell: Option<Cell>,
    problem: Option<Error>,
}

/// Runs one fault at these points.
pub(crate) async fn run(fault: Fault, points: &[Point], site: &Site) -> Vec<Judged> {
    let mut tracks: Vec<Track> =
        points.iter().map(|point| Track { point: *point, cell: None, problem: None }).collect();
    if let Err(problem) = go(fault, &mut tracks, site).await {
        let text = format!("{problem:#}");
        for track in &mut tracks {
            track.problem.get_or_insert_with(|| Error::msg(text.clone()));
        }
    }
    join_all(tracks.into_iter().map(|track| judge(fault, track))).await
}

async fn go(fault: Fault, tracks: &mut [Track], site: &Site) -> Result<()> {
    if let Some(broker) = site.own() {
        fault.prepare(broker).await?;
    }
    join_all(tracks.iter_mut().map(async |track| match Cell::set(site.url(), fault, track.point).await {
        Ok(cell) => track.cell = Some(cell),
        Err(problem) => track.problem = Some(problem.context("setting up")),
    }))
    .await;
    // What passes by itself must not pass while others are still on their way.
    tracks.sort_by_key(|track| track.point.passes());
    let (kept, passing) = tracks.split_at_mut(tracks.partition_point(|track| !track.point.passes()));
    for tracks in [kept, passing] {
        all(tracks, "the message's way to its point", Cell::enter).await;
    }
    if let Some(broker) = site.own() {
        fault.inject_at(broker).await?;
    }
    all(tracks, "the fault", Cell::inject).await;
    let end = async |cell: &mut Cell| {
        cell.heal().await?;
        cell.count().await
    };
    if let Some(broker) = site.own() {
        all(tracks, "during the fault", Cell::go_on).await;
        fault.heal_at(broker).await?;
        all(tracks, "after the fault", end).await;
    } else {
        // No cell waits for another: a message that is disturbed for long fails.
        let to_the_end = async |cell: &mut Cell| {
            cell.go_on().await.context("during the fault")?;
            end(cell).await
        };
        all(tracks, "the fault and its end", to_the_end).await;
    }
    Ok(())
}

/// Takes every cell without a problem one step further.
async fn all(tracks: &mut [Track], name: &'static str, step: impl AsyncFn(&mut Cell) -> Result<()>) {
    let step = &step;
    join_all(tracks.iter_mut().filter(|track| track.problem.is_none()).map(async |track| {
        if let Some(cell) = &mut track.cell
            && let Err(problem) = step(cell).await.context(name)
        {
            track.problem = Some(problem);
        }
    }))
    .await;
}

async fn judge(fault: Fault, track: Track) -> Judged {
    let Track { point, cell, problem } = track;
    let seen = cell.as_ref().and_then(Cell::seen).cloned();
    let mut problems: Vec<String> = problem.into_iter().map(|problem| format!("{problem:#}")).collect();
    if let Some(seen) = &seen {
        problems.extend(seen.differences(&expected(fault, point)));
    }
    let log = cell.as_ref().map(Cell::log).unwrap_or_default();
    if let Some(cell) = cell {
        cell.remove().await;
    }
    Judged { fault, point, seen, problems, log }
}
