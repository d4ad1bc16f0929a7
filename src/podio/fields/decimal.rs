//! Decimals as text: Podio sends and takes numbers and amounts that way, and no digit gets lost.

use serde_json::{Number, Value};

/// The digits that a JSON number keeps in every language that reads it (IEEE 754, binary64).
const EXACT_DIGITS: usize = 15;
/// The most digits of a decimal, which bounds what an exponent makes of it.
const MAX_DIGITS: usize = 64;

/// The shortest form of a decimal without an exponent: `-0012.50` and `-1.25e1` are `-12.5`. `None` if it is not one, or
/// if it is longer than any number of Podio's.
pub(super) fn shortest(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || mantissa.len() > MAX_DIGITS {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    // Where the point stands in `digits`.
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let limit = i64::try_from(MAX_DIGITS).ok()?;
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    if point.abs() > limit {
        return None;
    }
    let length = i64::try_from(digits.len()).ok()?;
    let (leading, trailing) = ((-point).max(0), (point - length).max(0));
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    let digits = format!("{}{digits}{}", zeros(leading), zeros(trailing));
    let (whole, fraction) = digits.split_at(usize::try_from(point.max(0)).ok()?);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let mut shortest = String::from(if negative { "-" } else { "" });
    shortest.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        shortest.push('.');
        shortest.push_str(fraction);
    }
    Some(shortest)
}

/// A decimal of Podio's as JSON: a number, or text if it has more digits than a number keeps. What is no decimal stays
/// as it is.
pub(super) fn to_json(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.as_str(),
        other => return other.clone(),
    };
    let Some(shortest) = shortest(text) else { return value.clone() };
    if let Ok(whole) = shortest.parse::<i64>() {
        return whole.into();
    }
    let digits = shortest.bytes().filter(u8::is_ascii_digit).count();
    let number = shortest.parse().ok().filter(|_| digits <= EXACT_DIGITS).and_then(Number::from_f64);
    number.map_or(Value::String(shortest), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_decimal_has_one_shortest_form() {
        for (text, want) in [
            ("0", "0"),
            ("-0.000", "0"),
            ("111.0000", "111"),
            ("1.50", "1.5"),
            ("+007", "7"),
            ("-1.25e1", "-12.5"),
            ("1E3", "1000"),
            ("12e-4", "0.0012"),
            ("0.5", "0.5"),
            ("100", "100"),
            ("123456789012345678901234567890.125", "123456789012345678901234567890.125"),
        ] {
            assert_eq!(shortest(text).as_deref(), Some(want), "{text}");
        }
        for bad in ["", "-", ".5", "5.", "1,5", "1e", "1e99999", "1e999", "NaN", "1 000", "0x1", "٣"] {
            assert_eq!(shortest(bad), None, "{bad}");
        }
    }

    #[test]
    fn more_digits_than_a_number_keeps_stay_text() {
        for (text, want) in [
            ("111.0000", json!(111)),
            ("1.50", json!(1.5)),
            ("9223372036854775807", json!(i64::MAX)),
            ("12345678.1234567", json!(12_345_678.123_456_7)),
            ("123456789.1234567", json!("123456789.1234567")),
            ("n/a", json!("n/a")),
        ] {
            assert_eq!(to_json(&json!(text)), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_means_the_same_after_its_way_through_json(whole in any::<i64>(), fraction in 0_u32..1_000_000) {
            let text = format!("{whole}.{fraction:06}");
            let short = shortest(&text).expect("a decimal");
            let written = match to_json(&json!(text)) {
                Value::String(text) => text,
                number => number.to_string(),
            };
            prop_assert_eq!(shortest(&written), Some(short));
        }
    }
}
