//! A small SVG chart over time: a line for each series, and a label where something happens.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 60.0;
const BOTTOM: f64 = 40.0;
const COLORS: [&str; 3] = ["#1f77b4", "#d95f02", "#2ca02c"];
/// Lines of the grid.
const GRID: u8 = 5;

/// Draws it. A series is a name and its points (seconds, value); a mark is a time and what happens then.
pub(crate) fn timeline(title: &str, series: &[(&str, Vec<(f64, f64)>)], marks: &[(f64, String)]) -> String {
    let points = || series.iter().flat_map(|(_, points)| points.iter());
    let longest = points().map(|(at, _)| *at).fold(1.0, f64::max);
    let highest = points().map(|(_, value)| *value).fold(1.0, f64::max);
    let x = |at: f64| LEFT + at / longest * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM);
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}</text>\n"
    );
    for line in 0..=GRID {
        let part = f64::from(line) / f64::from(GRID);
        let (value, at) = (part * highest, part * longest);
        let (level, place) = (y(value), x(at));
        let _ =
            writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{level:.1}\" x2=\"{right}\" y2=\"{level:.1}\" stroke=\"#ddd\"/>");
        let _ =
            writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>", LEFT - 6.0, level + 4.0);
        let _ = writeln!(svg, "<text x=\"{place:.1}\" y=\"{}\" text-anchor=\"middle\">{at:.0} s</text>", bottom + 16.0);
    }
    for (at, text) in marks {
        let place = x(*at);
        let _ = writeln!(
            svg,
            "<line x1=\"{place:.1}\" y1=\"{TOP}\" x2=\"{place:.1}\" y2=\"{bottom}\" stroke=\"#999\" stroke-dasharray=\"3 3\"/>"
        );
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{}\">{text}</text>", place + 3.0, TOP - 8.0);
    }
    for ((name, points), (color, row)) in series.iter().zip(COLORS.iter().zip(0_u8..)) {
        let path: Vec<String> = points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
        let legend = TOP + 14.0 + 20.0 * f64::from(row);
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{legend}\" fill=\"{color}\">{name}</text>", right + 12.0);
    }
    svg.push_str("</svg>\n");
    svg
}
