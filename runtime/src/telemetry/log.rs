//! Starts logging: in the platform's form in production, text on a terminal. In text logs, what comes from messages and
//! servers can neither end its line nor control the terminal.

use std::{
    io::{IsTerminal, stderr, stdout},
    panic,
};

use tracing::{Metadata, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterFn, LevelFilter, Targets, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::{bunyan::Bunyan, text};
use crate::settings::{SettingsError, Source, variables as v};

const RUNTIME: &str = env!("CARGO_CRATE_NAME");

/// The target of lines that the runtime says to the flow's owner. Those of the component's own crate are for the owner
/// anyway.
pub const OWNER: &str = "component";

/// The target of the line that says why the process ends: an error of the level above all others, which `tracing` lacks.
pub(crate) const FATAL: &str = "fatal";

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    /// Standard output, which the platform collects: for the worker.
    Stdout,
    /// Standard error: for commands whose results go to standard output.
    Stderr,
}

/// Whose lines are the component's: those of its crate, and those for the flow's owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speakers {
    /// The component's crate.
    pub(super) component: &'static str,
}

impl Speakers {
    /// Whether lines of this target are the component's.
    pub(super) fn is_component(self, target: &str) -> bool {
        target == OWNER || is_of(target, self.component)
    }
}

/// Whether a target is a crate or a module in it.
fn is_of(target: &str, name: &str) -> bool {
    target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Text { color: bool },
}

/// Starts logging as `LOG_LEVEL` and `LOG_FORMAT` say; `component` is the crate whose lines are the component's own.
///
/// # Errors
/// When one of the two has a value that is not allowed.
pub(crate) fn start(source: &Source, target: LogTarget, component: &'static str) -> Result<(), SettingsError> {
    let level = level(source.get(v::LOG_LEVEL.name).unwrap_or("info"));
    let terminal = match target {
        LogTarget::Stdout => stdout().is_terminal(),
        LogTarget::Stderr => stderr().is_terminal(),
    };
    let form = form(source, terminal);
    let (Some(level), Some(form)) = (level, form) else {
        let wrong = [
            (level.is_none(), "LOG_LEVEL: must be trace, debug, info, warn, error or fatal"),
            (form.is_none(), "LOG_FORMAT: must be json, text or auto"),
        ];
        let problems = wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        return Err(SettingsError { problems: problems.collect() });
    };
    let speakers = Speakers { component };
    let layer = match target {
        LogTarget::Stdout => layer(stdout, form, speakers, source),
        LogTarget::Stderr => layer(stderr, form, speakers, source),
    };
    // A second start in one process, as in tests, keeps the first subscriber.
    let _ = Registry::default().with(filter(level, component)).with(layer).try_init();
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The form that `LOG_FORMAT` names; `None` if it has another value. A terminal that shows no colours says so in
/// `NO_COLOR` (<https://no-color.org>) or `TERM`.
fn form(source: &Source, terminal: bool) -> Option<Form> {
    let plain = source.get(v::NO_COLOR.name).is_some() || source.get(v::TERM.name) == Some("dumb");
    let text = Form::Text { color: terminal && !plain };
    match source.get(v::LOG_FORMAT.name).unwrap_or("auto") {
        "json" => Some(Form::Json),
        "text" => Some(text),
        "auto" => Some(if terminal { text } else { Form::Json }),
        _ => None,
    }
}

/// The level of this name; `fatal` is above all others, and lines with the target [`FATAL`] are of it. `None` for any
/// other name.
fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" => LevelFilter::WARN,
        "error" => LevelFilter::ERROR,
        "fatal" => LevelFilter::OFF,
        _ => return None,
    })
}

/// Logs our own lines at `level` and libraries' from warnings on, or from `level` if that is higher. Two libraries are
/// silenced: lapin logs whole returned messages, and failures that the link reports itself; the HTTP client logs
/// addresses with their queries. Our own spans are kept at every level, since they say which message a line is about.
fn filter(level: LevelFilter, component: &'static str) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let events = events(level, component);
    filter_fn(move |metadata| {
        let target = metadata.target();
        if metadata.is_span() {
            is_of(target, RUNTIME) || is_of(target, component)
        } else {
            events.would_enable(target, metadata.level())
        }
    })
    .with_max_level_hint(level.max(LevelFilter::INFO))
}

/// The least level of each target's events.
fn events(level: LevelFilter, component: &'static str) -> Targets {
    let quiet = ["lapin", "async_rs", "hyper", "hyper_util", "reqwest"].map(|target| (target, LevelFilter::OFF));
    let own = [RUNTIME, component, OWNER].map(|target| (target, level));
    let libraries = level.min(LevelFilter::WARN);
    Targets::new().with_default(libraries).with_targets(own).with_targets(quiet).with_target(FATAL, LevelFilter::ERROR)
}

fn layer<S, W>(writer: W, form: Form, speakers: Speakers, source: &Source) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match form {
        Form::Json => Bunyan::new(writer, speakers, source).boxed(),
        Form::Text { color } => fmt::layer().with_writer(writer).with_ansi(color).fmt_fields(text::Fields).boxed(),
    }
}

/// Logs only the place of a panic, since its text may hold a message's content.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place, "internal failure (panic)");
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_form_follows_the_terminal_and_what_it_says_of_itself() {
        let form = |variables: &[(&str, &str)], terminal| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            form(&variables.collect(), terminal)
        };
        let (plain, colored) = (Some(Form::Text { color: false }), Some(Form::Text { color: true }));
        assert_eq!(form(&[], false), Some(Form::Json));
        assert_eq!(form(&[], true), colored);
        assert_eq!(form(&[("NO_COLOR", "")], true), colored, "an empty value says nothing");
        assert_eq!(form(&[("NO_COLOR", "1")], true), plain);
        assert_eq!(form(&[("TERM", "dumb")], true), plain);
        assert_eq!(form(&[("TERM", "xterm")], true), colored);
        assert_eq!(form(&[("LOG_FORMAT", "text")], false), plain);
        assert_eq!(form(&[("LOG_FORMAT", "json"), ("TERM", "xterm")], true), Some(Form::Json));
        assert_eq!(form(&[("LOG_FORMAT", "xml")], true), None);
    }

    #[test]
    fn each_level_leaves_out_those_below_it_and_none_the_reason_of_an_end() {
        for (name, written) in [("trace", 5), ("info", 3), ("warn", 2), ("error", 1), ("fatal", 0)] {
            let events = events(level(name).expect("a level"), "echo");
            let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
            let of = |target| levels.iter().filter(|level| events.would_enable(target, level)).count();
            assert_eq!((of("echo::actions"), of(OWNER)), (written, written), "{name}");
            assert_eq!((of("library"), of("lapin"), of(FATAL)), (written.min(2), 0, 1), "{name}");
        }
    }

    #[test]
    fn a_crate_s_name_is_no_prefix_of_another_s() {
        let speakers = Speakers { component: "echo" };
        assert!(speakers.is_component("echo") && speakers.is_component("echo::actions"));
        assert!(speakers.is_component(OWNER));
        assert!(!speakers.is_component("echoes") && !speakers.is_component("elasticio_runtime::worker"));
    }
}
