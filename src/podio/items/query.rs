//! What a message asks of `lookupItems`: a filter, or a search where only texts are asked for. Pure.

use serde_json::{Map, Value, json, value::RawValue};

use super::{
    emitted::ItemValues,
    find::{SEARCH_PAGE, key, search_body, search_path},
    input::object,
    settings::ItemSettings,
};
use crate::podio::fields::{App, Field, Given, Problems, filter_value, has_text, moments, tags};

/// The criteria of one message.
pub(crate) struct Query<'a> {
    /// What Podio's filter obeys: key → value.
    filters: Map<String, Value>,
    /// Texts, which the filter ignores: an item has them exactly, or is left out.
    texts: Vec<(&'a Field, String)>,
}

impl<'a> Query<'a> {
    /// Reads a message's body. An empty criterion is none.
    pub(crate) fn read(app: &'a App, body: Option<&RawValue>) -> Result<Self, Problems> {
        let mut query = Self { filters: Map::new(), texts: Vec::new() };
        let mut problems = Problems::default();
        let object = object(body).unwrap_or_default();
        let given = |name: &str| object.get(name).map(Given::new).filter(|given| !given.is_empty());
        for (name, key, label) in
            [("createdOn", "created_on", "Created"), ("lastEditOn", "last_edit_on", "Last edited")]
        {
            match given(name).map(moments) {
                Some(Ok(range)) => drop(query.filters.insert(key.to_owned(), range)),
                Some(Err(unfit)) => problems.other(format!("\"{name}\" ({label}) {unfit}")),
                None => {}
            }
        }
        if let Some(given) = given("externalId") {
            match given.text() {
                Some(id) => drop(query.filters.insert("external_id".to_owned(), json!([id]))),
                None => problems.other(format!("\"externalId\" (External ID) {}", given.must_be("a text"))),
            }
        }
        match given("tags").map(tags) {
            Some(Ok(tags)) => drop(query.filters.insert("tags".to_owned(), tags)),
            Some(Err(unfit)) => problems.other(format!("\"tags\" (Tags) {unfit}")),
            None => {}
        }
        if let Some(given) = given("filters") {
            match given.object() {
                Some(filters) => {
                    for (name, value) in filters.entries() {
                        query.add(app, &name.text(), Given::new(value), &mut problems);
                    }
                }
                None => {
                    problems.other(format!("\"filters\" {}", given.must_be("an object with a value for each field")));
                }
            }
        }
        if problems.is_empty() { Ok(query) } else { Err(problems) }
    }

    fn add(&mut self, app: &'a App, name: &str, given: Given<'_>, problems: &mut Problems) {
        let Some(field) = app.field(name) else { return problems.unknown(name, app) };
        if !field.active {
            return problems.inactive(field);
        }
        if given.is_empty() {
            return;
        }
        if field.kind.is_filterable() {
            match filter_value(field, given) {
                Ok(value) => drop(self.filters.insert(key(field), value)),
                Err(unfit) => problems.unfit(field, &unfit),
            }
        } else if field.kind.is_findable() {
            match given.text() {
                Some(text) => self.texts.push((field, text)),
                None => problems.unfit(field, &given.must_be("a text")),
            }
        } else {
            problems.other(format!("{} is a field by which Podio finds no items", field.title()));
        }
    }

    /// Whether Podio's search answers it: texts alone.
    pub(crate) fn is_search(&self) -> bool {
        self.filters.is_empty() && !self.texts.is_empty()
    }

    /// The path and the body of the call, without `limit` and `offset`.
    pub(crate) fn call(&self, app: &App, settings: &ItemSettings) -> (String, Value) {
        if self.is_search() {
            // The longest text finds the fewest others.
            let longest = self.texts.iter().map(|(_, text)| text).max_by_key(|text| text.len());
            return (search_path(app), search_body(longest.map(String::as_str).unwrap_or_default(), 0));
        }
        let sort_by = settings.text("sortBy").unwrap_or_else(|| "created_on".to_owned());
        let body = json!({
            "filters": self.filters,
            "sort_by": sort_by,
            "sort_desc": settings.flag("sortDescending"),
            "remember": false,
        });
        (format!("/item/app/{}/filter/", app.id), body)
    }

    /// Objects per page, if the query decides it.
    pub(crate) fn page_size(&self) -> Option<u64> {
        self.is_search().then(|| u64::try_from(SEARCH_PAGE).unwrap_or(u64::MAX))
    }

    /// Whether an item that came has all the texts.
    pub(crate) fn takes(&self, item: &RawValue) -> bool {
        if self.texts.is_empty() {
            return true;
        }
        let values = ItemValues::read(item);
        self.texts.iter().all(|(field, text)| has_text(field, values.of(&field.external_id), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = r#"{"app_id":7,"config":{"name":"Leads"},"fields":[
        {"field_id":1,"external_id":"title","type":"text","label":"Title","status":"active"},
        {"field_id":2,"external_id":"stage","type":"category","label":"Stage","status":"active",
         "config":{"settings":{"options":[{"id":1,"text":"Open"}]}}},
        {"field_id":3,"external_id":"photo","type":"image","label":"Photo","status":"active"},
        {"field_id":4,"external_id":"old","type":"text","label":"Old","status":"deleted"}]}"#;

    fn call(body: &str) -> Result<(String, Value), String> {
        let app = App::read(APP).expect("an app");
        let raw = RawValue::from_string(body.to_owned()).expect("JSON");
        let query = Query::read(&app, Some(&raw)).map_err(|problems| problems.failure(&app).message().to_owned())?;
        Ok(query.call(&app, &ItemSettings::default()))
    }

    #[test]
    fn what_the_filter_obeys_goes_there_and_texts_alone_go_to_the_search() {
        let filter = "/item/app/7/filter/".to_owned();
        let body = |filters: Value| json!({ "filters": filters, "sort_by": "created_on", "sort_desc": false, "remember": false });
        assert_eq!(call("{}"), Ok((filter.clone(), body(json!({})))));
        let all = r#"{"filters":{"stage":"open","title":"Acme","photo":null},"createdOn":{"from":"2026-09-01"},
            "externalId":17,"tags":"a,b"}"#;
        let want =
            json!({ "2": [1], "created_on": { "from": "2026-09-01" }, "external_id": ["17"], "tags": ["a", "b"] });
        assert_eq!(call(all), Ok((filter, body(want))));
        let search = json!({ "query": "Acme", "ref_type": "item", "limit": 20, "offset": 0 });
        assert_eq!(call(r#"{"filters":{"title":"Acme"}}"#), Ok(("/search/app/7/".to_owned(), search)));
    }

    #[test]
    fn every_criterion_that_cannot_be_is_named() {
        let error = call(
            r#"{"filters":{"stage":"Opne","photo":1,"old":"x","no":1,"title":{"from":1}},"lastEditOn":"soon","tags":{"a":1}}"#,
        )
        .expect_err("seven problems");
        for part in [
            "7 values",
            "\"Stage\" (stage)",
            "\"Photo\" (photo)",
            "\"Old\"",
            "\"no\"",
            "\"Title\"",
            "\"lastEditOn\"",
            "\"tags\"",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(call(r#"{"filters":[1]}"#).expect_err("a list").contains("\"filters\" must be an object"));
    }

    #[test]
    fn an_item_has_a_text_exactly_or_is_left_out() {
        let app = App::read(APP).expect("an app");
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let body = raw(r#"{"filters":{"title":"Acme","stage":1}}"#);
        let query = Query::read(&app, Some(&body)).expect("a query");
        let item = |title: &str| {
            raw(&json!({ "item_id": 1, "fields": [{ "external_id": "title", "values": [{ "value": title }] }] })
                .to_string())
        };
        assert!(query.takes(&item("Acme")) && !query.takes(&item("acme")) && !query.takes(&raw("{}")));
        assert!(!query.is_search());
    }
}
