//! Logs: JSON lines in production, text on a terminal. The types that are logged decide what may be logged: secrets
//! print as redacted, errors have a separate text for logs. In text logs, what comes from messages and servers can neither
//! end its line nor control the terminal.

use std::{
    io::{IsTerminal, stderr, stdout},
    panic,
};

use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::settings::{SettingsError, Source, variables as v};

mod escape;
mod text;

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    /// Standard output, which the platform collects: for the worker.
    Stdout,
    /// Standard error: for commands whose results go to standard output.
    Stderr,
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
    let json = match source.get(v::LOG_FORMAT.name).unwrap_or("auto") {
        "json" => Some(true),
        "text" => Some(false),
        "auto" => Some(!terminal),
        _ => None,
    };
    let (Some(level), Some(json)) = (level, json) else {
        let wrong = [
            (level.is_none(), "LOG_LEVEL: must be trace, debug, info, warn, error or fatal"),
            (json.is_none(), "LOG_FORMAT: must be json, text or auto"),
        ];
        let problems = wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        return Err(SettingsError { problems: problems.collect() });
    };
    let layer = match target {
        LogTarget::Stdout => layer(stdout, json, terminal),
        LogTarget::Stderr => layer(stderr, json, terminal),
    };
    // A second start in one process, as in tests, keeps the first subscriber.
    let _ = Registry::default().with(layer.with_filter(filter(level, component))).try_init();
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The level of this name; `fatal` means the nearest one, `error`. `None` for any other name.
fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" => LevelFilter::WARN,
        "error" | "fatal" => LevelFilter::ERROR,
        _ => return None,
    })
}

/// Logs our own lines at `level` and libraries' from warnings on. Two libraries are silenced: lapin logs whole returned
/// messages, and failures that the link reports itself; the HTTP client logs addresses with their queries.
fn filter(level: LevelFilter, component: &str) -> Targets {
    let quiet = ["lapin", "async_rs", "hyper", "hyper_util", "reqwest"].map(|target| (target, LevelFilter::OFF));
    let own = [env!("CARGO_CRATE_NAME"), component].map(|target| (target, level));
    Targets::new().with_default(LevelFilter::WARN).with_targets(own).with_targets(quiet)
}

fn layer<W>(writer: W, json: bool, color: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    if json {
        layer.json().flatten_event(true).boxed()
    } else {
        layer.with_ansi(color).fmt_fields(text::Fields).boxed()
    }
}

/// Logs only the place of a panic, since its text may hold a message's content.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place, "internal failure (panic)");
}
