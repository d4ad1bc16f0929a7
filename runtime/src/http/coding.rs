//! Decodes the content codings of answers (RFC 9110, section 8.4) while they are read: gzip with any number of members,
//! and deflate. A body that is damaged, or in a coding that is not supported, is an error of the stream, so it is never
//! taken for the content.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_compression::tokio::bufread::{DeflateDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use hyper::http::response::Builder;
use reqwest::{
    Body, Response, ResponseBuilderExt,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf},
    task::coop::consume_budget,
};
use tokio_util::io::StreamReader;

/// What is asked for: the coding that every server has.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip");
/// The most codings of one answer; each takes memory of its own.
const MAX_CODINGS: usize = 4;
/// Bytes that are decoded at once.
const CHUNK: usize = 16 * 1024;
/// Characters of an unknown coding's name that are told.
const MAX_NAME: usize = 40;

/// A coding that is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

/// Why a body cannot be decoded. It came, but it is not what its head says.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodingError {
    #[error("its content coding {0:?} is not supported")]
    Unsupported(String),
    #[error("it has more than {MAX_CODINGS} content codings")]
    TooMany,
    #[error("it is not whole in the content coding that its head names ({0})")]
    Damaged(io::Error),
}

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The same answer with its body decoded. An answer without a coding is returned as it is.
pub(super) fn decoded(mut response: Response) -> Response {
    let codings = codings(response.headers());
    // No body to decode: HEAD, 204, 304, or a length of 0.
    if matches!(&codings, Ok(codings) if codings.is_empty()) || response.content_length() == Some(0) {
        return response;
    }
    let (status, version, url) = (response.status(), response.version(), response.url().clone());
    let mut headers = std::mem::take(response.headers_mut());
    let extensions = std::mem::take(response.extensions_mut());
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    let body = match codings {
        Ok(codings) => Body::wrap_stream(decode(response, codings)),
        Err(error) => Body::wrap_stream(stream::once(async { Err::<Bytes, BoxError>(error.into()) })),
    };
    let mut decoded =
        Builder::new().status(status).version(version).url(url).body(body).expect("its parts are those of an answer");
    *decoded.headers_mut() = headers;
    decoded.extensions_mut().extend(extensions);
    decoded.into()
}

/// The codings in the order in which they were applied. Names are in any case; `x-gzip` is an alias, `identity` is none.
/// Those of the transfer (RFC 9112, section 6.1) come after those of the content; the HTTP library has undone `chunked`.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, CodingError> {
    let mut codings = Vec::new();
    let of = |name: HeaderName| headers.get_all(&name).iter().map(move |line| (name == TRANSFER_ENCODING, line));
    for (transfer, line) in of(CONTENT_ENCODING).chain(of(TRANSFER_ENCODING)) {
        for name in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("gzip") || is("x-gzip") {
                codings.push(Coding::Gzip);
            } else if is("deflate") {
                codings.push(Coding::Deflate);
            } else if !(is("") || is("identity") || transfer && is("chunked")) {
                let name = String::from_utf8_lossy(name).chars().take(MAX_NAME).collect();
                return Err(CodingError::Unsupported(name));
            }
            if codings.len() > MAX_CODINGS {
                return Err(CodingError::TooMany);
            }
        }
    }
    Ok(codings)
}

/// The decoded bytes of an answer.
fn decode(response: Response, codings: Vec<Coding>) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let bytes = response.bytes_stream().map_err(io::Error::other);
    let encoded: Reader = Box::new(StreamReader::new(bytes.boxed()));
    stream::once(async move { open(encoded, &codings).await })
        .map_ok(|reader| stream::try_unfold(reader, next))
        .try_flatten()
        .map_err(explain)
}

async fn next(mut reader: Reader) -> io::Result<Option<(Bytes, Reader)>> {
    // A small body may decode into a very large one; other tasks run in between.
    consume_budget().await;
    let mut chunk = BytesMut::with_capacity(CHUNK);
    let read = reader.read_buf(&mut chunk).await?;
    Ok((read > 0).then(|| (chunk.freeze(), reader)))
}

/// The reader that undoes `codings`, the last one first.
async fn open(mut reader: Reader, codings: &[Coding]) -> io::Result<Reader> {
    for coding in codings.iter().rev() {
        // Servers name a coding for an empty body, too.
        let Some(first) = reader.fill_buf().await?.first().copied() else { return Ok(reader) };
        reader = match coding {
            Coding::Gzip => {
                let mut gzip = GzipDecoder::new(reader);
                gzip.multiple_members(true);
                buffered(gzip)
            }
            Coding::Deflate if is_zlib(first) => {
                buffered(Whole { decoder: ZlibDecoder::new(reader), rest: ZlibDecoder::get_mut })
            }
            // Some servers leave out the zlib format around it.
            Coding::Deflate => buffered(Whole { decoder: DeflateDecoder::new(reader), rest: DeflateDecoder::get_mut }),
        };
    }
    Ok(reader)
}

/// Whether a stream with this first byte is in the zlib format (RFC 1950, section 2.2).
fn is_zlib(first: u8) -> bool {
    first & 0x0F == 8 && first >> 4 <= 7
}

fn buffered(decoder: impl AsyncRead + Send + Unpin + 'static) -> Reader {
    Box::new(BufReader::with_capacity(CHUNK, decoder))
}

/// An error of the connection stays what it is; any other is the coding's.
fn explain(error: io::Error) -> BoxError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => error.into(),
        Err(error) => CodingError::Damaged(error).into(),
    }
}

/// A decoder of one stream, after which nothing may follow.
struct Whole<D> {
    decoder: D,
    rest: fn(&mut D) -> &mut Reader,
}

impl<D: AsyncRead + Unpin> AsyncRead for Whole<D> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.decoder).poll_read(cx, buf))?;
        if buf.filled().len() == before && buf.remaining() > 0 {
            let rest = ready!(Pin::new((this.rest)(&mut this.decoder)).poll_fill_buf(cx))?;
            if !rest.is_empty() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "something follows its end")));
            }
        }
        Poll::Ready(Ok(()))
    }
}
