//! By what an item is looked up: the step's field `lookupCriteria`.

use elasticio_runtime::action::Failure;
use serde_json::{Map, Value};

use super::settings::ItemSettings;
use crate::podio::fields::{App, Field};

/// The value of the select box for the item's id.
const ITEM_ID: &str = "itemId";
/// The value of the select box for the external id.
const EXTERNAL_ID: &str = "externalId";
/// What the value of the select box for a field begins with; its external id follows.
const FIELD: &str = "field:";

/// By what an item is looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Criterion<'a> {
    /// Its id in Podio.
    ItemId,
    /// The id that another system gave it.
    ExternalId,
    /// The value of a field.
    Field(&'a Field),
}

impl<'a> Criterion<'a> {
    /// Reads the step's choice; the external id if nothing is chosen.
    ///
    /// # Errors
    /// If it is a field that the app does not have, or by which nothing can be found.
    pub(crate) fn read(settings: &ItemSettings, app: &'a App) -> Result<Self, Failure> {
        let Some(chosen) = settings.text("lookupCriteria") else { return Ok(Self::ExternalId) };
        match chosen.as_str() {
            ITEM_ID => return Ok(Self::ItemId),
            EXTERNAL_ID => return Ok(Self::ExternalId),
            _ => {}
        }
        let unfit = |why: &str| {
            Failure::input(format!(
                "The step's Lookup Criteria (lookupCriteria) {why} of the {}: choose it again.",
                app.title()
            ))
        };
        let field = chosen.strip_prefix(FIELD).and_then(|name| app.field(name)).filter(|field| field.active);
        let field = field.ok_or_else(|| unfit("is not an active field"))?;
        if field.kind.is_findable() {
            Ok(Self::Field(field))
        } else {
            Err(unfit(&format!("is {}, by which Podio finds no items, a field", field.title())))
        }
    }

    /// The choices of the select box.
    pub(crate) fn choices(app: &App) -> Value {
        let ids = [(ITEM_ID.to_owned(), "Item ID".into()), (EXTERNAL_ID.to_owned(), "External ID".into())];
        let fields = app.active().filter(|field| field.kind.is_findable()).map(|field| {
            let unique = if field.unique { ", unique" } else { "" };
            (format!("{FIELD}{}", field.external_id), format!("{} ({}{unique})", field.label, field.external_id).into())
        });
        Value::Object(ids.into_iter().chain(fields).collect::<Map<_, _>>())
    }

    /// What a form and an error call it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::ItemId => "Item ID".to_owned(),
            Self::ExternalId => "External ID".to_owned(),
            Self::Field(field) => field.title(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const APP: &str = r#"{"app_id":7,"config":{"name":"Leads"},"fields":[
        {"external_id":"mail","type":"email","label":"Mail","status":"active","config":{"unique":true}},
        {"external_id":"photo","type":"image","label":"Photo","status":"active"},
        {"external_id":"old","type":"text","label":"Old","status":"deleted"}]}"#;

    #[test]
    fn ids_and_findable_fields_can_be_chosen() {
        let app = App::read(APP).expect("an app");
        let want = json!({ "itemId": "Item ID", "externalId": "External ID", "field:mail": "Mail (mail, unique)" });
        assert_eq!(Criterion::choices(&app), want);
        let read = |chosen: &str| {
            let fields = json!({ "lookupCriteria": chosen });
            let settings = ItemSettings::read(fields.as_object().expect("an object"));
            Criterion::read(&settings, &app)
                .map(|criterion| criterion.label())
                .map_err(|failure| failure.message().to_owned())
        };
        assert_eq!(read(""), Ok("External ID".to_owned()));
        assert_eq!(read("itemId"), Ok("Item ID".to_owned()));
        assert_eq!(read("field:mail"), Ok("\"Mail\" (mail)".to_owned()));
        for (chosen, word) in [
            ("field:photo", "is \"Photo\" (photo), by which"),
            ("field:old", "not an active field"),
            ("mail", "not an active field"),
        ] {
            assert!(read(chosen).expect_err(chosen).contains(word), "{chosen}");
        }
    }
}
