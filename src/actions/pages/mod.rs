//! Fetches results page by page. `limit` and `offset` go into the query of a GET, or into the body of a
//! POST to a filter. Podio's `filtered` or `total` is the number of results. The end is a total that is reached, or an
//! empty page; a short page is not, since Podio may give fewer objects than were asked for. Pure: it decides which
//! request comes next.

use std::collections::HashMap;

use elasticio_runtime::{action::Failure, platform::json::Kind};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    podio::items::EmitBehavior,
    rest::{Answer, Request, answer::Body},
};

mod texts;
mod wire;

use wire::{Fingerprint, Objects};

/// Objects per page if neither the option nor the request sets it.
const DEFAULT_LIMIT: u64 = 100;
/// The most objects that Podio returns at once.
pub(in crate::actions) const MAX_LIMIT: u64 = 500;
/// Limit on pages if the message does not set one. Exceeding it is an error, since results would silently be missing; one
/// more request tells whether the list goes on.
const DEFAULT_PAGES: u64 = 100;
/// The most pages that a message may ask for.
pub(in crate::actions) const MAX_PAGES: u64 = 10_000;

/// The walk through the pages of one request.
#[derive(Debug)]
pub(in crate::actions) struct Walk {
    request: Request,
    limit: u64,
    offset: u64,
    pages: u64,
    /// The number of each page so far, to recognize one that comes again. At most [`MAX_PAGES`].
    seen: HashMap<Fingerprint, u64>,
    max_pages: u64,
    /// Whether the message set `max_pages`; reaching it is then not an error.
    max_pages_given: bool,
    /// Where `max_pages` is set, for an error.
    setting: &'static str,
    /// Whether nothing is emitted before the last page.
    emits_at_end: bool,
}

/// What a result says about its page.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(in crate::actions) struct PageInfo {
    /// The page's number, from 1.
    number: u64,
    /// The number of objects before this page.
    offset: u64,
    /// The offset of the next page, if there is one.
    #[serde(rename = "nextOffset")]
    pub(in crate::actions) next_offset: Option<u64>,
}

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actions) enum Next {
    /// Another page.
    Page,
    /// The end: there is no further page, or the message asks for no more.
    End,
}

/// The option `pagination`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    limit: Option<u64>,
    max_pages: Option<u64>,
}

impl Walk {
    /// Reads the option; `None` if it is `null` or `false`.
    pub(in crate::actions) fn new(option: &RawValue, request: &Request) -> Result<Option<Self>, Failure> {
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
                "The field \"pagination\" works with GET, and with POST to a filter, e.g. /item/app/1/filter/.",
            ));
        }
        let limit = match options.limit {
            None => wire::read_number(request, "limit")?.map(|limit| limit.min(MAX_LIMIT)),
            limit => limit,
        };
        let limit = in_range(limit, "limit", DEFAULT_LIMIT, MAX_LIMIT)?;
        let max_pages = in_range(options.max_pages, "maxPages", DEFAULT_PAGES, MAX_PAGES)?;
        let setting = "\"maxPages\" in \"pagination\"";
        Ok(Some(Self {
            offset: wire::read_number(request, "offset")?.unwrap_or_default(),
            max_pages_given: options.max_pages.is_some(),
            ..Self::of_step(request.clone(), Some(limit), Some(max_pages), setting)
        }))
    }

    /// A walk with a page size and a limit on pages that a step's settings have. `setting` says where the limit is set.
    pub(in crate::actions) fn of_step(
        request: Request,
        limit: Option<u64>,
        max_pages: Option<u64>,
        setting: &'static str,
    ) -> Self {
        Self {
            request,
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            offset: 0,
            pages: 0,
            seen: HashMap::new(),
            max_pages: max_pages.unwrap_or(DEFAULT_PAGES),
            max_pages_given: max_pages.is_some(),
            setting,
            emits_at_end: false,
        }
    }

    /// The same walk, whose pages are emitted like this.
    pub(in crate::actions) fn emitting(self, behavior: EmitBehavior) -> Self {
        Self { emits_at_end: behavior == EmitBehavior::All, ..self }
    }

    /// Whether nothing was emitted yet.
    pub(in crate::actions) fn is_at_start(&self) -> bool {
        self.pages == 0
    }

    /// The request for the next page.
    pub(in crate::actions) fn request(&self) -> Request {
        wire::page_request(&self.request, self.limit, self.offset)
    }

    /// Describes the page in `answer`, to be emitted; `None` if the list ends with the last page that may be emitted. Fails
    /// if there are more pages than that, or if the list does not obey `limit` and `offset`.
    pub(in crate::actions) fn page(&mut self, answer: &Answer) -> Result<Option<PageInfo>, Failure> {
        let is_beyond = self.pages >= self.max_pages;
        if !answer.status.is_success() {
            return Ok(Some(self.info(None)));
        }
        let objects = match answer.body() {
            Body::Json(json) => wire::objects(json),
            Body::Empty => Some(Objects::default()),
            _ => None,
        }
        .ok_or_else(|| {
            self.failure("the answer is neither a list nor an object with \"items\", so it has no pages.")
        })?;
        if objects.count == 0 {
            return Ok((!is_beyond).then(|| self.info(None)));
        }
        if objects.count > self.limit {
            return Err(self.disobeyed(&format!("it has {} objects, not {}", objects.count, self.limit)));
        }
        match self.seen.insert(objects.fingerprint, self.pages + 1) {
            Some(earlier) if earlier == self.pages => return Err(self.disobeyed("it is the same as the page before")),
            Some(earlier) => return Err(self.disobeyed(&format!("it is the same as page {earlier}"))),
            None if is_beyond => return Err(self.too_many()),
            None => {}
        }
        let Some(end) = self.offset.checked_add(objects.count) else {
            return Err(self.failure("its \"offset\" is too large; set a smaller one."));
        };
        // A total below what came is wrong, so it does not end the walk.
        Ok(Some(self.info(Some(end).filter(|end| objects.total != Some(*end)))))
    }

    fn info(&self, next_offset: Option<u64>) -> PageInfo {
        PageInfo { number: self.pages + 1, offset: self.offset, next_offset }
    }

    /// Advances past a page that was emitted.
    pub(in crate::actions) fn advance(&mut self, next_offset: Option<u64>) -> Next {
        self.pages += 1;
        let Some(next_offset) = next_offset else { return Next::End };
        self.offset = next_offset;
        if self.pages >= self.max_pages && self.max_pages_given { Next::End } else { Next::Page }
    }
}

/// The objects of a page, as they came.
pub(in crate::actions) fn objects(answer: &Answer) -> Vec<&RawValue> {
    let Body::Json(json) = answer.body() else { return Vec::new() };
    wire::list(json).unwrap_or_default()
}

fn in_range(given: Option<u64>, field: &str, default: u64, max: u64) -> Result<u64, Failure> {
    match given.unwrap_or(default) {
        value if (1..=max).contains(&value) => Ok(value),
        _ => Err(Failure::new(format!("The field \"{field}\" must be 1 to {max} to walk pages (\"pagination\")."))),
    }
}

#[cfg(test)]
mod tests;
