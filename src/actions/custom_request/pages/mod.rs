//! Results page by page (`pagination`): `limit` and `offset` go into the query of a GET, or into the body of a POST to
//! a filter; Podio's `filtered` or `total` says how many there are. Pure: what the next request is, when it ends.

use elasticio_runtime::{
    action::{Failure, Interruption},
    platform::json::Kind,
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::rest::{Answer, Request, answer::Body};

mod wire;

/// Objects per page, when neither the option nor the request itself says.
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

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another page.
    Page,
    /// Nothing: there is no further page, or none is wanted.
    End,
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
        let limit = match options.limit {
            None => wire::given(request, "limit")?.map(|limit| limit.min(MAX_LIMIT)),
            given => given,
        };
        let limit = in_range(limit, "limit", DEFAULT_LIMIT, MAX_LIMIT)?;
        let max_pages = in_range(options.max_pages, "maxPages", DEFAULT_PAGES, MAX_PAGES)?;
        Ok(Some(Self {
            offset: wire::given(request, "offset")?.unwrap_or_default(),
            request: request.clone(),
            limit,
            pages: 0,
            max_pages,
            max_pages_given: options.max_pages.is_some(),
        }))
    }

    /// The request for the next page.
    pub(super) fn request(&self) -> Request {
        wire::page_of(&self.request, self.limit, self.offset)
    }

    /// What the page that `answer` holds is, and where the next one begins.
    pub(super) fn page(&self, answer: &Answer) -> Result<PageInfo, Failure> {
        let info = |next_offset| PageInfo { number: self.pages + 1, offset: self.offset, next_offset };
        if !answer.status.is_success() {
            return Ok(info(None));
        }
        let (count, total) = match answer.body() {
            Body::Json(json) => wire::list(json),
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

    /// Goes on after a page that was emitted; an error when there are more pages than the message allows.
    pub(super) fn advance(&mut self, next_offset: Option<u64>) -> Result<Next, Failure> {
        self.pages += 1;
        let Some(next_offset) = next_offset else { return Ok(Next::End) };
        self.offset = next_offset;
        if self.pages < self.max_pages {
            return Ok(Next::Page);
        }
        if self.max_pages_given {
            return Ok(Next::End);
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
        _ => Err(Failure::new(format!("The field \"{field}\" must be 1 to {max} to walk pages (\"pagination\")."))),
    }
}

#[cfg(test)]
mod tests;
