//! A run as a picture: rate and memory over time, with the faults as bands.

use std::fmt::Write as _;

use crate::monitor::Sample;
use crate::report::Struck;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 110.0;
/// Room for the names of faults.
const TOP: f64 = 110.0;
const PANEL: f64 = 180.0;
const GAP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
const COLORS: [&str; 2] = ["#1f77b4", "#d95f02"];
const NAMES: [&str; 2] = ["classic", "quorum"];
/// Names of faults are left out where they would lie on each other.
const NAME_ROOM: f64 = 13.0;
/// The rate is that of so many seconds.
const RATE_SECONDS: f64 = 2.0;
/// Without a sample for so long, the line is broken.
const UNKNOWN_SECONDS: f64 = 1.0;
/// Steps of a vertical axis.
const STEPS: u32 = 5;

/// The picture as SVG.
pub(crate) fn timeline(samples: &[Sample], struck: &[Struck]) -> String {
    let end = samples.last().map_or(1.0, |sample| sample.at).max(1.0);
    let height = TOP + 2.0 * PANEL + GAP + BOTTOM;
    let place = |at: f64| LEFT + at / end * (WIDTH - LEFT - RIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut last_name = f64::NEG_INFINITY;
    for struck in struck {
        let (x, width) = (place(struck.begin), (place(struck.end) - place(struck.begin)).max(1.0));
        let tall = 2.0 * PANEL + GAP;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{tall}\" fill=\"#c00\" opacity=\"0.15\"/>"
        );
        if x - last_name >= NAME_ROOM {
            let y = TOP - 4.0;
            let _ = writeln!(
                svg,
                "<text transform=\"translate({:.1} {y}) rotate(-60)\">{:?}</text>",
                x + 4.0,
                struck.fault
            );
            last_name = x;
        }
    }
    draw_panel(&mut svg, "results per second", &[0, 1].map(|lane| rates(samples, lane)), TOP, place);
    draw_panel(&mut svg, "memory, MiB", &[0, 1].map(|lane| memory(samples, lane)), TOP + PANEL + GAP, place);
    let y = height - BOTTOM + 16.0;
    for tenth in 0..=10 {
        let at = end * f64::from(tenth) / 10.0;
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{y}\" text-anchor=\"middle\">{at:.0} s</text>", place(at));
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_panel(svg: &mut String, label: &str, lines: &[Vec<(f64, f64)>], top: f64, place: impl Fn(f64) -> f64) {
    let step = round_step(lines.iter().flatten().map(|point| point.1).fold(1.0, f64::max) / f64::from(STEPS));
    let most = step * f64::from(STEPS);
    let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
    for number in 0..=STEPS {
        let value = step * f64::from(number);
        let y = bottom - value / most * PANEL;
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>");
        let _ =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>", LEFT - 6.0, y + 4.0);
    }
    let _ = writeln!(
        svg,
        "<text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{label}</text>",
        top + PANEL / 2.0
    );
    for (lane, line) in lines.iter().enumerate() {
        let color = COLORS[lane];
        // While the broker is away, nothing is known.
        for piece in line.chunk_by(|one, next| next.0 - one.0 < UNKNOWN_SECONDS) {
            let point = |(at, value): &(f64, f64)| format!("{:.1},{:.1}", place(*at), bottom - value / most * PANEL);
            let points: Vec<String> = piece.iter().map(point).collect();
            let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\"/>", points.join(" "));
        }
        let y = top + 14.0 + if lane == 0 { 0.0 } else { 16.0 };
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{y}\" fill=\"{color}\">{}</text>", right + 10.0, NAMES[lane]);
    }
}

/// The next round number from `step` on.
fn round_step(step: f64) -> f64 {
    let decade = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * decade).find(|round| *round >= step).unwrap_or(step)
}

/// Results per second, where the time before is known.
fn rates(samples: &[Sample], lane: usize) -> Vec<(f64, f64)> {
    let ends = samples.iter().enumerate();
    ends.filter_map(|(index, end)| {
        let begin = samples[..index].iter().rev().find(|begin| end.at - begin.at >= RATE_SECONDS)?;
        if end.at - begin.at > RATE_SECONDS + UNKNOWN_SECONDS {
            return None;
        }
        let results = f64::from(end.results[lane].saturating_sub(begin.results[lane]));
        Some((end.at, results / (end.at - begin.at)))
    })
    .collect()
}

fn memory(samples: &[Sample], lane: usize) -> Vec<(f64, f64)> {
    samples.iter().filter_map(|sample| Some((sample.at, *sample.memory.get(lane)?))).collect()
}
