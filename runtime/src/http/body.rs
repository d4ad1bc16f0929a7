//! Reads whole answers into memory, up to a limit. A large one waits until there is memory for it, and is worked on outside
//! of the runtime's thread from then on.

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::large::{self, Claim, NoMemory, OFFLOADED, offload};

/// Why an answer could not be read to the end.
#[derive(Debug)]
pub enum ReadError {
    /// The connection broke.
    Broken(reqwest::Error),
    /// The answer took too long.
    Late,
    /// It has more bytes than the limit.
    TooLarge,
    /// There is no memory for it; why.
    NoMemory(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => f.write_str(&super::reason(error)),
            Self::Late => f.write_str(super::LATE),
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

/// Reads an answer's body of at most `limit` bytes. It must arrive before `deadline`, which is put off by the time that it
/// waits for memory. A body that arrives in one piece is not copied.
///
/// # Errors
/// See [`ReadError`].
pub async fn read(response: Response, limit: usize, deadline: Instant) -> Result<Bytes, ReadError> {
    let mut chunks = Chunks { response, deadline };
    let Some(first) = chunks.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = chunks.next().await? else {
        return if first.len() > limit { Err(ReadError::TooLarge) } else { Ok(first) };
    };
    let come = first.len() + second.len();
    let length = chunks.response.content_length().and_then(|left| usize::try_from(left).ok()?.checked_add(come));
    if length.is_some_and(|length| length > limit) {
        return Err(ReadError::TooLarge);
    }
    let mut whole = Buffer { bytes: BytesMut::new(), memory: Claim::default(), limit };
    chunks.put_off(whole.grow(length.unwrap_or(come * 2).min(limit))).await?;
    whole.add(&first, &mut chunks).await?;
    whole.add(&second, &mut chunks).await?;
    while let Some(chunk) = chunks.next().await? {
        whole.add(&chunk, &mut chunks).await?;
    }
    Ok(whole.into())
}

/// The pieces of an answer, as they arrive.
struct Chunks {
    response: Response,
    deadline: Instant,
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let chunk = timeout_at(self.deadline, self.response.chunk()).await.map_err(|_| ReadError::Late)?;
        chunk.map_err(ReadError::Broken)
    }

    /// Puts the deadline off by the time that `wait` takes.
    async fn put_off<T>(&mut self, wait: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let output = wait.await;
        self.deadline += begin.elapsed();
        output
    }
}

/// An answer that is being read, in memory that was claimed before.
struct Buffer {
    bytes: BytesMut,
    memory: Claim,
    limit: usize,
}

impl Buffer {
    async fn add(&mut self, chunk: &[u8], chunks: &mut Chunks) -> Result<(), ReadError> {
        let length = self.bytes.len() + chunk.len();
        if length > self.limit {
            return Err(ReadError::TooLarge);
        }
        if length > self.bytes.capacity() {
            chunks.put_off(self.grow((2 * length).min(self.limit))).await?;
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
