//! A path without what is variable in it: ids and search texts are content, which must reach neither a log nor a figure. Pure.

/// What stands for a variable segment.
const VARIABLE: &str = "*";

/// The path with every segment replaced that is not one of the API's own `words`, which are sorted. An unknown word may be
/// an external id.
#[must_use]
pub fn path_template(path: &str, words: &[&str]) -> String {
    debug_assert!(words.is_sorted(), "looked up by halves: {words:?}");
    let mut template = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            template.push('/');
        }
        let known = segment.is_empty() || words.binary_search(&segment).is_ok();
        template.push_str(if known { segment } else { VARIABLE });
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_api_s_words_stay() {
        let words = ["app", "external_id", "item", "raw", "search", "v2", "value"];
        for (path, wanted) in [
            ("/", "/"),
            ("/item/42", "/item/*"),
            ("/item/42/", "/item/*/"),
            ("/item/app/42/v2/", "/item/app/*/v2/"),
            ("/item/app/42/external_id/secret", "/item/app/*/external_id/*"),
            ("/search/v2/ann@example.com", "/search/v2/*"),
            ("/search/gr%C3%BCn%20k%C3%A4se", "/search/*"),
            ("/item/42/value/name", "/item/*/value/*"),
            ("/Item/ITEM/item ", "/*/*/*"),
            ("//item//7", "//item//*"),
            ("/item;id=7/item.json", "/*/*"),
        ] {
            assert_eq!(path_template(path, &words), wanted, "{path}");
        }
    }
}
