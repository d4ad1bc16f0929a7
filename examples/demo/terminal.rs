//! What the demo prints.

use std::io::IsTerminal as _;

use podio_sandbox::Call;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::outcome::{Emitted, Outcome, Settlement};

/// How many characters of a value are printed; the rest is cut off.
const WIDTH: usize = 160;

/// Prints in colour on a terminal, unless `NO_COLOR` is set.
pub(crate) struct Terminal {
    colour: bool,
}

#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Good,
    Bad,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    pub(crate) fn title(&self, number: usize, title: &str) {
        println!("\n{}", self.paint(Style::Bold, &format!("{number}. {title}")));
    }

    pub(crate) fn sent(&self, message: &str) {
        self.line("in", message);
    }

    pub(crate) fn calls(&self, calls: &[Call]) {
        if calls.is_empty() {
            self.line("podio", "received nothing");
        }
        for call in calls {
            let text = format!("{} → {}  {}", call.line(), call.status, call.body);
            self.line(&call.api.to_string(), text.trim_end());
        }
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) {
        match &outcome.emitted {
            Emitted::Data(body) => self.line("out", &format!("data   {}", summary(body))),
            Emitted::Error(message) => self.line("out", &format!("error  {message}")),
            Emitted::Rebound { after_ms } => self.line("out", &format!("rebound, delivered again after {after_ms} ms")),
            Emitted::Nothing => self.line("out", "nothing"),
        }
        let settlement = match outcome.settlement {
            Settlement::Acknowledged => "acknowledged",
            Settlement::Rejected => "rejected, now among the dead letters",
        };
        self.line("settled", settlement);
        self.line("time", &format!("{:.1} ms", outcome.took.as_secs_f64() * 1000.0));
    }

    pub(crate) fn verdict(&self, faults: &[String]) {
        if faults.is_empty() {
            println!("   {}", self.paint(Style::Good, "✓ as expected"));
        }
        for fault in faults {
            println!("   {}", self.paint(Style::Bad, &format!("✗ {fault}")));
        }
    }

    pub(crate) fn total(&self, scenes: usize, wrong: usize, surplus: usize) {
        let (style, text) = if wrong + surplus == 0 {
            (Style::Good, format!("All {scenes} messages had the expected result."))
        } else {
            (
                Style::Bad,
                format!("{wrong} of {scenes} messages had a wrong result; {surplus} unexpected messages came out."),
            )
        };
        println!("\n{}", self.paint(style, &text));
    }

    fn line(&self, label: &str, text: &str) {
        println!("   {} {}", self.paint(Style::Dim, &format!("{label:8}")), shortened(text));
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The status and body of an HTTP answer, without its many headers; any other result as it is.
fn summary(body: &str) -> String {
    match serde_json::from_str::<Answer<'_>>(body) {
        Ok(answer) => format!("{}  {}", answer.status, answer.body),
        Err(_) => body.to_owned(),
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "statusCode")]
    status: u16,
    #[serde(rename = "responseBody", borrow)]
    body: &'a RawValue,
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
