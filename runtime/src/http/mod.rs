//! HTTP clients, for the platform's API and for a component's: how calls are sent, redirects followed, hosts allowed, and
//! answers read.

use std::error::Error;

pub mod body;
mod client;
mod coding;
mod connector;
mod interim;
mod public_address;
mod reach;
mod redirects;
mod send_error;
mod transport;
mod unreadable;

pub use client::{Client, ClientError};
pub use reach::{OutOfReach, Reach};
pub use send_error::SendError;
pub use unreadable::unreadable;

/// The reason of a call that took longer than its time-out.
const LATE: &str = "no answer in time";

/// What went wrong, from the innermost cause; without the URL, whose query may hold secrets.
#[must_use]
pub fn reason(error: &(dyn Error + 'static)) -> String {
    if let Some(text) = unreadable(error) {
        return format!("the answer cannot be read: {text}");
    }
    let causes = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
    causes.last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}
