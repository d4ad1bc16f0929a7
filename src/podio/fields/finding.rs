//! By which fields Podio finds items, and how: its filter takes options, ids and ranges; texts it ignores, and only its
//! search knows them (<https://developers.podio.com/doc/filters>).

use serde_json::{Map, Value};

use super::{Field, Given, Kind, Moment, Unfit, decimal, decode, money};

impl Kind {
    /// Whether items are found by its values, by filter or by search.
    pub(crate) fn is_findable(&self) -> bool {
        self.is_filterable() || self.is_searchable()
    }

    /// Whether the filter obeys its values.
    pub(crate) fn is_filterable(&self) -> bool {
        match self {
            Self::Number
            | Self::Progress
            | Self::Duration
            | Self::Calculation
            | Self::Money(_)
            | Self::Date(_)
            | Self::Category(_) => true,
            Self::Reference(reference) => reference.is_filterable(),
            _ => false,
        }
    }

    /// Whether Podio sorts by its values.
    pub(crate) fn is_sortable(&self) -> bool {
        self.is_filterable() || matches!(self, Self::Text | Self::Location)
    }

    /// Whether the search knows its values.
    fn is_searchable(&self) -> bool {
        matches!(self, Self::Text | Self::Typed(_) | Self::Location | Self::Tag)
    }
}

/// What the filter takes for a field: a list of ids, or a range. A single number or date is a range of one.
pub(crate) fn filter_value(field: &Field, given: Given<'_>) -> Result<Value, Unfit> {
    match &field.kind {
        Kind::Category(category) => Ok(category.ids(given, true)?.into()),
        Kind::Reference(reference) => Ok(reference.ids(given)?.into()),
        Kind::Date(_) => moments(given),
        Kind::Money(_) => range(given, |given| amount(money::amount(given))),
        _ => range(given, amount),
    }
}

/// A range of points in time.
pub(crate) fn moments(given: Given<'_>) -> Result<Value, Unfit> {
    range(given, |given| {
        let moment = given.word().as_deref().and_then(Moment::parse);
        let unfit = || {
            given.must_be("a date such as 2026-09-01 or 2026-09-01T10:00:00Z, or an object with \"from\" and \"to\"")
        };
        moment.map(|moment| moment.as_filter().into()).ok_or_else(unfit)
    })
}

fn amount(given: Given<'_>) -> Result<Value, Unfit> {
    let unfit = || given.must_be("a number such as 12.5, or an object with \"from\" and \"to\"");
    given.decimal().map(|text| decimal::to_json(&text.into())).ok_or_else(unfit)
}

/// `{from, to}`, of an object with either or both, or of a single value.
fn range(given: Given<'_>, read: impl Fn(Given<'_>) -> Result<Value, Unfit>) -> Result<Value, Unfit> {
    let (from, to) = (given.property("from"), given.property("to"));
    if from.is_none() && to.is_none() {
        let value = read(given)?;
        return Ok(Map::from_iter([("from".to_owned(), value.clone()), ("to".to_owned(), value)]).into());
    }
    let mut range = Map::new();
    for (name, bound) in [("from", from), ("to", to)] {
        if let Some(bound) = bound {
            range.insert(name.to_owned(), read(bound)?);
        }
    }
    Ok(range.into())
}

/// Whether an item's field has exactly this text; the search also finds others.
pub(crate) fn has_text(field: &Field, values: &[Value], text: &str) -> bool {
    let is_text = |value: &Value| value.as_str() == Some(text) || value["value"].as_str() == Some(text);
    match decode(field, values) {
        Value::Array(several) => several.iter().any(is_text),
        one => is_text(&one),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};
    use serde_json::json;

    fn field(kind: &str, settings: &Value) -> Field {
        Field::read(&json!({ "external_id": "f", "type": kind, "config": { "settings": settings } })).expect("a field")
    }

    fn filtered(kind: &str, given: &str) -> Result<Value, String> {
        let settings = json!({ "options": [{ "id": 1, "text": "Open" }, { "id": 2, "text": "Won" }] });
        let field = field(kind, &settings);
        assert!(field.kind.is_filterable(), "{kind}");
        with(given, |given| filter_value(&field, given).map_err(|unfit| unfit.to_string()))
    }

    #[test]
    fn a_filter_takes_ids_and_ranges() {
        for (kind, given, want) in [
            ("category", "[\"Open\",2]", json!([1, 2])),
            ("app", "\"5\"", json!([5])),
            ("contact", "[5,6]", json!([5, 6])),
            ("number", "{\"from\":\"1.50\"}", json!({ "from": 1.5 })),
            ("progress", "50", json!({ "from": 50, "to": 50 })),
            ("money", "{\"amount\":10,\"currency\":\"EUR\"}", json!({ "from": 10, "to": 10 })),
            ("money", "{\"from\":1,\"to\":{\"amount\":\"2\"}}", json!({ "from": 1, "to": 2 })),
            ("date", "\"2026-09-01\"", json!({ "from": "2026-09-01", "to": "2026-09-01" })),
            ("date", "{\"from\":\"2026-09-01T12:00+02:00\",\"to\":null}", json!({ "from": "2026-09-01 10:00:00" })),
        ] {
            assert_eq!(filtered(kind, given), Ok(want), "{kind} {given}");
        }
        for (kind, given) in [("category", "\"Opne\""), ("number", "\"many\""), ("date", "{\"from\":\"soon\"}")] {
            assert!(filtered(kind, given).expect_err(given).starts_with("must be "), "{kind} {given}");
        }
        for kind in ["text", "tel", "email", "phone", "location", "tag"] {
            assert!(
                !field(kind, &Value::Null).kind.is_filterable() && field(kind, &Value::Null).kind.is_findable(),
                "{kind}"
            );
        }
        for kind in ["image", "file", "embed", "separator", "hologram"] {
            assert!(!field(kind, &Value::Null).kind.is_findable(), "{kind}");
        }
    }

    #[test]
    fn only_the_exact_text_counts() {
        let values = [json!({ "type": "work", "value": "Ann@example.com" }), json!({ "type": "home", "value": "a@b" })];
        let mail = field("email", &Value::Null);
        assert!(has_text(&mail, &values, "a@b") && !has_text(&mail, &values, "ann@example.com"));
        let text = field("text", &Value::Null);
        assert!(
            has_text(&text, &[json!({ "value": "Acme" })], "Acme")
                && !has_text(&text, &[json!({ "value": "Acme Ltd" })], "Acme")
        );
        assert!(!has_text(&text, &[], "Acme"));
    }
}
