//! What a message says about the item to write. Pure.

use elasticio_runtime::{
    action::Failure,
    platform::json::{Kind, RawObject},
};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::podio::fields::{Given, Problems, file_ids, tags};

/// A message's item. What is wrong with it is in `problems`, so that one error names everything.
#[derive(Default)]
pub(crate) struct ItemInput<'a> {
    /// `itemId`
    pub(crate) item_id: Option<u64>,
    /// `externalId`
    pub(crate) external_id: Option<String>,
    /// `revision`: the item is changed only if this is its newest one.
    pub(crate) revision: Option<u64>,
    /// `fields`: the values, by external id.
    pub(crate) fields: Option<Given<'a>>,
    /// `tags`, as Podio takes them.
    tags: Option<Value>,
    /// `fileIds`, as Podio takes them.
    file_ids: Option<Value>,
    /// What is wrong with the values above.
    pub(crate) problems: Problems,
}

impl<'a> ItemInput<'a> {
    /// Reads a message's body.
    ///
    /// # Errors
    /// If it is not an object.
    pub(crate) fn read(body: Option<&'a RawValue>) -> Result<Self, Failure> {
        let object = object(body)?;
        let given = |name: &str| object.get(name).map(Given::new);
        let full = |name: &str| given(name).filter(|given| !given.is_empty());
        let mut problems = Problems::default();
        let mut whole = |name: &str, title: &str| {
            let given = full(name)?;
            let number = given.whole();
            if number.is_none() {
                problems.other(format!("\"{name}\" ({title}) {}", given.must_be("a whole number")));
            }
            number
        };
        let (item_id, revision) = (whole("itemId", "Item ID"), whole("revision", "Revision"));
        let external_id = full("externalId").and_then(|given| {
            let text = given.text();
            if text.is_none() {
                problems.other(format!("\"externalId\" (External ID) {}", given.must_be("a text")));
            }
            text
        });
        // An empty list of tags takes all of them away.
        let tags = given("tags").filter(|given| !given.is_null()).and_then(|given| match tags(given) {
            Ok(tags) => Some(tags),
            Err(unfit) => {
                problems.other(format!("\"tags\" (Tags) {unfit}"));
                None
            }
        });
        let file_ids = full("fileIds").and_then(|given| match file_ids(given) {
            Ok(ids) => Some(json!(ids)),
            Err(unfit) => {
                problems.other(format!("\"fileIds\" (File IDs) {unfit}"));
                None
            }
        });
        Ok(Self { item_id, external_id, revision, fields: given("fields"), tags, file_ids, problems })
    }

    /// The body of the call that creates the item with these values.
    pub(crate) fn new_body(&self, fields: &Map<String, Value>) -> Value {
        let mut body = self.body(fields);
        body.as_object_mut().map(|body| body.remove("revision"));
        body
    }

    /// The body of the call that changes the item with these values.
    pub(crate) fn body(&self, fields: &Map<String, Value>) -> Value {
        let mut body = json!({ "fields": fields });
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body[name] = value;
            }
        };
        add("external_id", self.external_id.clone().map(Value::from));
        add("revision", self.revision.map(Value::from));
        add("tags", self.tags.clone());
        add("file_ids", self.file_ids.clone());
        body
    }
}

/// A message's body, which must be an object.
pub(crate) fn object(body: Option<&RawValue>) -> Result<RawObject<'_>, Failure> {
    let Some(body) = body.filter(|body| Kind::of(body) != Kind::Null) else { return Ok(RawObject::default()) };
    RawObject::deserialize(body)
        .map_err(|_| Failure::input(format!("The message's \"body\" must be an object, but it is {}.", Kind::of(body))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::podio::fields::App;

    fn read(json: &str, check: impl FnOnce(ItemInput<'_>)) {
        let raw = RawValue::from_string(json.to_owned()).expect("JSON");
        check(ItemInput::read(Some(&raw)).expect("an object"));
    }

    #[test]
    fn an_item_is_read_and_written() {
        let body =
            r#"{"itemId":"3352054999","externalId":17,"revision":2,"tags":"a, b","fileIds":[1,"2"],"fields":{"x":1}}"#;
        read(body, |input| {
            assert_eq!((input.item_id, input.revision), (Some(3_352_054_999), Some(2)));
            assert_eq!(input.external_id.as_deref(), Some("17"));
            let fields = Map::from_iter([("x".to_owned(), json!("1"))]);
            let want = json!({ "fields": { "x": "1" }, "external_id": "17", "revision": 2, "tags": ["a", "b"], "file_ids": [1, 2] });
            assert_eq!(input.body(&fields), want);
            assert!(input.problems.is_empty());
        });
        read(r#"{"tags":[],"externalId":" ","itemId":null}"#, |input| {
            assert_eq!(input.body(&Map::new()), json!({ "fields": {}, "tags": [] }));
        });
        assert!(ItemInput::read(None).is_ok(), "every field may be empty");
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        read(r#"{"itemId":"x","externalId":[1],"revision":-1,"tags":{"a":1},"fileIds":"a.txt"}"#, |input| {
            let app = App::read(r#"{"app_id":7}"#).expect("an app");
            let text = input.problems.failure(&app).message().to_owned();
            for word in [
                "5 values",
                "\"itemId\" (Item ID) must be",
                "\"externalId\"",
                "\"revision\"",
                "\"tags\"",
                "\"fileIds\"",
            ] {
                assert!(text.contains(word), "{word}: {text}");
            }
        });
        let list = RawValue::from_string("[]".to_owned()).expect("JSON");
        assert!(ItemInput::read(Some(&list)).err().expect("a list").message().contains("an array"));
    }
}
