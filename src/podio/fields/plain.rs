//! `text`, `tel`, `number`, `progress`, `duration`, `tag`: a single text or number, or a list of texts.

use serde_json::Value;

use super::{Given, Unfit, decimal};

/// The end of the scale of a progress.
const FULL_PROGRESS: u64 = 100;

/// A text; numbers and booleans as they are written.
pub(super) fn text(given: Given<'_>) -> Result<Value, Unfit> {
    given.text().map(Value::String).ok_or_else(|| given.must_be("a text"))
}

/// A decimal, as text.
pub(super) fn number(given: Given<'_>) -> Result<Value, Unfit> {
    given.decimal().map(Value::String).ok_or_else(|| given.must_be("a number such as 12.5"))
}

/// 0 to 100.
pub(super) fn progress(given: Given<'_>) -> Result<Value, Unfit> {
    let percent = given.whole().filter(|percent| *percent <= FULL_PROGRESS);
    percent.map(Value::from).ok_or_else(|| given.must_be("a whole number from 0 to 100"))
}

/// Seconds.
pub(super) fn duration(given: Given<'_>) -> Result<Value, Unfit> {
    given.whole().map(Value::from).ok_or_else(|| given.must_be("a whole number of seconds"))
}

/// Texts: a list, or one text with commas between them.
pub(crate) fn tags(given: Given<'_>) -> Result<Value, Unfit> {
    let mut tags: Vec<String> = Vec::new();
    let mut add = |tag: &str| {
        let tag = tag.trim();
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    };
    match given.text() {
        Some(text) => text.split(',').for_each(&mut add),
        None => {
            for given in given.list() {
                add(&given
                    .text()
                    .ok_or_else(|| given.must_be("a list of texts, or a text with commas between them"))?);
            }
        }
    }
    Ok(tags.into())
}

/// The only value, as it is.
pub(super) fn decode_one(values: &[Value]) -> Value {
    values.first().map(|value| value.get("value").unwrap_or(value).clone()).unwrap_or_default()
}

/// The only value; a decimal as a number.
pub(super) fn decode_number(values: &[Value]) -> Value {
    decimal::to_json(&decode_one(values))
}

/// All values.
pub(super) fn decode_all(values: &[Value]) -> Value {
    values.iter().map(|value| value["value"].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};
    use serde_json::json;

    #[test]
    fn numbers_may_be_text_and_texts_numbers() {
        assert_eq!(with("1.50", text).ok(), Some(json!("1.50")));
        assert_eq!(with("true", text).ok(), Some(json!("true")));
        assert_eq!(with("\" 12.50 \"", number).ok(), Some(json!("12.5")));
        assert_eq!(with("\"100\"", progress).ok(), Some(json!(100)));
        assert_eq!(with("3600", duration).ok(), Some(json!(3600)));
    }

    #[test]
    fn what_is_something_else_is_named() {
        for (given, encode, word) in [
            ("{\"a\":1}", text as fn(Given<'_>) -> Result<Value, Unfit>, "a text"),
            ("\"12,5\"", number, "a number"),
            ("[1]", number, "a number"),
            ("101", progress, "0 to 100"),
            ("\"1:30\"", duration, "seconds"),
            ("-1", duration, "seconds"),
            ("[[1]]", tags, "a list of texts"),
        ] {
            let error = with(given, encode).expect_err(given).to_string();
            assert!(error.contains(word), "{given}: {error}");
        }
    }

    #[test]
    fn tags_are_a_list_or_separated_by_commas() {
        for given in ["\"red, blue,,red\"", "[\"red\",\" blue \"]"] {
            assert_eq!(with(given, tags).ok(), Some(json!(["red", "blue"])), "{given}");
        }
        assert_eq!(with("[1]", tags).ok(), Some(json!(["1"])));
    }
}
