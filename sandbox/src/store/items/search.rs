//! Search: the items of an app in whose texts all words of a query are.
//!
//! Podio splits texts into words, reduces them to stems and leaves accents out, and tells too little of it to be copied
//! (`developers.podio.com/doc/search`). Here a word is found wherever it is part of a text, in capitals or not: like
//! Podio's, the result has more than exact matches.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::item::Item;
use crate::store::Records;
use crate::store::apps::{App, Kind, visible};
use crate::store::profiles::ME;
use crate::store::refusal::Refusal;

/// Most results of a call.
const MAX_RESULTS: usize = 20;

/// What a search call asks for.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) query: &'a str,
    /// At most 20 results come, whatever this is.
    pub(crate) limit: usize,
    /// The rank of the first result.
    pub(crate) offset: usize,
    /// In which texts the words are looked for: names of Podio's; none for all of them.
    pub(crate) fields: Vec<&'a str>,
}

/// The texts that are searched, by Podio's names.
const FIELDS: [&str; 7] =
    ["title", "text_values", "num_values", "email_values", "phone_values", "location_values", "tags"];

impl Records {
    /// How many items match, and the results of one call: those with the latest event first.
    pub(crate) fn search_items(&self, app: u64, search: &Search<'_>) -> Result<(usize, Vec<Value>), Refusal> {
        let app = self.apps.open(app)?;
        let words = words(search.query);
        if words.is_empty() {
            return Err(Refusal::Invalid("Invalid value (query): must have a word".to_owned()));
        }
        if let Some(unknown) = search.fields.iter().find(|name| !FIELDS.contains(name)) {
            let problem = format!("Invalid value \"{unknown}\" (search_fields): must be one of {}", FIELDS.join(", "));
            return Err(Refusal::Invalid(problem));
        }
        let matches = |item: &&Item| {
            let texts = item.texts(&app, &search.fields);
            words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
        };
        let mut found: Vec<&Item> = self.items.of_app(app.id).filter(matches).collect();
        found.sort_unstable_by_key(|item| Reverse((&item.last_event, item.id)));
        let ranked = found.iter().enumerate().skip(search.offset).take(search.limit.min(MAX_RESULTS));
        Ok((found.len(), ranked.map(|(rank, item)| result(&app, rank, item)).collect()))
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn result(app: &App, rank: usize, item: &Item) -> Value {
    let space = visible(app.space);
    json!({
        "type": "item", "id": item.id, "rank": rank, "title": item.title(app), "created_on": item.created,
        "created_by": ME.byline(), "link": item.link(app), "app": app.of_item(),
        "space": space.map(|(space, _)| space), "org": space.map(|(_, url)| json!({"url": url})),
    })
}

impl Item {
    /// The texts that are searched, in lower case.
    fn texts(&self, app: &App, fields: &[&str]) -> Vec<String> {
        let is_searched = |name: &str| fields.is_empty() || fields.contains(&name);
        let mut texts = Vec::new();
        if is_searched("title") {
            texts.push(self.title(app).to_lowercase());
        }
        if is_searched("tags") {
            texts.extend(self.tags.iter().map(|tag| tag.to_lowercase()));
        }
        if app.lenient && is_searched("text_values") {
            let values = self.fields.iter().flat_map(|field| &field.values);
            texts.extend(values.filter_map(|value| value["value"].as_str()).map(str::to_lowercase));
        }
        for field in app.fields.iter().filter(|field| field.is_active()) {
            let name = match field.kind {
                Kind::Text => "text_values",
                Kind::Number => "num_values",
                Kind::Email { .. } => "email_values",
                Kind::Phone { .. } | Kind::Tel => "phone_values",
                Kind::Location => "location_values",
                Kind::Tag => "tags",
                _ => continue,
            };
            if is_searched(name) {
                let values = self.values(app, field);
                texts.extend(values.iter().filter_map(|value| value["value"].as_str()).map(str::to_lowercase));
            }
        }
        texts
    }
}
