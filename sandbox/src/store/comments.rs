//! Comments on items and tasks.

use serde_json::{Map, Value, json};

use super::Records;
use super::body::{Body, MAX_TEXT};
use super::hooks::Event;
use super::profiles::ME;
use super::reference::Reference;
use super::refusal::Refusal;
use super::switches::Switches;
use crate::bounded_map::BoundedMap;

/// Most comments, and most bytes of their texts together; the oldest are dropped.
const MAX_COMMENTS: usize = 10_000;
const MAX_COMMENTS_BYTES: usize = 16 * 1024 * 1024;
/// Longest comment, in characters.
const MAX_COMMENT: usize = 100_000;
const FIRST_COMMENT: u64 = 5_500_000_001;

#[derive(Debug)]
pub(crate) struct Comments {
    kept: BoundedMap<u64, Comment>,
    next_id: u64,
}

#[derive(Debug)]
struct Comment {
    on: Reference,
    value: String,
    external_id: Option<String>,
    files: Vec<u64>,
    created: String,
}

impl Default for Comments {
    fn default() -> Self {
        let kept = BoundedMap::with_max_weight(MAX_COMMENTS, MAX_COMMENTS_BYTES);
        Self { kept, next_id: FIRST_COMMENT }
    }
}

impl Records {
    /// Adds a comment from a request body and returns its id. It is an event of an item, unless it is silent.
    pub(crate) fn add_comment(
        &mut self,
        on: Reference,
        body: &Map<String, Value>,
        switches: Switches,
    ) -> Result<u64, Refusal> {
        self.require(on)?;
        if !matches!(on, Reference::Item(_) | Reference::Task(_)) {
            return Err(Refusal::absent());
        }
        let body = Body(body);
        let value = body.text("value", MAX_COMMENT)?.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| Refusal::Invalid("Missing parameter: value".to_owned()))?;
        let files = body.integers("file_ids")?.unwrap_or_default();
        self.require_files(&files)?;
        let external_id = body.text("external_id", MAX_TEXT)?;
        let created = self.clock.now();
        let id = self.comments.next_id;
        self.comments.next_id += 1;
        let weight = value.len();
        self.comments.kept.insert_weighing(
            id,
            Comment { on, value, external_id, files, created: created.clone() },
            weight,
        );
        if let Reference::Item(item) = on
            && !switches.silent
            && let Some(item) = self.items.find_mut(item)
        {
            item.last_event = created;
        }
        self.announce_comment("comment.create", on, id, switches);
        Ok(id)
    }

    pub(crate) fn delete_comment(&mut self, id: u64, switches: Switches) -> Result<(), Refusal> {
        let on = self.comment(id)?.on;
        self.comments.kept.remove(&id);
        self.announce_comment("comment.delete", on, id, switches);
        Ok(())
    }

    fn announce_comment(&mut self, name: &'static str, on: Reference, comment: u64, switches: Switches) {
        if let Reference::Item(item) = on
            && switches.hook
            && let Ok((item, _)) = self.item(item)
        {
            let event = Event::on_item(name, item, [("comment_id", comment.to_string())]);
            self.announce(&event);
        }
    }

    /// A comment as Podio shows it; links to files begin with `base`.
    pub(crate) fn show_comment(&self, id: u64, base: &str) -> Result<Value, Refusal> {
        let comment = self.comment(id)?;
        Ok(json!({
            "comment_id": id, "value": comment.value, "rich_value": rich(&comment.value),
            "external_id": comment.external_id, "created_on": comment.created, "created_by": ME.byline(),
            "files": self.show_files(&comment.files, base), "ref": comment.on,
        }))
    }

    /// The comments on an object, the oldest first.
    pub(crate) fn show_comments(&self, on: Reference, base: &str) -> Result<Vec<Value>, Refusal> {
        self.require(on)?;
        let ids = self.comments.kept.iter().filter(|(_, comment)| comment.on == on).map(|(id, _)| *id);
        ids.map(|id| self.show_comment(id, base)).collect()
    }

    /// A comment on an object that the user may see.
    fn comment(&self, id: u64) -> Result<&Comment, Refusal> {
        let comment = self.comments.kept.get(&id).ok_or_else(Refusal::absent)?;
        self.require(comment.on)?;
        Ok(comment)
    }
}

/// The text as HTML.
fn rich(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<p>{}</p>", escaped.replace('\n', "<br />"))
}
