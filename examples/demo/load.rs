//! What became of many messages that were sent at once.

use serde::Serialize;

/// How a message was answered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Result,
    Error,
    Rebound,
    /// It was rejected without an answer.
    Nothing,
}

/// How many messages were answered how, and in what time.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Load {
    results: usize,
    errors: usize,
    rebounds: usize,
    unanswered: usize,
    /// From the first publish to the last answer.
    seconds: f64,
}

impl Load {
    /// Counts one message.
    pub(crate) fn count(&mut self, answer: Answer) {
        let count = match answer {
            Answer::Result => &mut self.results,
            Answer::Error => &mut self.errors,
            Answer::Rebound => &mut self.rebounds,
            Answer::Nothing => &mut self.unanswered,
        };
        *count += 1;
    }

    /// Says how long all of it took.
    pub(crate) fn took(self, seconds: f64) -> Self {
        Self { seconds, ..self }
    }

    /// The counts in words.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn in_words(&self) -> String {
        let Self { results, errors, rebounds, unanswered, seconds } = self;
        let messages = results + errors + rebounds + unanswered;
        let rate = messages as f64 / seconds;
        let counts = format!("{results} results, {errors} errors, {rebounds} handed back, {unanswered} unanswered");
        format!("{messages} messages in {seconds:.2} s, {rate:.0} a second: {counts}")
    }
}
