//! What happens to objects, and which hooks it calls.

use super::Hook;
use crate::store::Records;
use crate::store::items::Item;
use crate::store::reference::Reference;

/// Something that happened, by the name that hooks have for it.
#[derive(Debug)]
pub(in crate::store) struct Event {
    name: &'static str,
    app: Option<u64>,
    space: Option<u64>,
    /// The fields that changed.
    fields: Vec<u64>,
    params: Vec<(&'static str, String)>,
}

impl Event {
    /// An event of an item, in which these fields changed.
    pub(in crate::store) fn of_item(name: &'static str, item: &Item, fields: Vec<u64>) -> Self {
        let mut params = vec![("item_id", item.id.to_string()), ("item_revision_id", item.revision_id.to_string())];
        params.extend(item.external_id.clone().map(|id| ("external_id", id)));
        Self { name, app: Some(item.app), space: None, fields, params }
    }

    /// An event of something on an item: a comment or files.
    pub(in crate::store) fn on_item(
        name: &'static str,
        item: &Item,
        params: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let params = [("item_id", item.id.to_string())].into_iter().chain(params).collect();
        Self { name, app: Some(item.app), space: None, fields: Vec::new(), params }
    }

    /// An event of an app, for hooks on it.
    pub(in crate::store) fn of_app(name: &'static str, app: u64) -> Self {
        Self { name, app: Some(app), space: None, fields: Vec::new(), params: vec![("app_id", app.to_string())] }
    }

    /// An event in a space, for hooks on that.
    pub(in crate::store) fn in_space(name: &'static str, space: Option<u64>, param: (&'static str, String)) -> Self {
        Self { name, app: None, space, fields: Vec::new(), params: vec![param] }
    }

    fn concerns(&self, hook: &Hook) -> bool {
        let on = match hook.on {
            Reference::App(id) => self.app == Some(id),
            Reference::Space(id) => self.space == Some(id),
            Reference::AppField(id) => self.fields.contains(&id),
            Reference::Item(_) | Reference::Task(_) => false,
        };
        on && hook.active && hook.event == self.name
    }
}

impl Records {
    /// Has the active hooks called that wait for the event.
    pub(in crate::store) fn announce(&mut self, event: &Event) {
        let concerned = self.hooks.kept.iter().filter(|(_, hook)| event.concerns(hook)).map(|(id, _)| *id);
        for id in concerned.collect::<Vec<_>>() {
            self.hooks.call(id, event.name, &event.params);
        }
    }
}
