//! Reads whole answers into memory, up to a limit.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// Why an answer could not be read to the end.
#[derive(Debug)]
pub enum ReadError {
    /// The connection broke, or the answer took too long.
    Broken(reqwest::Error),
    /// It has more bytes than the limit.
    TooLarge,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => f.write_str(&super::reason(error)),
            Self::TooLarge => f.write_str("the answer is larger than what is kept"),
        }
    }
}

/// Reads an answer's body of at most `limit` bytes. A body that arrives in one piece is not copied.
///
/// # Errors
/// See [`ReadError`].
pub async fn read(mut response: Response, limit: usize) -> Result<Bytes, ReadError> {
    let Some(first) = response.chunk().await.map_err(ReadError::Broken)? else { return Ok(Bytes::new()) };
    let mut whole = match response.chunk().await.map_err(ReadError::Broken)? {
        None if first.len() > limit => return Err(ReadError::TooLarge),
        None => return Ok(first),
        Some(second) => {
            let announced = response.content_length().and_then(|left| usize::try_from(left).ok()).unwrap_or(0);
            let mut whole = BytesMut::with_capacity((first.len() + second.len() + announced).min(limit));
            whole.extend_from_slice(&first);
            whole.extend_from_slice(&second);
            whole
        }
    };
    while whole.len() <= limit {
        let Some(chunk) = response.chunk().await.map_err(ReadError::Broken)? else { return Ok(whole.freeze()) };
        whole.extend_from_slice(&chunk);
    }
    Err(ReadError::TooLarge)
}
