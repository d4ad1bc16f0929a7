//! How far scripted answers are used up, in words for a person.

use serde::Serialize;

use super::answer::{Answer, Reset, Then};
use crate::api::Api;

/// The scripted answers of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Progress {
    pub(crate) api: Api,
    /// `METHOD /path`
    pub(crate) key: String,
    /// Each answer in a few words, e.g. `420 ×2`; at the end what comes after them.
    pub(crate) answers: Vec<String>,
    /// How many answers were given.
    pub(crate) given: u64,
}

/// The words for a key's answers.
pub(super) fn in_words(answers: &[Answer]) -> Vec<String> {
    let last = match answers.last().and_then(|answer| answer.then) {
        Some(Then::Normal) => "normal",
        Some(Then::Again) => "from the first again",
        None => "the last again",
    };
    answers.iter().map(of_answer).chain([last.to_owned()]).collect()
}

fn of_answer(answer: &Answer) -> String {
    let what = match answer.reset {
        _ if answer.normal => "normal".to_owned(),
        Reset::No => answer.status.to_string(),
        Reset::AtOnce => "connection closed".to_owned(),
        Reset::MidBody => format!("{}, closed in mid-body", answer.status),
    };
    let first = if answer.after { "executed, then " } else { "" };
    let delay = if answer.delay > 0.0 { format!(" after {} s", answer.delay) } else { String::new() };
    let times = if answer.times > 1 { format!(" ×{}", answer.times) } else { String::new() };
    format!("{first}{what}{delay}{times}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_in_few_words() {
        let answers = r#"[{"status": 420, "times": 2}, {"delay": 0.5}, {"reset": true},
            {"normal": true, "times": 9}, {"after": true, "reset": true},
            {"status": 500, "reset": "midbody", "then": "normal"}]"#;
        let answers: Vec<Answer> = serde_json::from_str(answers).expect("the form of answers");
        let words = [
            "420 ×2",
            "200 after 0.5 s",
            "connection closed",
            "normal ×9",
            "executed, then connection closed",
            "500, closed in mid-body",
            "normal",
        ];
        assert_eq!(in_words(&answers), words);
        assert_eq!(in_words(&answers[..1]), ["420 ×2", "the last again"]);
    }
}
