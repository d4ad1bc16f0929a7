//! Small SVG charts with logarithmic axes: a line for each series, dashed when it is an ideal.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 50.0;
const COLORS: [&str; 6] = ["#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#8c564b", "#7f7f7f"];

/// One line of a chart.
pub(crate) struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    ideal: bool,
}

impl Series {
    pub(crate) fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points, ideal: false }
    }

    pub(crate) fn ideal(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points, ideal: true }
    }
}

/// The powers of ten around some values.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (i32, i32) {
    let positive = values.filter(|value| *value > 0.0);
    let min = positive.clone().fold(f64::INFINITY, f64::min);
    let max = positive.fold(f64::MIN_POSITIVE, f64::max);
    #[allow(clippy::cast_possible_truncation, reason = "powers of ten of figures for people")]
    let (low, high) = (min.log10().floor() as i32, max.log10().ceil() as i32);
    (low, high.max(low + 1))
}

/// A chart with two logarithmic axes.
pub(crate) fn log_log(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> String {
    let points = series.iter().flat_map(|series| series.points.iter().copied());
    let (x_low, x_high) = decades(points.clone().map(|(x, _)| x));
    let (y_low, y_high) = decades(points.map(|(_, y)| y));
    let part = |value: f64, low: i32, high: i32| (value.log10() - f64::from(low)) / f64::from(high - low);
    let place_x = |x: f64| LEFT + part(x, x_low, x_high) * (WIDTH - LEFT - RIGHT);
    let place_y = |y: f64| HEIGHT - BOTTOM - part(y, y_low, y_high) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}</text>\n"
    );
    for decade in x_low..=x_high {
        let x = place_x(10_f64.powi(decade));
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
            HEIGHT - BOTTOM
        );
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM + 16.0,
            tick(decade)
        );
    }
    for decade in y_low..=y_high {
        let y = place_y(10_f64.powi(decade));
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
            WIDTH - RIGHT
        );
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            tick(decade)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_label}</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0
    );
    let _ = writeln!(
        svg,
        "<text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{y_label}</text>",
        (TOP + HEIGHT - BOTTOM) / 2.0
    );
    for (index, line) in series.iter().enumerate() {
        let color = COLORS[index % COLORS.len()];
        let dash = if line.ideal { " stroke-dasharray=\"5 4\"" } else { "" };
        let path: Vec<String> = line
            .points
            .iter()
            .filter(|(x, y)| *x > 0.0 && *y > 0.0)
            .map(|(x, y)| format!("{:.1},{:.1}", place_x(*x), place_y(*y)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dash}/>",
            path.join(" ")
        );
        if !line.ideal {
            for point in &path {
                let (x, y) = point.split_once(',').unwrap_or_default();
                let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3.5\" fill=\"{color}\"/>");
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "a handful of series")]
        let y = TOP + 14.0 + 20.0 * index as f64;
        let x = WIDTH - RIGHT + 12.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\" stroke=\"{color}\" stroke-width=\"2\"{dash}/>",
            x + 22.0
        );
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 28.0, y + 4.0, line.name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn tick(decade: i32) -> String {
    match decade {
        0..=6 => format!("{}", 10_u64.pow(decade.unsigned_abs())),
        -3..0 => format!("{}", 10_f64.powi(decade)),
        _ => format!("1e{decade}"),
    }
}
