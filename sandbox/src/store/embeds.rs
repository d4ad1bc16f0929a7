//! Links, with what Podio knows of their pages. An embed field refers to one.

use serde_json::{Value, json};

use crate::bounded_map::BoundedMap;

/// Most embeds that are kept; the oldest are dropped.
const MAX_EMBEDS: usize = 10_000;
/// Longest address, in bytes.
const MAX_URL: usize = 2048;
const FIRST_EMBED: u64 = 117_000_001;

#[derive(Debug)]
pub(crate) struct Embeds {
    urls: BoundedMap<u64, String>,
    next_id: u64,
}

impl Default for Embeds {
    fn default() -> Self {
        Self { urls: BoundedMap::new(MAX_EMBEDS), next_id: FIRST_EMBED }
    }
}

impl Embeds {
    /// Stores a link and returns it as Podio shows it; none if that is no address of the web.
    pub(crate) fn add(&mut self, url: &str) -> Option<Value> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        if rest.is_empty() || url.len() > MAX_URL || url.contains(char::is_whitespace) {
            return None;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.urls.insert(id, url.to_owned());
        Some(show(id, url))
    }

    pub(crate) fn get(&self, id: u64) -> Option<Value> {
        self.urls.get(&id).map(|url| show(id, url))
    }
}

fn show(id: u64, url: &str) -> Value {
    let host = url.split('/').nth(2).unwrap_or_default();
    json!({
        "embed_id": id, "url": url, "original_url": url, "resolved_url": url, "hostname": host, "title": host,
        "type": "link", "description": null, "embed_html": null, "embed_width": null, "embed_height": null,
    })
}
