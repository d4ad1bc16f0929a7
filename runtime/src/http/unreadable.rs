//! Distinguishes an answer that came and cannot be read from one that is missing or breaks off. The peer has processed
//! the request then, and would most likely answer in the same way again.

use std::{error::Error, io};

use super::coding::CodingError;

/// The most headers of an answer. The HTTP library takes memory for all of them for every head that it reads; for 256 the
/// allocator would give that memory back to the system each time.
pub(super) const MAX_HEADERS: usize = 200;

/// What is wrong with the answer; `None` if it is missing, breaks off, or is late.
#[must_use]
pub fn unreadable(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(coding) = inner.downcast_ref::<CodingError>() {
            return Some(format!("its body cannot be read: {coding}"));
        }
        if let Some(http) = inner.downcast_ref::<hyper::Error>()
            && let Some(text) = malformed(http)
        {
            return Some(text);
        }
        cause = inner.source();
    }
    None
}

/// What is wrong with an answer that is not HTTP/1.1.
fn malformed(error: &hyper::Error) -> Option<String> {
    if error.is_parse() {
        return Some(format!("its head is malformed or too large, with a limit of {MAX_HEADERS} headers ({error})"));
    }
    // An error of TLS has the same kind, and is the connection's.
    let framing = error.source()?.downcast_ref::<io::Error>().filter(|error| {
        let of_tls = matches!(error.get_ref(), Some(inner) if inner.is::<rustls::Error>());
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) && !of_tls
    })?;
    Some(format!("its body is malformed ({framing})"))
}
