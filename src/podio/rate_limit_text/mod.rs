//! Finds the wait in the text of Podio's rate limit ("Please wait 300 seconds before trying again"), which may be in any
//! language. Pure.

use std::{borrow::Cow, time::Duration};

use elasticio_runtime::platform::json::{Kind, write_compact};
use serde::Deserialize;
use serde_json::value::RawValue;

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod tokens;
mod units;

use tokens::{Token, tokens};
use units::Unit;

/// The number of bytes of a text that are searched.
const TEXT_WINDOW: usize = 4096;
/// Words that may be between a number and its unit ("2 more seconds").
const WORDS_TO_UNIT: usize = 2;

/// The texts of an answer of Podio. Beside them, it repeats the request, which may be long and contain similar text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error_description: Option<&'a RawValue>,
    #[serde(borrow)]
    error_detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

/// How sure it is that a number is the wait, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// It is a number.
    Number,
    /// It is a number of minutes or hours.
    Longer,
    /// It is a number of seconds.
    Seconds,
    /// It is a time after the word "wait".
    AfterWait,
}

/// A number that may be the wait.
struct Candidate {
    wait: Duration,
    evidence: Evidence,
}

/// The wait that an answer's text asks for.
pub(super) fn requested_wait(body: &[u8]) -> Option<Duration> {
    let text = |raw: &RawValue| {
        let mut text = Vec::new();
        write_compact(&window(raw.get().as_bytes()), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    let texts: Vec<String> = match serde_json::from_slice(body) {
        Ok(Envelope { error_description, error_detail, message }) => {
            let fields = [error_description, error_detail, message].into_iter().flatten();
            fields.filter(|field| Kind::of(field) == Kind::Text).map(text).collect()
        }
        Err(_) => Vec::new(),
    };
    let best = texts.iter().filter_map(|text| best(candidates(text)));
    // The first of those with the best evidence.
    let best = best.reduce(|best, other| if other.evidence > best.evidence { other } else { best });
    best.or_else(|| in_any_body(body)).map(|candidate| candidate.wait)
}

/// The wait in a body that is not Podio's JSON. In JSON, only a time after "wait" counts, since any number may be there;
/// in HTML, only a time.
fn in_any_body(body: &[u8]) -> Option<Candidate> {
    let text = window(body);
    let (text, least) = match text.trim_start().chars().next()? {
        '{' | '[' => (text, Evidence::AfterWait),
        '<' => (without_tags(&text).into(), Evidence::Longer),
        _ => (text, Evidence::Number),
    };
    best(candidates(&text)).filter(|candidate| candidate.evidence >= least)
}

fn without_tags(html: &str) -> String {
    let texts: Vec<&str> = html.split('<').filter_map(|part| Some(part.split_once('>')?.1)).collect();
    texts.join(" ")
}

/// The beginning of a text.
fn window(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&text[..text.len().min(TEXT_WINDOW)])
}

/// The first time after "wait". Otherwise the last of those with the best evidence: texts begin with the limit and end
/// with what to do.
fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    candidates.into_iter().reduce(|best, other| {
        let later = other.evidence == best.evidence && best.evidence != Evidence::AfterWait;
        if later || other.evidence > best.evidence { other } else { best }
    })
}

/// All numbers of a text. Times that follow each other ("1 minute 30 seconds") are one.
fn candidates(text: &str) -> Vec<Candidate> {
    let tokens = tokens(text);
    let mut candidates = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Token::Number(number) = tokens[at] else {
            at += 1;
            continue;
        };
        let after_wait = at > 0 && matches!(&tokens[at - 1], Token::Word(word) if word.ends_with("wait"));
        at += 1;
        let Some((mut unit, mut end)) = unit_at(&tokens, at) else {
            candidates.push(Candidate { wait: number, evidence: Evidence::Number });
            continue;
        };
        let mut wait = number.saturating_mul(unit.seconds());
        while let Some((more, smaller, after)) = continued(&tokens, end, unit) {
            wait = wait.saturating_add(more.saturating_mul(smaller.seconds()));
            (unit, end) = (smaller, after);
        }
        at = end;
        let evidence = match unit {
            _ if after_wait => Evidence::AfterWait,
            Unit::Second => Evidence::Seconds,
            Unit::Minute | Unit::Hour => Evidence::Longer,
        };
        candidates.push(Candidate { wait, evidence });
    }
    candidates
}

/// The unit in the words from `at`, before the next number, and the index after it.
fn unit_at(tokens: &[Token], at: usize) -> Option<(Unit, usize)> {
    let words = tokens[at..].iter().take(WORDS_TO_UNIT).map_while(|token| match token {
        Token::Word(word) => Some(word),
        Token::Number(_) => None,
    });
    words.enumerate().find_map(|(index, word)| Some((Unit::named(word)?, at + index + 1)))
}

/// The number of a smaller unit than `unit` that follows at `at`, perhaps after one word ("and").
fn continued(tokens: &[Token], at: usize, unit: Unit) -> Option<(Duration, Unit, usize)> {
    let at = if matches!(tokens.get(at), Some(Token::Word(_))) { at + 1 } else { at };
    let Some(Token::Number(number)) = tokens.get(at) else { return None };
    let (smaller, end) = unit_at(tokens, at + 1)?;
    (smaller < unit).then_some((*number, smaller, end))
}

#[cfg(test)]
mod tests;
