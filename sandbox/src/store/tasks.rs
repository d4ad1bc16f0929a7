//! Tasks, alone or on an item, an app or a space.

use serde_json::{Map, Value, json};
use time::PrimitiveDateTime;

use super::Records;
use super::body::{Body, MAX_TEXT};
use super::clock::{parse_time, spell};
use super::hooks::Event;
use super::profiles::{ME, Profile};
use super::reference::Reference;
use super::refusal::Refusal;
use super::switches::Switches;
use super::values::{to_local, to_utc};
use crate::bounded_map::BoundedMap;

/// Most tasks that are kept; the oldest are dropped.
const MAX_TASKS: usize = 10_000;
/// Most bytes of their texts together.
const MAX_TASKS_BYTES: usize = 16 * 1024 * 1024;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 100_000;
/// Most people who are responsible for what one call creates, each for a task of their own.
const MAX_RESPONSIBLE: usize = 100;
const FIRST_TASK: u64 = 220_000_001;

#[derive(Debug)]
pub(crate) struct Tasks {
    kept: BoundedMap<u64, Task>,
    next_id: u64,
}

/// A task. Its due time is the user's, its other times are UTC.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(super) reference: Option<Reference>,
    pub(super) files: Vec<u64>,
    text: String,
    description: Option<String>,
    private: bool,
    due_date: Option<String>,
    due_time: Option<String>,
    labels: Vec<String>,
    responsible: &'static Profile,
    external_id: Option<String>,
    created: String,
    completed: Option<String>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { kept: BoundedMap::with_max_weight(MAX_TASKS, MAX_TASKS_BYTES), next_id: FIRST_TASK }
    }
}

impl Tasks {
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Task> {
        self.kept.get_mut(&id)
    }
}

impl Records {
    /// Creates a task from a request body, or one for each of several people. Returns their ids.
    pub(crate) fn create_tasks(
        &mut self,
        reference: Option<Reference>,
        body: &Map<String, Value>,
        switches: Switches,
    ) -> Result<Vec<u64>, Refusal> {
        let body = Body(body);
        let reference = reference.map_or_else(|| stated_reference(body), |reference| Ok(Some(reference)))?;
        if let Some(reference) = reference {
            self.require(reference)?;
        }
        let text = body.text("text", MAX_TEXT)?.filter(|text| !text.is_empty());
        let (due_date, due_time) = due(body)?;
        let files = body.integers("file_ids")?.unwrap_or_default();
        self.require_files(&files)?;
        let task = Task {
            reference,
            files,
            text: text.ok_or_else(|| Refusal::Invalid("Missing parameter: text".to_owned()))?,
            description: body.text("description", MAX_DESCRIPTION)?,
            private: body.flag("private", false)?,
            due_date,
            due_time,
            labels: body.texts("labels")?.unwrap_or_default(),
            responsible: ME,
            external_id: body.text("external_id", MAX_TEXT)?,
            created: self.clock.now(),
            completed: None,
        };
        let create = |responsible| {
            let id = self.tasks.next_id;
            self.tasks.next_id += 1;
            let weight = task.text.len() + task.description.as_ref().map_or(0, String::len);
            self.tasks.kept.insert_weighing(id, Task { responsible, ..task.clone() }, weight);
            id
        };
        let ids: Vec<u64> = responsible(body)?.into_iter().map(create).collect();
        for &id in &ids {
            self.announce_task("task.create", id, reference, switches);
        }
        Ok(ids)
    }

    fn announce_task(&mut self, name: &'static str, id: u64, reference: Option<Reference>, switches: Switches) {
        if switches.hook {
            let space = reference.and_then(|reference| self.space_of(reference));
            self.announce(&Event::in_space(name, space, ("task_id", id.to_string())));
        }
    }

    /// A task that the user may see.
    pub(super) fn task(&self, id: u64) -> Result<&Task, Refusal> {
        let task = self.tasks.kept.get(&id).ok_or_else(Refusal::absent)?;
        match task.reference {
            // A task outlives the item that it is on.
            None | Some(Reference::Item(_)) => Ok(task),
            Some(reference) => self.require(reference).map(|()| task),
        }
    }

    /// Marks a task as completed, or as not completed.
    pub(crate) fn complete_task(&mut self, id: u64, completed: bool, switches: Switches) -> Result<(), Refusal> {
        let reference = self.task(id)?.reference;
        let now = self.clock.now();
        let task = self.tasks.get_mut(id).ok_or_else(Refusal::absent)?;
        task.completed = completed.then(|| task.completed.take().unwrap_or(now));
        self.announce_task("task.update", id, reference, switches);
        Ok(())
    }

    pub(crate) fn delete_task(&mut self, id: u64, switches: Switches) -> Result<(), Refusal> {
        let reference = self.task(id)?.reference;
        self.tasks.kept.remove(&id);
        self.announce_task("task.delete", id, reference, switches);
        Ok(())
    }

    /// A task as Podio shows it; links to files begin with `base`.
    pub(crate) fn show_task(&self, id: u64, base: &str) -> Result<Value, Refusal> {
        let task = self.task(id)?;
        let due = task.due_date.as_deref().map(|date| {
            let local = format!("{date} {}", task.due_time.as_deref().unwrap_or("23:59:59"));
            parse_time(&local).map(|local| spell(to_utc(local)))
        });
        let labels = task.labels.iter().map(|text| json!({"text": text, "color": "DCEBD8"}));
        let title = match task.reference {
            Some(Reference::Item(item)) => self.item(item).ok().map(|(item, app)| item.title(&app)),
            _ => None,
        };
        let reference = task.reference.map(|reference| {
            let mut shown = json!(reference);
            shown["title"] = json!(title);
            shown
        });
        Ok(json!({
            "task_id": id, "text": task.text, "description": task.description, "private": task.private,
            "status": if task.completed.is_some() { "completed" } else { "active" },
            "due_date": task.due_date, "due_time": task.due_time, "due_on": due.flatten(),
            "labels": labels.collect::<Vec<_>>(), "responsible": task.responsible.show(),
            "external_id": task.external_id, "created_on": task.created, "created_by": ME.byline(),
            "completed_on": task.completed, "completed_by": task.completed.as_ref().map(|_| ME.byline()),
            "ref": reference, "space_id": task.reference.and_then(|reference| self.space_of(reference)),
            "files": self.show_files(&task.files, base), "comments": self.show_comments(Reference::Task(id), base)?,
            "link": format!("https://podio.com/tasks/{id}"),
        }))
    }
}

/// Whether tasks can be on the object.
pub(crate) fn has_tasks(reference: Reference) -> bool {
    matches!(reference, Reference::Item(_) | Reference::App(_) | Reference::Space(_))
}

/// What `ref_type` and `ref_id` of a body state.
fn stated_reference(body: Body<'_>) -> Result<Option<Reference>, Refusal> {
    let (Some(kind), Some(id)) = (body.text("ref_type", MAX_TEXT)?, body.integer("ref_id")?) else {
        return Ok(None);
    };
    let reference = Reference::read(&kind, id).filter(|&reference| has_tasks(reference));
    let unknown = || Refusal::invalid("ref_type", &json!(kind), "must be item, app or space");
    reference.ok_or_else(unknown).map(Some)
}

/// The due day and time: stated in the user's time, or together in UTC.
fn due(body: Body<'_>) -> Result<(Option<String>, Option<String>), Refusal> {
    let at = |name, text: &str| {
        parse_time(text).ok_or_else(|| Refusal::invalid(name, &json!(text), "must be a day or a time in Podio's form"))
    };
    let parts = |time: PrimitiveDateTime| {
        let time = spell(time);
        time.split_once(' ').map_or((None, None), |(day, time)| (Some(day.to_owned()), Some(time.to_owned())))
    };
    if let Some(on) = body.text("due_on", MAX_TEXT)? {
        return Ok(parts(to_local(at("due_on", &on)?)));
    }
    let (Some(day), time) = (body.text("due_date", MAX_TEXT)?, body.text("due_time", MAX_TEXT)?) else {
        return Ok((None, None));
    };
    at("due_date", &format!("{day} 00:00:00"))?;
    let time = time.map(|time| if time.len() == "HH:MM".len() { format!("{time}:00") } else { time });
    if let Some(time) = &time {
        at("due_time", &format!("{day} {time}"))?;
    }
    Ok((Some(day), time))
}

/// The people who are responsible: a user's id, an identifier, or a list of them.
fn responsible(body: Body<'_>) -> Result<Vec<&'static Profile>, Refusal> {
    let Some(stated) = body.get("responsible") else { return Ok(vec![ME]) };
    let person = |value: &Value| {
        let person = value.as_u64().map_or_else(|| Profile::identified(value), Profile::by_user);
        person.ok_or_else(|| Refusal::invalid("responsible", value, "there is no such user"))
    };
    match stated {
        Value::Array(people) if people.len() > MAX_RESPONSIBLE => {
            Err(Refusal::invalid("responsible", &json!(people.len()), "these are too many people"))
        }
        Value::Array(people) if people.is_empty() => Ok(vec![ME]),
        Value::Array(people) => people.iter().map(person).collect(),
        one => Ok(vec![person(one)?]),
    }
}
