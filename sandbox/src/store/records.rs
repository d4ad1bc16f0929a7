//! Everything that the user of Podio has: apps, items and what belongs to them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::apps::{App, Apps, COMPANIES, Definition, LEADS, NoAccess};
use super::clock::Clock;
use super::comments::Comments;
use super::embeds::Embeds;
use super::files::Files;
use super::hooks::{Event, Hooks};
use super::items::{Item, Items};
use super::reference::Reference;
use super::refusal::Refusal;
use super::switches::Switches;
use super::tasks::Tasks;
use super::values::View;

/// The stores of Podio's objects, which refer to one another.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) clock: Clock,
    pub(crate) apps: Apps,
    pub(crate) files: Files,
    pub(crate) embeds: Embeds,
    pub(super) items: Items,
    pub(super) comments: Comments,
    pub(super) tasks: Tasks,
    pub(crate) hooks: Hooks,
}

impl Default for Records {
    /// With a lead and its company.
    fn default() -> Self {
        let mut records = Self {
            clock: Clock::default(),
            apps: Apps::default(),
            files: Files::default(),
            embeds: Embeds::default(),
            items: Items::default(),
            comments: Comments::default(),
            tasks: Tasks::default(),
            hooks: Hooks::default(),
        };
        let lead = json!({"external_id": "crm-17", "fields": {
            "title": "Acme Ltd", "stage": "Open", "due": {"start": "2026-09-01 10:00:00"},
            "amount": {"value": 100, "currency": "USD"},
        }});
        let company = json!({"external_id": "erp-1", "fields": {"name": "Acme Ltd", "customer-number": 1001}});
        for (app, body) in [(LEADS, lead), (COMPANIES, company)] {
            let created = body.as_object().map(|body| records.create_item(app, body, 0, Switches::default()));
            assert!(matches!(created, Some(Ok(_))), "an item that exists from the start fits its app");
        }
        records
    }
}

impl Records {
    /// Adds an app, or replaces its definition. Returns its revision; the error says what is wrong with the definition.
    pub(crate) fn define_app(&mut self, id: u64, definition: Definition) -> Result<u64, String> {
        let space = definition.space_id;
        let revision = self.apps.define(id, definition)?;
        self.announce(&match revision {
            0 => Event::in_space("app.create", Some(space), ("app_id", id.to_string())),
            _ => Event::of_app("app.update", id),
        });
        Ok(revision)
    }

    /// An item, and the app that it is in.
    pub(super) fn item(&self, id: u64) -> Result<(&Item, Arc<App>), Refusal> {
        let item = self.items.find(id)?;
        Ok((item, self.apps.open(item.app)?))
    }

    /// The item as Podio shows it, with its comments; links to files begin with `base`.
    pub(crate) fn show_item(&self, id: u64, base: &str) -> Result<Value, Refusal> {
        let (item, app) = self.item(id)?;
        let mut shown = item.show(&app, self.view(base));
        let comments = self.show_comments(Reference::Item(id), base)?;
        shown["comment_count"] = json!(comments.len());
        shown["comments"] = json!(comments);
        Ok(shown)
    }

    /// The app's oldest item with this external id, as Podio shows it.
    pub(crate) fn show_item_with_external_id(&self, app: u64, external_id: &str, base: &str) -> Result<Value, Refusal> {
        let app = self.apps.open(app)?;
        let item = self.items.with_external_id(app.id, external_id).ok_or(NoAccess::Absent)?;
        self.show_item(item.id, base)
    }

    pub(super) fn view<'a>(&'a self, base: &'a str) -> View<'a> {
        View { apps: &self.apps, items: &self.items, files: &self.files, base }
    }
}
