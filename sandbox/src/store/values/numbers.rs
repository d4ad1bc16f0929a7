//! Numbers: plain ones, amounts of money, progress and durations.

use serde_json::{Value, json};

use super::{Problem, wrong};

/// Decimal places of a number, as Podio shows it.
const PLACES: usize = 4;

pub(super) fn read_number(stated: &Value) -> Result<Value, Problem> {
    let number = decimal(stated).ok_or_else(|| wrong(stated, "must be a decimal"))?;
    Ok(json!({"value": number}))
}

/// Percent, in whole numbers.
pub(super) fn read_progress(stated: &Value) -> Result<Value, Problem> {
    let percent = stated.as_i64().ok_or_else(|| wrong(stated, "must be integer"))?;
    match percent {
        ..0 => Err(wrong(stated, "must not be less than 0")),
        0..=100 => Ok(json!({"value": percent})),
        _ => Err(wrong(stated, "must not be larger than 100")),
    }
}

/// Seconds.
pub(super) fn read_duration(stated: &Value) -> Result<Value, Problem> {
    let seconds = stated.as_i64().ok_or_else(|| wrong(stated, "must be integer"))?;
    if seconds < 0 {
        return Err(wrong(stated, "must not be less than 0"));
    }
    Ok(json!({"value": seconds}))
}

/// An amount with one of these currencies, or any if there are none.
pub(super) fn read_money(stated: &Value, currencies: &[String]) -> Result<Value, Problem> {
    let money = stated.as_object().ok_or_else(|| wrong(stated, "must be object"))?;
    let part = |key: &str| money.get(key).unwrap_or(&Value::Null);
    let value = decimal(part("value")).ok_or_else(|| wrong(part("value"), "must be a decimal"))?;
    let currency = part("currency").as_str().ok_or_else(|| wrong(part("currency"), "currency must be string"))?;
    if !currencies.is_empty() && !currencies.iter().any(|allowed| allowed == currency) {
        let problem = format!("currency must be one of {}", currencies.join(", "));
        return Err(wrong(part("currency"), &problem));
    }
    Ok(json!({"value": value, "currency": currency}))
}

/// A JSON number or a text of one, in Podio's spelling with four decimal places.
pub(in crate::store) fn decimal(stated: &Value) -> Option<String> {
    let text = match stated {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_digits = whole.strip_prefix('-').unwrap_or(whole);
    if !whole_digits.is_empty() && digits(whole_digits) && digits(fraction) && fraction.len() <= PLACES {
        // Digit by digit, so that large amounts stay exact.
        return Some(format!("{whole}.{fraction:0<PLACES$}"));
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(format!("{number:.PLACES$}"))
}

/// A kept value, or a bound of a filter, as a number to compare.
pub(in crate::store) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_places_and_keep_their_digits() {
        for (stated, shown) in [
            (json!(7), Some("7.0000")),
            (json!("-1.5"), Some("-1.5000")),
            (json!("12345678901234567.1234"), Some("12345678901234567.1234")),
            (json!(0.123_456), Some("0.1235")),
            (json!("1e2"), Some("100.0000")),
            (json!("1,5"), None),
            (json!("NaN"), None),
            (json!(""), None),
            (json!("-"), None),
            (json!(true), None),
        ] {
            assert_eq!(decimal(&stated).as_deref(), shown, "{stated}");
        }
    }

    #[test]
    fn money_is_an_amount_with_an_allowed_currency() {
        let allowed = ["USD".to_owned()];
        let read = |stated: Value| read_money(&stated, &allowed);
        let money = json!({"value": "2.5000", "currency": "USD"});
        assert_eq!(read(json!({"value": 2.5, "currency": "USD"})), Ok(money));
        for (stated, problem) in [
            (json!(2.5), "(double): must be object"),
            (json!({"value": "x", "currency": "USD"}), "\"x\" (string): must be a decimal"),
            (json!({"value": 1}), "currency must be string"),
            (json!({"value": 1, "currency": "EUR"}), "one of USD"),
        ] {
            assert!(read(stated.clone()).is_err_and(|error| error.contains(problem)), "{stated}");
        }
    }
}
