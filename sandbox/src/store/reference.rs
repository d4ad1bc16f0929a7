//! References to objects, by type and id, as paths and bodies state them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::Records;
use super::apps::App;
use super::hooks::Event;
use super::refusal::Refusal;
use super::switches::Switches;

/// An object that others belong to: comments, tasks, files and hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub(crate) enum Reference {
    Item(u64),
    Task(u64),
    App(u64),
    AppField(u64),
    Space(u64),
}

impl Reference {
    /// Reads a type and an id; none if the sandbox does not have the type.
    pub(crate) fn read(kind: &str, id: u64) -> Option<Self> {
        match kind {
            "item" => Some(Self::Item(id)),
            "task" => Some(Self::Task(id)),
            "app" => Some(Self::App(id)),
            "app_field" => Some(Self::AppField(id)),
            "space" => Some(Self::Space(id)),
            _ => None,
        }
    }
}

impl Records {
    /// Fails unless the object is there and the user may see it.
    pub(super) fn require(&self, reference: Reference) -> Result<(), Refusal> {
        match reference {
            Reference::Item(id) => self.item(id).map(|_| ()),
            Reference::Task(id) => self.task(id).map(|_| ()),
            Reference::App(id) => Ok(self.apps.open(id).map(|_| ())?),
            Reference::AppField(id) => self.app_of_field(id).map(|_| ()).ok_or_else(Refusal::absent),
            Reference::Space(id) => Ok(self.apps.of_space(id).map(|_| ())?),
        }
    }

    /// The space that an object is in.
    pub(super) fn space_of(&self, reference: Reference) -> Option<u64> {
        match reference {
            Reference::Item(id) => Some(self.item(id).ok()?.1.space),
            Reference::Task(id) => self.space_of(self.task(id).ok()?.reference?),
            Reference::App(id) => Some(self.apps.open(id).ok()?.space),
            Reference::AppField(id) => Some(self.app_of_field(id)?.space),
            Reference::Space(id) => Some(id),
        }
    }

    /// Fails unless each file is there.
    pub(super) fn require_files<'a>(&self, ids: impl IntoIterator<Item = &'a u64>) -> Result<(), Refusal> {
        match ids.into_iter().find(|id| self.files.get(**id).is_none()) {
            Some(id) => Err(Refusal::invalid("file_ids", &json!(id), "there is no such file")),
            None => Ok(()),
        }
    }

    /// The app that has the active field.
    fn app_of_field(&self, field: u64) -> Option<Arc<App>> {
        self.apps
            .visible()
            .into_iter()
            .find(|app| app.fields.iter().any(|known| known.id == field && known.is_active()))
    }

    /// Binds a file to an item or a task. It is an event of an item, unless it is silent.
    pub(crate) fn attach_file(&mut self, file: u64, to: Reference, switches: Switches) -> Result<(), Refusal> {
        self.files.get(file).ok_or_else(Refusal::absent)?;
        self.require(to)?;
        let now = self.clock.now();
        match to {
            Reference::Item(id) => {
                let item = self.items.find_mut(id).ok_or_else(Refusal::absent)?;
                add(&mut item.files, file);
                if !switches.silent {
                    item.last_event = now;
                }
                let params = [("action_type", "file_created".to_owned()), ("file_ids", file.to_string())];
                let event = Event::on_item("file.change", item, params);
                if switches.hook {
                    self.announce(&event);
                }
            }
            Reference::Task(id) => add(&mut self.tasks.get_mut(id).ok_or_else(Refusal::absent)?.files, file),
            Reference::App(_) | Reference::AppField(_) | Reference::Space(_) => {
                return Err(Refusal::invalid("ref_type", &json!(to), "must be item or task"));
            }
        }
        Ok(())
    }

    /// Files as objects show them; those that were deleted are left out.
    pub(super) fn show_files(&self, ids: &[u64], base: &str) -> Value {
        ids.iter().filter_map(|&id| Some(self.files.get(id)?.show(id, base))).collect()
    }
}

fn add(files: &mut Vec<u64>, file: u64) {
    if !files.contains(&file) {
        files.push(file);
    }
}
