//! Small SVG charts with logarithmic axes: a line for each series, dashed if it is an ideal.

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
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Measured,
    Ideal,
}

impl Series {
    pub(crate) fn measured(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points, kind: Kind::Measured }
    }

    pub(crate) fn ideal(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points, kind: Kind::Ideal }
    }
}

/// A chart with two logarithmic axes.
pub(crate) fn log_log(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> String {
    let points = series.iter().flat_map(|series| series.points.iter().copied());
    let x_axis = Axis::new(points.clone().map(|(x, _)| x), LEFT, WIDTH - RIGHT);
    let y_axis = Axis::new(points.map(|(_, y)| y), HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}</text>\n"
    );
    draw_grid(&mut svg, &x_axis, &y_axis);
    draw_labels(&mut svg, x_label, y_label);
    for (index, series) in series.iter().enumerate() {
        draw_series(&mut svg, index, series, &x_axis, &y_axis);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A logarithmic axis between two powers of ten.
struct Axis {
    low: i32,
    high: i32,
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis from the coordinate `start` to the coordinate `end` that has room for all positive values.
    fn new(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let positive = values.filter(|value| *value > 0.0);
        let min = positive.clone().fold(f64::INFINITY, f64::min);
        let max = positive.fold(f64::MIN_POSITIVE, f64::max);
        #[allow(clippy::cast_possible_truncation, reason = "powers of ten of figures for people")]
        let (low, high) = (min.log10().floor() as i32, max.log10().ceil() as i32);
        Self { low, high: high.max(low + 1), start, end }
    }

    /// The coordinate of a value.
    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.start + part * (self.end - self.start)
    }

    /// The powers of ten on the axis: coordinate and label.
    fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        (self.low..=self.high).map(|decade| (self.place(10_f64.powi(decade)), tick_label(decade)))
    }
}

fn tick_label(decade: i32) -> String {
    match decade {
        0..=6 => format!("{}", 10_u64.pow(decade.unsigned_abs())),
        -3..0 => format!("{}", 10_f64.powi(decade)),
        _ => format!("1e{decade}"),
    }
}

fn draw_grid(svg: &mut String, x_axis: &Axis, y_axis: &Axis) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for (x, label) in x_axis.ticks() {
        let y = bottom + 16.0;
        let _ = writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>");
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>");
    }
    for (y, label) in y_axis.ticks() {
        let (text_x, text_y) = (LEFT - 6.0, y + 4.0);
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>");
        let _ = writeln!(svg, "<text x=\"{text_x:.1}\" y=\"{text_y:.1}\" text-anchor=\"end\">{label}</text>");
    }
}

fn draw_labels(svg: &mut String, x_label: &str, y_label: &str) {
    let (x, y) = ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12.0);
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{x_label}</text>");
    let y = (TOP + HEIGHT - BOTTOM) / 2.0;
    let _ =
        writeln!(svg, "<text transform=\"translate(16 {y:.1}) rotate(-90)\" text-anchor=\"middle\">{y_label}</text>");
}

/// Draws the line, the points if they were measured, and the entry in the legend.
fn draw_series(svg: &mut String, index: usize, series: &Series, x_axis: &Axis, y_axis: &Axis) {
    let color = COLORS[index % COLORS.len()];
    let dash = if series.kind == Kind::Ideal { " stroke-dasharray=\"5 4\"" } else { "" };
    let stroke = format!("stroke=\"{color}\" stroke-width=\"2\"{dash}");
    let places: Vec<(f64, f64)> = series
        .points
        .iter()
        .filter(|(x, y)| *x > 0.0 && *y > 0.0)
        .map(|(x, y)| (x_axis.place(*x), y_axis.place(*y)))
        .collect();
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" {stroke}/>", path.join(" "));
    if series.kind == Kind::Measured {
        for (x, y) in places {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{color}\"/>");
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a handful of series")]
    let y = TOP + 14.0 + 20.0 * index as f64;
    let x = WIDTH - RIGHT + 12.0;
    let _ = writeln!(svg, "<line x1=\"{x}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\" {stroke}/>", x + 22.0);
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 28.0, y + 4.0, series.name);
}
