//! Organizations, spaces and apps.
//!
//! Four apps are there from the start, `PUT /_sandbox/apps/{id}` adds and replaces others. Every other number below
//! [`FIRST_DEFINED`] is the id of an app too: a lenient one, without a definition, whose items take any field and value.

mod app;
mod kind;
mod spaces;

use std::sync::Arc;

use crate::bounded_map::BoundedMap;

pub(crate) use app::{App, Definition, Field};
pub(crate) use kind::{Choice, Kind, Part};
pub(crate) use spaces::{ORGANIZATIONS, is_hidden, visible};

/// Most apps with a definition; the oldest are dropped.
const MAX_APPS: usize = 100;
/// The lowest id that is no app's unless the app has a definition.
pub(crate) const FIRST_DEFINED: u64 = 1_000_000;

/// The highest id that an app may be given.
const MAX_ID: u64 = 1_000_000_000_000;

/// The app of the item that exists from the start.
pub(super) const LEADS: u64 = 30_816_001;
/// The app that the field `company` of the leads refers to.
pub(super) const COMPANIES: u64 = 30_816_002;
const PAYROLL: u64 = 30_816_003;
const TICKETS: u64 = 30_816_004;
/// The revision of the apps that exist from the start.
const FIRST_REVISION: u64 = 3;

/// The apps that have a definition.
#[derive(Debug)]
pub(crate) struct Apps(BoundedMap<u64, Arc<App>>);

/// Why an app or a space cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAccess {
    /// There is no such app or space.
    Absent,
    /// The user may not see the space, or that of the app.
    Forbidden,
}

impl Default for Apps {
    fn default() -> Self {
        let mut apps = Self(BoundedMap::new(MAX_APPS));
        for (id, definition) in [
            (LEADS, include_str!("../../../apps/leads.json")),
            (COMPANIES, include_str!("../../../apps/companies.json")),
            (PAYROLL, include_str!("../../../apps/payroll.json")),
            (TICKETS, include_str!("../../../apps/tickets.json")),
        ] {
            let definition = serde_json::from_str(definition).expect("the definition was checked by a test");
            let app = App::new(id, FIRST_REVISION, definition).expect("the definition was checked by a test");
            apps.0.insert(id, Arc::new(app));
        }
        apps
    }
}

impl Apps {
    /// Adds an app, or replaces its definition, which makes a new revision of it. Returns the revision.
    pub(crate) fn define(&mut self, id: u64, definition: Definition) -> Result<u64, String> {
        if id > MAX_ID {
            return Err(format!("the id of an app is at most {MAX_ID}"));
        }
        let revision = self.0.get(&id).map_or(0, |app| app.revision + 1);
        self.0.insert(id, Arc::new(App::new(id, revision, definition)?));
        Ok(revision)
    }

    /// The app, if the user may use it.
    pub(crate) fn open(&self, id: u64) -> Result<Arc<App>, NoAccess> {
        match self.0.get(&id) {
            Some(app) if visible(app.space).is_some() => Ok(Arc::clone(app)),
            Some(_) => Err(NoAccess::Forbidden),
            None if id < FIRST_DEFINED => Ok(Arc::new(App::lenient(id))),
            None => Err(NoAccess::Absent),
        }
    }

    /// The apps of a space, by id.
    pub(crate) fn of_space(&self, space: u64) -> Result<Vec<Arc<App>>, NoAccess> {
        match visible(space) {
            Some(_) => Ok(self.visible().into_iter().filter(|app| app.space == space).collect()),
            None if is_hidden(space) => Err(NoAccess::Forbidden),
            None => Err(NoAccess::Absent),
        }
    }

    /// The apps with a definition that the user may see, by id.
    pub(crate) fn visible(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<_> =
            self.0.iter().map(|(_, app)| Arc::clone(app)).filter(|app| visible(app.space).is_some()).collect();
        apps.sort_unstable_by_key(|app| app.id);
        apps
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn apps_are_seen_by_space_and_lenient_below_a_million() {
        let apps = Apps::default();
        assert_eq!(apps.visible().iter().map(|app| app.id).collect::<Vec<_>>(), [LEADS, COMPANIES, TICKETS]);
        assert_eq!(apps.open(PAYROLL).map(|app| app.id), Err(NoAccess::Forbidden));
        assert_eq!(apps.open(7).map(|app| app.lenient), Ok(true));
        assert_eq!(apps.open(FIRST_DEFINED).map(|app| app.id), Err(NoAccess::Absent));
        assert_eq!(apps.of_space(2_720_002).map(|apps| apps.len()), Err(NoAccess::Forbidden));
        assert_eq!(apps.of_space(2_720_003).map(|apps| apps.len()), Ok(1));
        assert_eq!(apps.of_space(1).map(|apps| apps.len()), Err(NoAccess::Absent));
    }

    #[test]
    fn a_definition_makes_a_new_revision_and_an_unusable_one_changes_nothing() {
        let mut apps = Apps::default();
        let mut shown = apps.open(LEADS).expect("an app").show();
        shown["fields"][0]["label"] = json!("Name");
        let definition = |value| serde_json::from_value::<Definition>(value).expect("the form of a definition");
        assert_eq!(apps.define(LEADS, definition(shown.clone())), Ok(FIRST_REVISION + 1));
        let label = |apps: &Apps| apps.open(LEADS).expect("an app").field("title").map(|field| field.label.clone());
        assert_eq!(label(&apps).as_deref(), Some("Name"));
        shown["fields"][1]["field_id"] = json!(901);
        assert!(apps.define(LEADS, definition(shown)).is_err_and(|error| error.contains("`stage` is there twice")));
        assert_eq!(label(&apps).as_deref(), Some("Name"));
        assert_eq!(apps.define(5, definition(json!({"config": {"name": "New"}}))), Ok(0));
        assert_eq!(apps.open(5).map(|app| app.lenient), Ok(false));
    }
}
