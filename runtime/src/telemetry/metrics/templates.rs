//! The path templates that are labels. Each word of a template is one of an API's own, but a caller may put them together in
//! any number of ways.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The most templates; further ones count together.
const MAX_TEMPLATES: usize = 128;
/// The label of those.
const OTHER: &str = "other";

/// The templates so far.
#[derive(Debug, Default)]
pub(super) struct Templates(Mutex<HashSet<String>>);

impl Templates {
    /// The template, if it is known or there is room for it.
    pub(super) fn admit<'t>(&self, template: &'t str) -> &'t str {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(template) {
            template
        } else if known.len() < MAX_TEMPLATES {
            known.insert(template.to_owned());
            template
        } else {
            OTHER
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_labels() {
        let templates = Templates::default();
        let admitted: HashSet<String> =
            (0..10_000).map(|n| templates.admit(&format!("/item/{n}")).to_owned()).collect();
        assert_eq!(admitted.len(), MAX_TEMPLATES + 1);
        assert_eq!((templates.admit("/item/0"), templates.admit("/item/9999")), ("/item/0", OTHER));
    }
}
