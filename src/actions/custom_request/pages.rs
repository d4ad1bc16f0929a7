//! Results page by page (`pagination`): `limit` and `offset` go into the query of a GET, or into the body of a POST to
//! a filter; Podio's `filtered` or `total` says how many there are. Pure: what the next request is, when it ends.

use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    dispatcher::{Failure, Interruption},
    platform::json::{Kind, RawObject, write_compact, write_string},
    podio::{Answer, Request, answer::Body, request::Payload},
};

/// Objects per page, when the message does not say.
const DEFAULT_LIMIT: u64 = 100;
/// Objects per page, at most; Podio gives no more at once.
const MAX_LIMIT: u64 = 500;
/// Pages, when the message does not say; more is an error, since results would be missing silently.
const DEFAULT_PAGES: u64 = 100;
/// Pages that a message may ask for, at most.
const MAX_PAGES: u64 = 10_000;

/// The walk through the pages of one request.
#[derive(Debug)]
pub(super) struct Walk {
    request: Request,
    limit: u64,
    offset: u64,
    pages: u64,
    max_pages: u64,
    /// Whether the message itself wanted no more pages than that.
    max_pages_given: bool,
}

/// What a result says of its page.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct PageInfo {
    /// From 1.
    number: u64,
    /// Objects before this page.
    offset: u64,
    /// Where the next page begins, if there is one.
    #[serde(rename = "nextOffset")]
    pub(super) next_offset: Option<u64>,
}

/// The option as a message gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    limit: Option<u64>,
    max_pages: Option<u64>,
}

impl Walk {
    /// Reads the option; `None` when it is `null`, `false` or absent.
    pub(super) fn new(option: &RawValue, request: &Request) -> Result<Option<Self>, Failure> {
        let options = match (Kind::of(option), option.get()) {
            (Kind::Null, _) | (Kind::Boolean, "false") => return Ok(None),
            (Kind::Boolean, _) => Options { limit: None, max_pages: None },
            _ => serde_json::from_str(option.get()).map_err(|_| {
                Failure::new(
                    "The field \"pagination\" must be true, or an object with the whole numbers \"limit\" and \"maxPages\".",
                )
            })?,
        };
        let filters = request.url.path().split('/').any(|segment| segment == "filter");
        if request.method != Method::GET && !(request.method == Method::POST && filters) {
            return Err(Failure::new(
                "The field \"pagination\" goes with GET, or with POST to a filter, e.g. /item/app/1/filter/.",
            ));
        }
        let limit = in_range(options.limit, "limit", DEFAULT_LIMIT, MAX_LIMIT)?;
        let max_pages = in_range(options.max_pages, "maxPages", DEFAULT_PAGES, MAX_PAGES)?;
        Ok(Some(Self {
            offset: first_offset(request)?,
            request: request.clone(),
            limit,
            pages: 0,
            max_pages,
            max_pages_given: options.max_pages.is_some(),
        }))
    }

    /// The request for the next page.
    pub(super) fn request(&self) -> Request {
        let mut request = self.request.clone();
        if request.method == Method::GET {
            let kept = request.url.query_pairs().filter(|(name, _)| name != "limit" && name != "offset");
            let kept: Vec<_> = kept.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            request
                .url
                .query_pairs_mut()
                .clear()
                .extend_pairs(kept)
                .append_pair("limit", &self.limit.to_string())
                .append_pair("offset", &self.offset.to_string());
        } else {
            request.payload = Some(Payload::Json(self.filter_body()));
        }
        request
    }

    /// The body of a filter with this page's `limit` and `offset`.
    fn filter_body(&self) -> Bytes {
        let mut out = b"{".to_vec();
        for (name, value) in body_fields(&self.request).unwrap_or_default().entries() {
            if name != "limit" && name != "offset" {
                write_string(&mut out, &name);
                out.push(b':');
                write_compact(value.get(), &mut out);
                out.push(b',');
            }
        }
        out.extend_from_slice(format!("\"limit\":{},\"offset\":{}}}", self.limit, self.offset).as_bytes());
        out.into()
    }

    /// What the page that `answer` holds is, and where the next one begins.
    pub(super) fn page(&self, answer: &Answer) -> Result<PageInfo, Failure> {
        let info = |next_offset| PageInfo { number: self.pages + 1, offset: self.offset, next_offset };
        if !answer.status.is_success() {
            return Ok(info(None));
        }
        let (count, total) = match answer.body() {
            Body::Json(json) => list(json),
            Body::Empty => Some((0, None)),
            _ => None,
        }
        .ok_or_else(|| {
            self.failure("the answer is neither a list nor an object with \"items\", so it has no pages.")
        })?;
        let end = self.offset + count;
        let more = count > 0 && total.map_or(count >= self.limit, |total| end < total);
        Ok(info(more.then_some(end)))
    }

    /// Goes on behind a page that was emitted. False when there is no further page, or none is wanted; an error when
    /// there are more than anybody asked for.
    pub(super) fn advance(&mut self, next_offset: Option<u64>) -> Result<bool, Failure> {
        self.pages += 1;
        let Some(next_offset) = next_offset else { return Ok(false) };
        self.offset = next_offset;
        if self.pages < self.max_pages {
            return Ok(true);
        }
        if self.max_pages_given {
            return Ok(false);
        }
        Err(Failure::new(format!(
            "There are more than {} pages; they were emitted. Set \"maxPages\" in \"pagination\" to allow more, or go \
             on with \"offset\" {}.",
            self.pages, self.offset
        )))
    }

    /// The interruption of the page that was to come, told with its number. Pages before it stay emitted, so the
    /// message does not begin anew: what would hand it back is an error from the second page on.
    pub(super) fn interrupted(&self, interruption: Interruption) -> Interruption {
        match interruption {
            Interruption::Failed(failure) => self.told(&failure).into(),
            Interruption::Rebound { reason, wait } if self.pages > 0 => {
                self.failure(&format!("{reason}. It is {} s away.", wait.as_secs())).into()
            }
            other => other,
        }
    }

    fn told(&self, failure: &Failure) -> Failure {
        let page = self.place();
        Failure::with_log(format!("{page}: {}", failure.message()), format!("{page}: {failure}"))
    }

    fn failure(&self, text: &str) -> Failure {
        Failure::new(format!("{}: {text}", self.place()))
    }

    fn place(&self) -> String {
        match self.pages {
            0 => "Page 1".to_owned(),
            emitted => {
                format!("Page {} (\"offset\" {}; the {emitted} before it were emitted)", emitted + 1, self.offset)
            }
        }
    }
}

fn in_range(given: Option<u64>, field: &str, default: u64, max: u64) -> Result<u64, Failure> {
    match given.unwrap_or(default) {
        value if (1..=max).contains(&value) => Ok(value),
        _ => Err(Failure::new(format!("The field \"{field}\" of \"pagination\" must be 1 to {max}."))),
    }
}

/// Where the request itself begins.
fn first_offset(request: &Request) -> Result<u64, Failure> {
    let given = if request.method == Method::GET {
        request.url.query_pairs().find(|(name, _)| name == "offset").map(|(_, value)| value.into_owned())
    } else {
        body_fields(request)?.get("offset").map(|value| value.get().trim_matches('"').to_owned())
    };
    let bad = |_| Failure::new("\"offset\" of the request must be a whole number to walk its pages.");
    given.map_or(Ok(0), |text| text.parse().map_err(bad))
}

/// The fields of a filter's body.
fn body_fields(request: &Request) -> Result<RawObject<'_>, Failure> {
    match &request.payload {
        None => Ok(RawObject::default()),
        Some(Payload::Json(json)) => serde_json::from_slice(json)
            .map_err(|_| Failure::new("The field \"data\" must be an object to walk the pages of a filter.")),
        Some(_) => Err(Failure::new("The field \"data\" must be an object to walk the pages of a filter.")),
    }
}

/// How many objects a page holds, and how many there are in all if it says so.
fn list(json: &RawValue) -> Option<(u64, Option<u64>)> {
    let count = |raw: &RawValue| -> Option<u64> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        u64::try_from(items.len()).ok()
    };
    match Kind::of(json) {
        Kind::Array => Some((count(json)?, None)),
        Kind::Object => {
            let fields = RawObject::deserialize(json).ok()?;
            let number = |name: &str| fields.get(name).and_then(|raw| raw.get().parse().ok());
            Some((count(fields.get("items")?)?, number("filtered").or_else(|| number("total"))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, url: &str, data: Option<&str>) -> Request {
        let payload = data.map(|text| Payload::Json(Bytes::copy_from_slice(text.as_bytes())));
        Request { payload, ..Request::new(method, url.parse().expect("an address")) }
    }

    fn walk(option: &str, request: &Request) -> Result<Option<Walk>, String> {
        let raw: Box<RawValue> = serde_json::from_str(option).expect("valid JSON");
        Walk::new(&raw, request).map_err(|failure| failure.message().to_owned())
    }

    fn read(text: &str) -> Option<(u64, Option<u64>)> {
        list(&serde_json::from_str::<Box<RawValue>>(text).expect("valid JSON"))
    }

    #[test]
    fn pages_are_asked_for_in_query_or_body() {
        let get = request(Method::GET, "http://h/org/?a=b&offset=7&limit=1", None);
        let walk_get = walk("true", &get).expect("valid").expect("a walk");
        assert_eq!(walk_get.request().url.as_str(), "http://h/org/?a=b&limit=100&offset=7");
        let post = request(Method::POST, "http://h/item/app/1/filter/", Some(r#"{"filters":{"x":1.50},"limit":5}"#));
        let walk_post = walk(r#"{"limit":30}"#, &post).expect("valid").expect("a walk");
        let Some(Payload::Json(payload)) = walk_post.request().payload else { panic!("a JSON body") };
        assert_eq!(payload.as_ref(), br#"{"filters":{"x":1.50},"limit":30,"offset":0}"#);
        assert!(walk("null", &get).expect("valid").is_none() && walk("false", &get).expect("valid").is_none());
    }

    #[test]
    fn bad_options_name_their_field() {
        let get = request(Method::GET, "http://h/org/", None);
        for (option, word) in [
            ("7", "pagination"),
            (r#"{"limit":0}"#, "limit"),
            (r#"{"limit":501}"#, "limit"),
            (r#"{"maxPages":-1}"#, "maxPages"),
            (r#"{"maxPages":99999}"#, "maxPages"),
        ] {
            assert!(walk(option, &get).expect_err(option).contains(word), "{option}");
        }
        let create = request(Method::POST, "http://h/item/app/1/", Some("{}"));
        assert!(walk("true", &create).expect_err("a POST that creates").contains("filter"));
        let list = request(Method::POST, "http://h/item/app/1/filter/", Some("[]"));
        assert!(walk("true", &list).expect_err("a list").contains("data"));
    }

    #[test]
    fn lists_are_counted() {
        assert_eq!(read(r#"{"total":9,"filtered":5,"items":[{"a":[1,2]},2]}"#), Some((2, Some(5))));
        assert_eq!(read(r#"{"total":9,"items":[]}"#), Some((0, Some(9))));
        assert_eq!(read("[1, [2, 3]]"), Some((2, None)));
        assert_eq!(read(r#"{"item_id":1}"#), None);
        assert_eq!(read("7"), None);
    }

    #[test]
    fn a_hand_back_after_the_first_page_is_an_error_that_names_it() {
        let mut walk = walk("true", &request(Method::GET, "http://h/org/", None)).expect("valid").expect("a walk");
        let hand_back =
            || Interruption::Rebound { reason: "limit".to_owned(), wait: std::time::Duration::from_secs(300) };
        assert!(matches!(walk.interrupted(hand_back()), Interruption::Rebound { .. }));
        (walk.pages, walk.offset) = (2, 200);
        let Interruption::Failed(failure) = walk.interrupted(hand_back()) else { panic!("a failure") };
        assert!(failure.message().starts_with("Page 3 (\"offset\" 200;"), "{}", failure.message());
    }
}
