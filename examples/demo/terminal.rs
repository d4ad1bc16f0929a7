//! What the demo prints.

use std::io::IsTerminal as _;

use podio_sandbox::Call;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::layout::{Extent, indent, lines};
use crate::load::Load;
use crate::outcome::{Emitted, Outcome, Settlement};

/// Prints in the columns of a terminal, in colour unless `NO_COLOR` is set or the terminal is dumb.
pub(crate) struct Terminal {
    colour: bool,
    columns: Option<usize>,
    extent: Extent,
}

#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Good,
    Bad,
}

impl Terminal {
    /// `wide`: texts are neither wrapped nor cut. Where standard output is no terminal, they are not either.
    pub(crate) fn new(wide: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colour = terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self {
            colour,
            columns: columns.filter(|_| terminal && !wide),
            extent: if wide || !terminal { Extent::Whole } else { Extent::Beginning },
        }
    }

    pub(crate) fn title(&self, number: usize, title: &str) {
        let title = lines(&format!("{number}. {title}"), self.columns, Extent::Whole).join("\n   ");
        println!("\n{}", self.paint(Style::Bold, &title));
    }

    pub(crate) fn sent(&self, message: &str) {
        self.line("in", message);
    }

    pub(crate) fn calls(&self, calls: &[Call]) {
        if calls.is_empty() {
            self.line("podio", "received nothing");
        }
        for call in calls {
            let status = if call.status == 0 { "no answer".to_owned() } else { call.status.to_string() };
            let text = format!("{} → {status}  {}", call.line(), call.body);
            self.line(&call.api.to_string(), text.trim_end());
        }
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) {
        match &outcome.emitted {
            Emitted::Data(body) => self.line("out", &format!("data   {}", summary(body))),
            // What to do stands at its end.
            Emitted::Error(message) => self.whole("out", &format!("error  {message}")),
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

    pub(crate) fn load(&self, load: &Load) {
        self.whole("load", &load.in_words());
    }

    fn line(&self, label: &str, text: &str) {
        self.labelled(label, text, self.extent);
    }

    fn whole(&self, label: &str, text: &str) {
        self.labelled(label, text, Extent::Whole);
    }

    fn labelled(&self, label: &str, text: &str, extent: Extent) {
        let text = lines(text, self.columns, extent).join(&format!("\n{}", indent()));
        println!("   {} {text}", self.paint(Style::Dim, &format!("{label:8}")));
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
