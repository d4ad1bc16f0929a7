//! Reads whole answers into memory, up to a limit. A large one waits until there is memory for it, and is worked on outside
//! of the runtime's thread from then on.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use crate::large::{self, Claim, NoMemory, OFFLOADED, offload};

/// Why an answer could not be read to the end.
#[derive(Debug)]
pub enum ReadError {
    /// The connection broke, or the answer took too long.
    Broken(reqwest::Error),
    /// It has more bytes than the limit.
    TooLarge,
    /// There is no memory for it; why.
    NoMemory(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => f.write_str(&super::reason(error)),
            Self::TooLarge => f.write_str("the answer is larger than what is kept"),
            Self::NoMemory(why) => write!(f, "the answer is too large: {why}"),
        }
    }
}

impl From<NoMemory> for ReadError {
    fn from(error: NoMemory) -> Self {
        Self::NoMemory(error.to_string())
    }
}

/// Reads an answer's body of at most `limit` bytes. A body that arrives in one piece is not copied.
///
/// # Errors
/// See [`ReadError`].
pub async fn read(mut response: Response, limit: usize) -> Result<Bytes, ReadError> {
    let Some(first) = response.chunk().await.map_err(ReadError::Broken)? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await.map_err(ReadError::Broken)? else {
        return if first.len() > limit { Err(ReadError::TooLarge) } else { Ok(first) };
    };
    let come = first.len() + second.len();
    let length = response.content_length().and_then(|left| usize::try_from(left).ok()?.checked_add(come));
    if length.is_some_and(|length| length > limit) {
        return Err(ReadError::TooLarge);
    }
    let mut whole = Buffer::of(length.unwrap_or(come * 2), limit).await?;
    whole.add(&first).await?;
    whole.add(&second).await?;
    while let Some(chunk) = response.chunk().await.map_err(ReadError::Broken)? {
        whole.add(&chunk).await?;
    }
    Ok(whole.into())
}

/// An answer that is being read, in memory that was claimed before.
struct Buffer {
    bytes: BytesMut,
    memory: Claim,
    limit: usize,
}

impl Buffer {
    async fn of(size: usize, limit: usize) -> Result<Self, ReadError> {
        let mut buffer = Self { bytes: BytesMut::new(), memory: Claim::default(), limit };
        buffer.grow(size.min(limit)).await?;
        Ok(buffer)
    }

    async fn add(&mut self, chunk: &[u8]) -> Result<(), ReadError> {
        let length = self.bytes.len() + chunk.len();
        if length > self.limit {
            return Err(ReadError::TooLarge);
        }
        if length > self.bytes.capacity() {
            self.grow((2 * length).min(self.limit)).await?;
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Moves to a buffer of `size` bytes, for which there is memory beside that of the old one.
    async fn grow(&mut self, size: usize) -> Result<(), ReadError> {
        if size > OFFLOADED {
            offload().await;
        }
        let memory = large::claim(size).await?;
        let mut larger = BytesMut::with_capacity(size);
        larger.extend_from_slice(&self.bytes);
        (self.bytes, self.memory) = (larger, memory);
        Ok(())
    }
}

impl From<Buffer> for Bytes {
    /// The bytes, which give their memory back when the last clone of them is dropped.
    fn from(buffer: Buffer) -> Self {
        if buffer.memory.is_counted() {
            Self::from_owner(Claimed { bytes: buffer.bytes, _memory: buffer.memory })
        } else {
            buffer.bytes.freeze()
        }
    }
}

struct Claimed {
    bytes: BytesMut,
    _memory: Claim,
}

impl AsRef<[u8]> for Claimed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
