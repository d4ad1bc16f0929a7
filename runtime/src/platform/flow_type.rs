//! How the platform runs the flow (protocol, section 14.4).

use crate::settings::{Reader, variables as v};

/// The flow's type, as `ELASTICIO_FLOW_TYPE` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowType {
    /// The platform starts the process for a time and ends it. Any text that is not known, and none, mean this one.
    #[default]
    Ordinary,
    /// The process runs on.
    LongRunning,
    /// "Retrieve sample": the flow's builder waits, for a minute at most, for an example of what the step emits. A trigger
    /// takes one page of 10, and fails with a clear text when there is nothing.
    Debug,
}

impl FlowType {
    /// Reads `ELASTICIO_FLOW_TYPE`.
    #[must_use]
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        match reader.optional(v::FLOW_TYPE).as_deref() {
            Some("long_running") => Self::LongRunning,
            Some("debug") => Self::Debug,
            _ => Self::Ordinary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Source;

    #[test]
    fn what_is_not_known_is_ordinary() {
        for (text, want) in [
            ("debug", FlowType::Debug),
            ("long_running", FlowType::LongRunning),
            ("ordinary", FlowType::Ordinary),
            ("", FlowType::Ordinary),
            ("Debug", FlowType::Ordinary),
        ] {
            let source = Source::from_iter([(v::FLOW_TYPE.name.to_owned(), text.to_owned())]);
            assert_eq!(FlowType::read(&Reader::new(&source)), want, "{text:?}");
        }
        assert_eq!(FlowType::read(&Reader::new(&Source::default())), FlowType::Ordinary);
    }
}
