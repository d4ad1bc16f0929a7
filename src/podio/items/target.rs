//! The item that a message is about, when it writes one.

use elasticio_runtime::action::{ErrorCode, Failure};

use super::{
    calls::Calls,
    criterion::Criterion,
    find::{self, Found},
    input::ItemInput,
    step::Trouble,
    write::Identity,
};
use crate::podio::fields::{App, Field, Given};

/// The item that a message is about.
pub(crate) enum Target<'a> {
    /// It is there.
    Existing(u64),
    /// There is none; by this it will be recognized.
    Missing(Option<Identity<'a>>),
}

impl<'a> Target<'a> {
    /// Looks for the item as the step's criterion says.
    pub(crate) async fn find(
        calls: Calls<'_>,
        app: &App,
        criterion: Criterion<'a>,
        input: &'a ItemInput<'a>,
    ) -> Result<Self, Trouble> {
        match criterion {
            Criterion::ItemId => Ok(match (input.item_id, input.external_id.as_deref()) {
                (Some(id), _) => Self::Existing(id),
                (None, external_id) => Self::Missing(external_id.map(Identity::NewWithExternalId)),
            }),
            Criterion::ExternalId => {
                let id = input.external_id.as_deref().ok_or_else(|| missing("\"externalId\" (External ID)"))?;
                let found = find::by_external_id(calls, app, id).await?;
                Ok(found
                    .map_or(Self::Missing(Some(Identity::ExternalId(id))), |found| Self::Existing(found.head.item_id)))
            }
            Criterion::Field(field) => {
                let given = value(input, field).ok_or_else(|| missing(&field.title()))?;
                let found = find::by_field(calls, app, field, given).await?;
                let item = only(found, app, &criterion)?;
                Ok(item.map_or(Self::Missing(Some(Identity::Field(field, given))), |found| {
                    Self::Existing(found.head.item_id)
                }))
            }
        }
    }
}

/// The message's value of a field.
fn value<'a>(input: &ItemInput<'a>, field: &Field) -> Option<Given<'a>> {
    let value = input.fields?.object()?.get(&field.external_id).map(Given::new)?;
    (!value.is_empty()).then_some(value)
}

fn missing(name: &str) -> Failure {
    Failure::input(format!(
        "The message has no value for {name}, by which the step looks its item up: give one, or change the step's Lookup \
         Criteria."
    ))
}

/// The only one of some items.
///
/// # Errors
/// If there are more.
pub(crate) fn only(mut found: Vec<Found>, app: &App, criterion: &Criterion<'_>) -> Result<Option<Found>, Failure> {
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let ids = found.iter().map(|found| found.head.item_id.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!(
        "Several items of the {} have the same value of {}, the items {ids} among them. Look up by something that only \
         one item has, or change the others.",
        app.title(),
        criterion.label(),
    );
    Err(Failure::with_log(text, "several items have the value by which one is looked up")
        .with_code(ErrorCode::Conflict))
}

/// That there is no such item.
pub(crate) fn nothing(app: &App, criterion: &Criterion<'_>, given: Option<Given<'_>>) -> Failure {
    let shown = given.map(|given| format!(" {}", given.shown())).unwrap_or_default();
    let text = format!("No item of the {} has the {}{shown}.", app.title(), criterion.label());
    Failure::with_log(text, "no item has the value by which one is looked up").with_code(ErrorCode::NotFound)
}
