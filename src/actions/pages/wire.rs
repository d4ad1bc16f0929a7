//! Pages on the wire: puts `limit` and `offset` into requests, and reads the objects of answers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use elasticio_runtime::{
    action::Failure,
    platform::json::{Kind, ObjectWriter, RawObject},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::form_urlencoded;

use crate::rest::{Request, request::Payload};

/// `request` for one page: with `limit` and `offset` in the query of a GET, or in the body of a filter.
pub(super) fn page_request(request: &Request, limit: u64, offset: u64) -> Request {
    let mut page = request.clone();
    if page.method == Method::GET {
        page.url.set_query(Some(&page_query(request.url.query(), limit, offset)));
    } else {
        page.payload = Some(Payload::Json(filter_body(request, limit, offset)));
    }
    page
}

/// Replaces `limit` and `offset` in a query. The rest is kept byte for byte, since Podio may treat another encoding of
/// the same pairs differently.
fn page_query(query: Option<&str>, limit: u64, offset: u64) -> String {
    let is_kept = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        name.is_none_or(|name| name != "limit" && name != "offset")
    };
    let page = format!("limit={limit}&offset={offset}");
    let kept = query.unwrap_or_default().split('&').filter(is_kept).filter(|pair| !pair.is_empty());
    kept.chain([page.as_str()]).collect::<Vec<_>>().join("&")
}

/// Replaces `limit` and `offset` in the body of a filter.
fn filter_body(request: &Request, limit: u64, offset: u64) -> Bytes {
    let mut out = Vec::new();
    let mut object = ObjectWriter::new(&mut out);
    for (name, value) in body_fields(request).unwrap_or_default().entries() {
        if !matches!(name.as_json(), "limit" | "offset") {
            object.entry(&name, value);
        }
    }
    object.value("limit", &limit);
    object.value("offset", &offset);
    object.end();
    out.into()
}

/// Reads `limit` or `offset` from the request. If a query has several, the last one counts, as at Podio.
pub(super) fn read_number(request: &Request, name: &str) -> Result<Option<u64>, Failure> {
    let text = if request.method == Method::GET {
        request.url.query_pairs().filter(|(other, _)| other == name).last().map(|(_, value)| value.into_owned())
    } else {
        let value = body_fields(request)?.get(name).filter(|value| Kind::of(value) != Kind::Null);
        value.map(|value| value.get().trim_matches('"').to_owned())
    };
    let bad = |_| Failure::input(format!("\"{name}\" of the request must be a whole number to walk its pages."));
    text.map(|text| text.parse().map_err(bad)).transpose()
}

/// The fields of a filter's body.
fn body_fields(request: &Request) -> Result<RawObject<'_>, Failure> {
    match &request.payload {
        None => Ok(RawObject::default()),
        Some(Payload::Json(json)) => serde_json::from_slice(json)
            .map_err(|_| Failure::input("The field \"data\" must be an object to walk the pages of a filter.")),
        Some(_) => Err(Failure::input("The field \"data\" must be an object to walk the pages of a filter.")),
    }
}

/// The objects of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Objects {
    /// How many there are.
    pub(super) count: u64,
    /// How many the whole list has, if the page says so.
    pub(super) total: Option<u64>,
    /// Tells whether another page has the same objects.
    pub(super) fingerprint: Fingerprint,
}

/// A hash of a page's objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    fn of(objects: &[&RawValue]) -> Self {
        let mut hasher = DefaultHasher::new();
        for object in objects {
            object.get().hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}

/// The objects of a page; `None` if it has no list of them.
pub(super) fn list(json: &RawValue) -> Option<Vec<&RawValue>> {
    let list = match Kind::of(json) {
        Kind::Array => json,
        Kind::Object => RawObject::deserialize(json).ok()?.get("items")?,
        _ => return None,
    };
    serde_json::from_str(list.get()).ok()
}

/// What the objects of a page say of the walk; `None` if it has no list of them.
pub(super) fn objects(json: &RawValue) -> Option<Objects> {
    let objects = list(json)?;
    // A list without an object around it has no total.
    let fields = RawObject::deserialize(json).unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(|raw| raw.get().parse().ok());
    Some(Objects {
        count: u64::try_from(objects.len()).ok()?,
        total: number("filtered").or_else(|| number("total")),
        fingerprint: Fingerprint::of(&objects),
    })
}
