//! The numbers and words of a text. Pure.

use std::time::Duration;

use crate::rest::rounded_up;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A number, as seconds, rounded up.
    Number(Duration),
    /// Letters, in lower case.
    Word(String),
}

/// The zeros of the digits that are read, each followed by one to nine.
const ZEROS: &[char] = &['0', '٠', '۰', '०', '০', '๐', '０'];
/// Between groups of three digits.
const GROUPING: &[char] = &['.', ',', '\'', '’', ' ', '\u{A0}', '\u{2009}', '\u{202F}', '٬'];
/// Before a fraction.
const DECIMAL: &[char] = &['.', ',', '٫'];
/// Between the parts of a date or a time of day.
const PARTING: &[char] = &[':', '/', '-'];

/// Reads a text. What is part of a name (`v2`), a date or a time of day is no number.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        if digit(&chars, at).is_some() {
            let (number, end) = number(&chars, at);
            if is_free(&chars, start, end) {
                tokens.push(Token::Number(number));
            }
            at = end;
        } else if chars[at].is_alphabetic() {
            while at < chars.len() && is_of_word(chars[at]) {
                at += 1;
            }
            tokens.push(Token::Word(chars[start..at].iter().collect::<String>().to_lowercase()));
        } else {
            at += 1;
        }
    }
    tokens
}

/// Letters and the marks that some scripts write above or below them.
fn is_of_word(char: char) -> bool {
    char.is_alphabetic() || matches!(char, '\u{300}'..='\u{36F}' | '\u{93C}'..='\u{94D}' | '\u{E31}'..='\u{E4E}')
}

fn digit(chars: &[char], at: usize) -> Option<char> {
    let char = *chars.get(at)?;
    let value =
        ZEROS.iter().find_map(|zero| u32::from(char).checked_sub(u32::from(*zero)).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

fn digits(chars: &[char], mut at: usize) -> String {
    let mut digits = String::new();
    while let Some(digit) = digit(chars, at) {
        digits.push(digit);
        at += 1;
    }
    digits
}

/// The number that starts at `at`, and the index after it. Three digits after a point or comma are thousands, unless a
/// zero is before it: if that is wrong, the wait is too long rather than too short.
fn number(chars: &[char], mut at: usize) -> (Duration, usize) {
    let mut whole = digits(chars, at);
    at += whole.len();
    let mut groups = whole.len() <= 3 && !whole.starts_with('0');
    while groups && chars.get(at).is_some_and(|char| GROUPING.contains(char)) {
        let group = digits(chars, at + 1);
        groups = group.len() == 3;
        if groups {
            whole.push_str(&group);
            at += 4;
        }
    }
    let mut fraction = String::new();
    if chars.get(at).is_some_and(|char| DECIMAL.contains(char)) {
        fraction = digits(chars, at + 1);
        at += if fraction.is_empty() { 0 } else { 1 + fraction.len() };
    }
    (rounded_up(&whole, &fraction), at)
}

/// Whether the number from `start` to `end` stands for itself.
fn is_free(chars: &[char], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|at| chars[at]);
    let named = before.is_some_and(|char| char.is_ascii_alphabetic() || matches!(char, '_' | '#'));
    let parted_before = start >= 2 && PARTING.contains(&chars[start - 1]) && digit(chars, start - 2).is_some();
    let parted_after = chars.get(end).is_some_and(|char| PARTING.contains(char)) && digit(chars, end + 1).is_some();
    !(named || parted_before || parted_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_notation() {
        for (text, want) in [
            ("300", vec![300]),
            ("2.5", vec![3]),
            ("2,5 .", vec![3]),
            ("2.0", vec![2]),
            ("1.200 1,200 1'200 1’200 1\u{202F}200", vec![1200; 5]),
            ("1 200", vec![1200]),
            ("1,200.5 1.200,5", vec![1201, 1201]),
            ("0.250", vec![1]),
            ("12, 345", vec![12, 345]),
            ("٣٠٠; ३००; ３००", vec![300, 300, 300]),
            ("99999999999999999999", vec![u64::MAX]),
            ("v2 id_7 #8", vec![]),
            ("2026-11-29 10:30:00", vec![]),
            ("等待300秒", vec![300]),
        ] {
            let numbers = tokens(text).into_iter().filter_map(|token| match token {
                Token::Number(number) => Some(number.as_secs()),
                Token::Word(_) => None,
            });
            assert_eq!(numbers.collect::<Vec<_>>(), want, "{text}");
        }
    }
}
