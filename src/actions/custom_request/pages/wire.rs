//! Pages on the wire: where `limit` and `offset` go in a request, and how many objects an answer holds.

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    dispatcher::Failure,
    platform::json::{Kind, RawObject, write_compact, write_string},
    podio::{Request, request::Payload},
};

/// `request` for one page: in the query of a GET, in the body of a filter.
pub(super) fn page_of(request: &Request, limit: u64, offset: u64) -> Request {
    let mut page = request.clone();
    if page.method == Method::GET {
        let kept = request.url.query_pairs().filter(|(name, _)| name != "limit" && name != "offset");
        page.url
            .query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("limit", &limit.to_string())
            .append_pair("offset", &offset.to_string());
    } else {
        page.payload = Some(Payload::Json(filter_body(request, limit, offset)));
    }
    page
}

/// The body of a filter with this page's `limit` and `offset`.
fn filter_body(request: &Request, limit: u64, offset: u64) -> Bytes {
    let mut out = b"{".to_vec();
    for (name, value) in body_fields(request).unwrap_or_default().entries() {
        if name != "limit" && name != "offset" {
            write_string(&mut out, &name);
            out.push(b':');
            write_compact(value.get(), &mut out);
            out.push(b',');
        }
    }
    out.extend_from_slice(format!("\"limit\":{limit},\"offset\":{offset}}}").as_bytes());
    out.into()
}

/// Where the request itself begins.
pub(super) fn first_offset(request: &Request) -> Result<u64, Failure> {
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
pub(super) fn list(json: &RawValue) -> Option<(u64, Option<u64>)> {
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
