//! The entries that `docs/adding-an-action.md` shows are complete: what follows the page passes these tests.

use serde_json::Value;

use super::{component, forms};

const PAGE: &str = include_str!("../../../docs/adding-an-action.md");

#[test]
fn the_page_about_adding_an_action_shows_complete_entries() {
    let blocks = PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let entries: Vec<Value> =
        blocks.map(|block| serde_json::from_str(&format!("{{{block}}}")).expect("an entry is JSON")).collect();
    assert_eq!(entries.len(), 2, "the action's and the trigger's");
    let mut component = component();
    for (entry, kind) in entries.iter().zip(["actions", "triggers"]) {
        for (name, entry) in entry.as_object().expect("an object") {
            assert_eq!(forms::lacks(name, entry), Vec::<String>::new());
            assert_eq!(forms::lacks_of_function(entry), Vec::<&str>::new(), "{name}");
            assert!(entry["main"].is_string() && entry["metadata"]["out"].is_string(), "{name}");
            component[kind][name] = entry.clone();
        }
    }
    assert_eq!(forms::clashes(&component), Vec::<String>::new());
}
