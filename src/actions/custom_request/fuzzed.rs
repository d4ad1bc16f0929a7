//! What a message's body asks for, for the targets of the actions.

use elasticio_runtime::action::Failure;
use reqwest::Url;
use serde_json::value::RawValue;

use super::input::read;
use crate::rest::Address;

/// The address to call; that of the first page, if there are several.
pub(in crate::actions) fn address(body: Option<&RawValue>, api: &Address) -> Result<Url, Failure> {
    read(body, api, false).map(|input| input.walk.map_or(input.request, |walk| walk.request()).url)
}
