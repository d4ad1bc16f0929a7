//! `category` and `question`: options, by their text or their id (`settings.options`, `settings.multiple`).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Given, Unfit, schema};

/// Options in an error text.
const MAX_LISTED: usize = 20;

/// The settings of such a field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Category {
    options: Vec<Choice>,
    /// Whether a value can have several options.
    multiple: bool,
}

/// An option.
#[derive(Clone, Debug, Deserialize)]
struct Choice {
    id: u64,
    text: String,
    #[serde(default)]
    status: Option<String>,
}

impl Choice {
    fn is_active(&self) -> bool {
        self.status.as_deref().is_none_or(|status| status == "active")
    }
}

impl Category {
    pub(super) fn read(settings: &Value) -> Self {
        Self::deserialize(settings).unwrap_or_default()
    }

    /// The ids of the chosen options.
    pub(super) fn encode(&self, given: Given<'_>) -> Result<Value, Unfit> {
        Ok(self.ids(given, self.multiple)?.into())
    }

    /// The ids of one or several options.
    pub(super) fn ids(&self, given: Given<'_>, several: bool) -> Result<Vec<u64>, Unfit> {
        let chosen = given.list();
        if chosen.len() > 1 && !several {
            return Err(given.must_be("one option: the field takes no more"));
        }
        let mut ids = Vec::new();
        for choice in chosen {
            let id = self.id(choice)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// By its text: as it is, else in any case; by its id: a number, or text that is no option's.
    fn id(&self, given: Given<'_>) -> Result<u64, Unfit> {
        // A whole answer of Podio's about an option, or a part of it.
        if let Some(id) = given.property("id").or_else(|| given.property("text")) {
            return self.id(id);
        }
        let by_id = || given.whole().filter(|id| self.active().any(|choice| choice.id == *id));
        let Some(text) = given.word() else {
            return by_id().ok_or_else(|| self.unfit(given));
        };
        if let Some(id) = self.by_text(given, |choice| choice.text.trim() == text)? {
            return Ok(id);
        }
        let lower = text.to_lowercase();
        if let Some(id) = self.by_text(given, |choice| choice.text.trim().to_lowercase() == lower)? {
            return Ok(id);
        }
        by_id().ok_or_else(|| self.unfit(given))
    }

    fn by_text(&self, given: Given<'_>, fits: impl Fn(&Choice) -> bool) -> Result<Option<u64>, Unfit> {
        let found: Vec<u64> = self.active().filter(|choice| fits(choice)).map(|choice| choice.id).collect();
        match found[..] {
            [] => Ok(None),
            [id] => Ok(Some(id)),
            _ => {
                let ids = found.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                Err(given
                    .must_be(format!("the id of an option, since {} options have this text (ids {ids})", found.len())))
            }
        }
    }

    fn active(&self) -> impl Iterator<Item = &Choice> {
        self.options.iter().filter(|choice| choice.is_active())
    }

    fn unfit(&self, given: Given<'_>) -> Unfit {
        let mut texts: Vec<String> =
            self.active().take(MAX_LISTED).map(|choice| format!("\"{}\"", choice.text)).collect();
        let more = self.active().count().saturating_sub(MAX_LISTED);
        if more > 0 {
            texts.push(format!("{more} more"));
        }
        given.must_be(format!("an option of the field, by its text or its id: {}", texts.join(", ")))
    }

    /// The texts of the options: one, or a list if there can be several.
    pub(super) fn decode(&self, values: &[Value]) -> Value {
        let mut texts: Vec<Value> = values.iter().map(|value| self.text(&value["value"])).collect();
        if self.multiple || texts.len() > 1 { Value::Array(texts) } else { texts.pop().unwrap_or_default() }
    }

    /// The text, or the id where another option has the same text.
    fn text(&self, value: &Value) -> Value {
        let id = value["id"].as_u64().or_else(|| value.as_u64());
        let text = value["text"].as_str().map(str::to_owned).or_else(|| {
            let choice = self.options.iter().find(|choice| Some(choice.id) == id)?;
            Some(choice.text.clone())
        });
        match (text, id) {
            (Some(text), Some(id)) if !self.means(&text, id) => id.into(),
            (Some(text), _) => text.into(),
            (None, Some(id)) => id.into(),
            (None, None) => value.clone(),
        }
    }

    /// Whether a text stands for no other option than this one.
    fn means(&self, text: &str, id: u64) -> bool {
        self.active().filter(|choice| choice.text.trim() == text.trim()).all(|choice| choice.id == id)
    }

    pub(super) fn schema(&self) -> Map<String, Value> {
        let one = self.schema_of_one();
        if self.multiple { schema::object(json!({ "type": "array", "items": one })) } else { one }
    }

    /// The schema of a single option.
    pub(super) fn schema_of_one(&self) -> Map<String, Value> {
        let texts: Vec<&str> = self.active().map(|choice| choice.text.as_str()).collect();
        schema::object(json!({ "type": "string", "enum": texts }))
    }

    /// What the builder reads about it.
    pub(super) fn hint(&self) -> &'static str {
        if self.multiple { "Options, by their text or their id." } else { "An option, by its text or its id." }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};

    fn category(multiple: bool) -> Category {
        Category::read(&json!({ "multiple": multiple, "options": [
            { "id": 1, "text": "Open", "status": "active" },
            { "id": 2, "text": "open ", "status": "active" },
            { "id": 3, "text": "Won", "status": "active" },
            { "id": 4, "text": "Lost", "status": "deleted" },
            { "id": 5, "text": "3" },
            { "id": 6, "text": "Twin" },
            { "id": 7, "text": "Twin" },
        ] }))
    }

    fn ids(multiple: bool, json: &str) -> Result<Value, String> {
        with(json, |given| category(multiple).encode(given).map_err(|unfit| unfit.to_string()))
    }

    #[test]
    fn an_option_is_found_by_text_and_by_id() {
        for (given, want) in [
            ("\"Open\"", 1),
            ("\"open\"", 2),
            ("\"WON\"", 3),
            ("\"3\"", 5),
            ("3", 3),
            ("\"6\"", 6),
            ("{\"id\":3,\"text\":\"Won\"}", 3),
            ("{\"text\":\"won\"}", 3),
            ("[\"Won\"]", 3),
        ] {
            assert_eq!(ids(false, given), Ok(json!([want])), "{given}");
        }
        assert_eq!(ids(true, "[\"Won\",1,\"won\"]"), Ok(json!([3, 1])));
    }

    #[test]
    fn what_is_no_option_or_not_a_single_one_is_named() {
        for (given, word) in [
            ("\"Opne\"", "\"Open\", \"open \", \"Won\""),
            ("\"Lost\"", "an option of the field"),
            ("4", "an option of the field"),
            ("\"OPEN\"", "2 options have this text (ids 1, 2)"),
            ("\"Twin\"", "2 options have this text (ids 6, 7)"),
            ("[\"Won\",\"Open\"]", "one option"),
            ("true", "an option of the field"),
            ("{\"name\":\"Won\"}", "an option of the field"),
        ] {
            let error = ids(false, given).expect_err(given);
            assert!(error.contains(word), "{given}: {error}");
        }
        assert!(ids(true, "[\"Won\",\"Opne\"]").expect_err("one of two").ends_with("but it is \"Opne\""));
    }

    #[test]
    fn options_are_read_as_texts() {
        let values = [json!({ "value": { "id": 3, "text": "Won" } })];
        assert_eq!(category(false).decode(&values), json!("Won"));
        assert_eq!(category(true).decode(&values), json!(["Won"]));
        assert_eq!(category(false).decode(&[json!({ "value": 4 })]), json!("Lost"));
        assert_eq!(category(false).decode(&[json!({ "value": { "id": 7, "text": "Twin" } })]), json!(7));
        assert_eq!(Category::default().decode(&values), json!("Won"));
    }
}
