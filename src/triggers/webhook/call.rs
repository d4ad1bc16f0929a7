//! What a call of the flow's address is: Podio's question whether somebody is there, or an event. Pure.

use std::collections::BTreeMap;

use elasticio_runtime::{
    action::Failure,
    platform::json::{Kind, ObjectWriter, RawObject, text_of},
};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use url::form_urlencoded;

use crate::podio::fields::Given;

/// The type of a verification.
const VERIFY: &str = "hook.verify";

/// A call of Podio's.
#[derive(Debug)]
pub(super) enum Call<'a> {
    Verification(Verification),
    Event(Event<'a>),
}

/// Podio asks whether the hook's address is its maker's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verification {
    pub(super) hook: u64,
    /// What is to be sent back.
    pub(super) code: String,
}

/// Something has happened in Podio.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) hook: u64,
    /// The item that it is about, if that is there to be read.
    pub(super) item: Option<u64>,
    fields: Fields<'a>,
}

/// The form that Podio posted: as the platform read it, or as text.
#[derive(Debug)]
enum Fields<'a> {
    Object(RawObject<'a>),
    Form(BTreeMap<String, Box<RawValue>>),
}

impl<'a> Call<'a> {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// If it is not a call of Podio's.
    pub(super) fn read(body: Option<&'a RawValue>) -> Result<Self, Failure> {
        let fields = body.and_then(Fields::read).ok_or_else(|| {
            Failure::input("The message's body is not a form as Podio posts it: an object, or the form as text.")
        })?;
        let missing = |name: &str| {
            Failure::input(format!(
                "The message's body has no \"{name}\", so it is not a call of Podio's: each says \"type\" and \"hook_id\"."
            ))
        };
        let kind = fields.get("type").and_then(Given::text).ok_or_else(|| missing("type"))?;
        let hook = fields.get("hook_id").and_then(Given::whole).ok_or_else(|| missing("hook_id"))?;
        if kind == VERIFY {
            let code = fields.get("code").and_then(Given::text).ok_or_else(|| missing("code"))?;
            return Ok(Self::Verification(Verification { hook, code }));
        }
        let item = fields.get("item_id").and_then(Given::whole).filter(|_| kind != "item.delete");
        Ok(Self::Event(Event { hook, item, fields }))
    }
}

impl<'a> Fields<'a> {
    fn read(body: &'a RawValue) -> Option<Self> {
        if Kind::of(body) == Kind::Text {
            let text = text_of(body)?;
            let pairs = form_urlencoded::parse(text.as_bytes());
            let raw = |value: &str| to_raw_value(value).expect("a text is JSON");
            return Some(Self::Form(pairs.map(|(name, value)| (name.into_owned(), raw(&value))).collect()));
        }
        RawObject::deserialize(body).ok().map(Self::Object)
    }

    fn get(&self, name: &str) -> Option<Given<'_>> {
        let value = match self {
            Self::Object(object) => object.get(name),
            Self::Form(form) => form.get(name).map(|value| &**value),
        };
        value.map(Given::new)
    }
}

impl Event<'_> {
    /// What is emitted: the event, with its item as compact JSON.
    pub(super) fn body(&self, item: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = ObjectWriter::new(&mut out);
        match &self.fields {
            Fields::Object(object) => object.entries().for_each(|(name, value)| writer.entry(&name, value)),
            Fields::Form(form) => form.iter().for_each(|(name, value)| writer.raw(name, value)),
        }
        if let Some(item) = item {
            writer.field("item").extend_from_slice(item);
        }
        writer.end();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with<T>(body: &serde_json::Value, read: impl FnOnce(Result<Call<'_>, Failure>) -> T) -> T {
        let raw = to_raw_value(body).expect("JSON");
        read(Call::read(Some(&raw)))
    }

    #[test]
    fn a_form_is_read_as_an_object_and_as_text() {
        for body in [
            json!({ "type": "item.update", "hook_id": "17", "item_id": "5", "item_revision_id": "9" }),
            json!("type=item.update&hook_id=17&item_id=5&item_revision_id=9"),
        ] {
            with(&body, |call| {
                let Ok(Call::Event(event)) = call else { panic!("an event") };
                assert_eq!((event.hook, event.item), (17, Some(5)));
                let emitted = |item| serde_json::from_slice::<serde_json::Value>(&event.body(item)).expect("JSON");
                let mut want =
                    json!({ "type": "item.update", "hook_id": "17", "item_id": "5", "item_revision_id": "9" });
                assert_eq!(emitted(None), want);
                want["item"] = json!({ "a": 1 });
                assert_eq!(emitted(Some(br#"{"a":1}"#)), want);
            });
        }
        with(&json!({ "type": "item.delete", "hook_id": 17, "item_id": 5 }), |call| {
            let Ok(Call::Event(event)) = call else { panic!("an event") };
            assert_eq!(event.item, None, "a deleted item cannot be read");
        });
        with(&json!("type=hook.verify&hook_id=17&code=a%2Bb"), |call| {
            let Ok(Call::Verification(verification)) = call else { panic!("a verification") };
            assert_eq!(verification, Verification { hook: 17, code: "a+b".to_owned() });
        });
    }

    #[test]
    fn what_is_no_call_of_podio_s_says_what_is_missing() {
        for (body, part) in [
            (json!([1]), "not a form"),
            (json!({}), "\"type\""),
            (json!({ "type": "item.create" }), "\"hook_id\""),
            (json!({ "type": "item.create", "hook_id": "x" }), "\"hook_id\""),
            (json!("type=hook.verify&hook_id=1"), "\"code\""),
        ] {
            let error = with(&body, |call| call.expect_err("no call").message().to_owned());
            assert!(error.contains(part), "{error}");
        }
        assert!(Call::read(None).is_err());
    }
}
