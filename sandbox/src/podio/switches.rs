//! The switches that calls which change something have in their query.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// `?hook=false&silent=true`; Podio reads 0 and 1, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switches {
    /// Whether the change is not to count as an event of the object.
    pub(super) silent: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Switches {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

impl Switches {
    fn read(query: &str) -> Self {
        // Of a repeated parameter the last counts.
        let last = |name| query.split('&').filter_map(|pair| pair.split_once('=')).rfind(|(key, _)| *key == name);
        let is_on = |name, default| match last(name) {
            Some((_, "true" | "1")) => true,
            Some((_, "false" | "0")) => false,
            _ => default,
        };
        Self { silent: is_on("silent", false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_words_or_digits_and_have_defaults() {
        for (query, silent) in [
            ("", false),
            ("silent=true", true),
            ("hook=0&silent=1", true),
            ("silent=1&silent=false", false),
            ("silent=maybe", false),
        ] {
            assert_eq!(Switches::read(query), Switches { silent }, "{query}");
        }
    }
}
