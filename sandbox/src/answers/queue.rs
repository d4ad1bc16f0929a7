//! One key's scripted answers, given one after the other.

use std::sync::Arc;

use super::answer::{Answer, Then};
use super::prepared::Prepared;

/// One key's answers and how far they are used up.
#[derive(Debug)]
pub(super) struct Queue {
    answers: Vec<Arc<Prepared>>,
    /// The index of the next answer.
    next: usize,
    /// How many times the next answer was given.
    given: u32,
    /// How many answers were given before the list began anew.
    given_before: u64,
    then: Option<Then>,
}

impl Queue {
    /// Checks the answers; says which rule one of them breaks.
    pub(super) fn new(answers: &[Answer]) -> Result<Self, String> {
        let Some((last, earlier)) = answers.split_last() else {
            return Err("the list is empty; it must have at least one answer".to_owned());
        };
        if earlier.iter().any(|answer| answer.then.is_some()) {
            return Err("`then` is in an answer that is not the key's last".to_owned());
        }
        let prepared = answers.iter().map(|answer| Prepared::new(answer).map(Arc::new));
        Ok(Self { answers: prepared.collect::<Result<_, _>>()?, next: 0, given: 0, given_before: 0, then: last.then })
    }

    /// How many answers were given.
    pub(super) fn all_given(&self) -> u64 {
        let before: u64 = self.answers[..self.next].iter().map(|answer| u64::from(answer.times)).sum();
        self.given_before + before + u64::from(self.given)
    }

    /// The next answer; none when they are used up and the path behaves normally.
    pub(super) fn next(&mut self) -> Option<Arc<Prepared>> {
        let answer = Arc::clone(self.answers.get(self.next)?);
        let is_last = self.next + 1 == self.answers.len();
        self.given = self.given.saturating_add(1);
        if self.given < answer.times {
            return Some(answer);
        }
        match self.then {
            Some(Then::Again) if is_last => {
                self.given_before = self.all_given();
                (self.next, self.given) = (0, 0);
            }
            None if is_last => {}
            _ => (self.next, self.given) = (self.next + 1, 0),
        }
        Some(answer)
    }
}
