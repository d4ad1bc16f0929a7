//! A path without what is variable in it: ids and search texts are content, which must reach neither a log nor a figure. Pure.

/// What stands for a variable segment.
const VARIABLE: &str = "*";

/// The path with every segment replaced that is not one of the API's own words. An unknown word may be an external id.
#[must_use]
pub fn path_template(path: &str, words: &[&str]) -> String {
    let known = |segment: &str| segment.is_empty() || words.contains(&segment);
    let segments = path.split('/').map(|segment| if known(segment) { segment } else { VARIABLE });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_api_s_words_stay() {
        let words = ["item", "app", "external_id", "search", "value", "v2", "raw"];
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
