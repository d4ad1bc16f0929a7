//! Resolves the `url` of a message to the address to call. The result is always below the API's base; anything else is
//! an error (protocol, section 10.1). Pure.

use std::fmt;

use elasticio_runtime::action::{Failure, Interruption};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Everything but the unreserved characters is escaped in a path segment (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Any text as one segment of a path. `None` if no segment can hold it: empty text, and the dots that name folders.
pub(crate) fn segment(text: &str) -> Option<impl fmt::Display> {
    (!matches!(text, "" | "." | "..")).then(|| utf8_percent_encode(text, SEGMENT))
}

/// The API's base: scheme, host, port and an optional path that every request stays below.
#[derive(Clone, Debug)]
pub struct Address {
    base: Url,
}

/// Why a `url` is refused. The text names the field and never repeats the `url`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Only white space.
    #[error("\"url\" is empty; give the path of the resource, e.g. \"/user\"")]
    Empty,
    /// Contains control characters, which some parsers drop silently.
    #[error("\"url\" contains a control character (a line break or tab, perhaps); remove it")]
    Control,
    /// Leaves the API's origin.
    #[error("\"url\" leads away from {base}; give a path relative to it, e.g. \"/user\". Nothing was sent")]
    Leaves {
        /// The API's base.
        base: String,
    },
    /// Does not form an address.
    #[error("\"url\" is not a valid path")]
    Malformed,
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<AddressError> for Interruption {
    fn from(error: AddressError) -> Self {
        Failure::from(error).into()
    }
}

impl Address {
    /// Resolves to addresses below `base`.
    #[must_use]
    pub(crate) fn new(base: Url) -> Self {
        Self { base }
    }

    /// Resolves a path, with or without a leading slash, or an absolute URL of the API's own origin.
    ///
    /// # Errors
    /// If `url` is empty or malformed, or if any parser could read it as an address outside the API's base.
    pub fn resolve(&self, url: &str) -> Result<Url, AddressError> {
        if url.trim().is_empty() {
            return Err(AddressError::Empty);
        }
        if url.chars().any(char::is_control) {
            return Err(AddressError::Control);
        }
        let leaves = || AddressError::Leaves { base: self.base.as_str().trim_end_matches('/').to_owned() };
        // Resolve it as a browser would, where backslashes, `//host` and `scheme:` are significant. A `url` that leaves
        // the origin that way is refused, even if the code below would treat it as a path.
        let browser = self.base.join(url).map_err(|_| leaves())?;
        if !same_origin(&browser, &self.base) {
            return Err(leaves());
        }
        // Without a base path, the browser's result is also the right one for a path.
        let resolved = if is_absolute(url) || (self.base.path() == "/" && url.starts_with('/')) {
            browser
        } else {
            let base = self.base.as_str().trim_end_matches('/');
            let path = url.trim_start_matches('/');
            Url::parse(&format!("{base}/{path}")).map_err(|_| AddressError::Malformed)?
        };
        if self.contains(&resolved) { Ok(resolved) } else { Err(leaves()) }
    }

    /// Whether `url` has the API's origin, is below its base path and has no user.
    fn contains(&self, url: &Url) -> bool {
        let base_path = self.base.path().trim_end_matches('/');
        same_origin(url, &self.base)
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().strip_prefix(base_path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether two `http` or `https` addresses have the same origin (RFC 6454, section 5). Unlike `Url::origin`, it copies
/// neither host.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// `scheme://…` or `//…`: what the Node.js component's HTTP client treats as absolute.
fn is_absolute(url: &str) -> bool {
    let Some((rest, _)) = url.split_once("//") else { return false };
    rest.is_empty()
        || rest.strip_suffix(':').is_some_and(|scheme| {
            scheme.starts_with(|char: char| char.is_ascii_alphabetic())
                && scheme.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(base: &str) -> Address {
        Address::new(Url::parse(base).expect("a base"))
    }

    fn resolve(url: &str) -> Result<String, AddressError> {
        address("https://api.podio.com").resolve(url).map(String::from)
    }

    #[test]
    fn paths_and_urls_of_the_same_origin_resolve() {
        for (url, want) in [
            ("/user", "https://api.podio.com/user"),
            ("user", "https://api.podio.com/user"),
            ("/item/app/1/", "https://api.podio.com/item/app/1/"),
            ("/item/7?a=b&c=%2F", "https://api.podio.com/item/7?a=b&c=%2F"),
            ("/search/grün käse", "https://api.podio.com/search/gr%C3%BCn%20k%C3%A4se"),
            ("https://api.podio.com/user", "https://api.podio.com/user"),
            ("https://API.podio.com:443/user", "https://api.podio.com/user"),
            ("@evil.example/x", "https://api.podio.com/@evil.example/x"),
            ("/item/../user", "https://api.podio.com/user"),
            ("/go?to=https://evil.example/", "https://api.podio.com/go?to=https://evil.example/"),
        ] {
            assert_eq!(resolve(url).as_deref(), Ok(want), "{url}");
        }
    }

    #[test]
    fn a_url_that_leaves_the_origin_is_refused() {
        for url in [
            "https://evil.example/",
            "http://api.podio.com/user",
            "https://api.podio.com:8443/user",
            "//evil.example/x",
            "///evil.example/x",
            "/\\evil.example/x",
            "\\\\evil.example/x",
            "https://api.podio.com@evil.example/x",
            "https://u:p@api.podio.com/user",
            "https:\\\\evil.example/",
            "http:evil.example/x",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert!(matches!(resolve(url), Err(AddressError::Leaves { .. })), "{url}: {:?}", resolve(url));
        }
        assert_eq!(resolve(" "), Err(AddressError::Empty));
        assert_eq!(resolve(""), Err(AddressError::Empty));
        assert_eq!(resolve("/a\tb"), Err(AddressError::Control));
        assert_eq!(resolve("\n//evil.example"), Err(AddressError::Control));
    }

    #[test]
    fn a_base_path_is_kept() {
        let address = address("http://proxy.example/podio/");
        let ok = |url: &str| address.resolve(url).map(String::from);
        assert_eq!(ok("/user").as_deref(), Ok("http://proxy.example/podio/user"));
        assert_eq!(ok("/a/../user").as_deref(), Ok("http://proxy.example/podio/user"));
        for url in ["/../admin", "/%2e%2e/admin", "..", "http://proxy.example/podiox"] {
            assert!(ok(url).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn nothing_ever_leaves_the_base(url in "\\PC{0,40}", prefix in "(https?:|//|\\\\|/|)") {
            let address = address("https://api.podio.com/base");
            if let Ok(resolved) = address.resolve(&format!("{prefix}{url}")) {
                prop_assert_eq!(resolved.host_str(), Some("api.podio.com"));
                prop_assert_eq!(resolved.scheme(), "https");
                prop_assert!(resolved.path() == "/base" || resolved.path().starts_with("/base/"));
                prop_assert!(resolved.username().is_empty());
            }
        }
    }
}
