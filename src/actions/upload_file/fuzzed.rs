//! What a message asks to upload, for the targets of the actions.

use elasticio_runtime::{action::Failure, platform::message::Message};

use super::input::read;

/// Finds the file; its address is one of HTTP.
pub(in crate::actions) fn source(message: &Message<'_>) -> Result<(), Failure> {
    let file = read(message)?;
    assert!(matches!(file.url.scheme(), "http" | "https") && file.url.has_host());
    assert!(file.name.is_none_or(|name| !name.chars().any(char::is_control)));
    Ok(())
}
