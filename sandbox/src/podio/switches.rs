//! The switches in the query of a call that changes something.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::store::Switches;

/// `?hook=false&silent=true`; Podio reads 0 and 1, too.
pub(super) struct Switched(pub(super) Switches);

impl<S: Send + Sync> FromRequestParts<S> for Switched {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(read(parts.uri.query().unwrap_or_default())))
    }
}

fn read(query: &str) -> Switches {
    // Of a repeated parameter the last counts.
    let last = |name| query.split('&').filter_map(|pair| pair.split_once('=')).rfind(|(key, _)| *key == name);
    let is_on = |name, default| match last(name) {
        Some((_, "true" | "1")) => true,
        Some((_, "false" | "0")) => false,
        _ => default,
    };
    let default = Switches::default();
    Switches { hook: is_on("hook", default.hook), silent: is_on("silent", default.silent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_words_or_digits_and_have_defaults() {
        for (query, hook, silent) in [
            ("", true, false),
            ("silent=true", true, true),
            ("hook=0&silent=1", false, true),
            ("silent=1&silent=false&hook=false", false, false),
            ("hook=maybe&silent", true, false),
        ] {
            assert_eq!(read(query), Switches { hook, silent }, "{query}");
        }
    }
}
