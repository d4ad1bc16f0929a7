//! Messages from standard input or the command line. If the first or the second line is a complete JSON value, every
//! line is a message (JSON lines; a bad line is an error of that message only). Otherwise the input is read as a
//! sequence of JSON documents.

use std::io::{BufRead, BufReader, Read};

use futures_util::{Stream, stream};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::super::encoding::without_mark;

/// The largest message, or the largest input that is not JSON lines, in bytes.
pub(super) const MAX_INPUT: u64 = 64 * 1024 * 1024;

/// One message as it came, or why it could not be read.
pub(super) type Input = Result<Vec<u8>, String>;

/// Messages from the command line.
pub(super) fn from_arguments(messages: &[String]) -> impl Stream<Item = Input> {
    stream::iter(messages.iter().map(|text| Ok(text.clone().into_bytes())).collect::<Vec<_>>())
}

/// Messages from a reader, which is read on its own thread; at most `ahead` messages are read in advance.
pub(super) fn from_reader(reader: impl Read + Send + 'static, ahead: usize) -> impl Stream<Item = Input> {
    let (send, receive) = mpsc::channel(ahead.max(1));
    std::thread::spawn(move || read_all(BufReader::new(reader), |input| send.blocking_send(input).is_ok()));
    stream::unfold(receive, async |mut receive| receive.recv().await.map(|input| (input, receive)))
}

/// Reads all messages and passes them to `send`, until it returns `false`.
fn read_all(mut reader: impl BufRead, mut send: impl FnMut(Input) -> bool) {
    let (mut first, mut beginning) = (true, true);
    loop {
        let line = read_line(&mut reader);
        let line = if std::mem::take(&mut beginning) { line.and_then(unmarked) } else { line };
        let mut line = match line {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(problem) => {
                send(Err(problem));
                return;
            }
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        if std::mem::take(&mut first) && is_incomplete(&line) {
            match line_after(&mut line, &mut reader) {
                // The first line is truncated, but the input is JSON lines all the same.
                Ok(Some(second)) if is_complete(&second) => {
                    if !send(Ok(std::mem::replace(&mut line, second))) {
                        return;
                    }
                }
                Ok(second) => {
                    line.extend(second.unwrap_or_default());
                    return read_documents(line, reader, send);
                }
                Err(problem) => {
                    send(Err(problem));
                    return;
                }
            }
        }
        if !send(Ok(line)) {
            return;
        }
    }
}

/// The next line; `None` at the end of the input.
fn read_line(reader: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_INPUT).read_until(b'\n', &mut line);
    match read.map_err(|error| format!("standard input cannot be read: {error}"))? {
        0 => Ok(None),
        _ if line.len() as u64 == MAX_INPUT => Err(format!("a line has more than {MAX_INPUT} bytes")),
        _ => Ok(Some(line)),
    }
}

/// The input's first line without its byte order mark.
fn unmarked(line: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, String> {
    let Some(line) = line else { return Ok(None) };
    let text = without_mark(&line).map_err(|problem| format!("standard input {problem}"))?;
    Ok(Some(text.to_vec()))
}

/// The next line that is not blank. Blank ones are added to `text`, so that errors still name the right line.
fn line_after(text: &mut Vec<u8>, reader: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    loop {
        match read_line(reader)? {
            Some(line) if line.trim_ascii().is_empty() && (text.len() as u64) < MAX_INPUT => text.extend(line),
            line => return Ok(line),
        }
    }
}

/// Whether a line is a complete JSON value.
fn is_complete(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

/// Whether a line is the beginning of a JSON value that may continue on the next line.
fn is_incomplete(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

/// Reads the rest as JSON documents, one after the other.
fn read_documents(mut text: Vec<u8>, reader: impl BufRead, mut send: impl FnMut(Input) -> bool) {
    if let Err(error) = reader.take(MAX_INPUT).read_to_end(&mut text) {
        send(Err(format!("standard input cannot be read: {error}")));
        return;
    }
    if text.len() as u64 > MAX_INPUT {
        send(Err(format!("the input has more than {MAX_INPUT} bytes; give JSON lines, one message each")));
        return;
    }
    for document in serde_json::Deserializer::from_slice(&text).into_iter::<Box<RawValue>>() {
        let input = match document {
            Ok(raw) => Ok(raw.get().as_bytes().to_vec()),
            Err(error) => Err(format!("the input is not JSON: line {}, column {}", error.line(), error.column())),
        };
        let stop = input.is_err();
        if !send(input) || stop {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<String, String>> {
        let mut inputs = Vec::new();
        read_all(text.as_bytes(), |input| {
            inputs.push(input.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()));
            true
        });
        inputs
    }

    #[test]
    fn a_bad_line_does_not_affect_the_others() {
        let want = vec![Ok("{\"a\":1}".to_owned()), Ok("{bad".to_owned()), Ok("{\"b\":2}".to_owned())];
        assert_eq!(read("\n{\"a\":1}\n{bad\n\n{\"b\":2}"), want);
        assert_eq!(read(""), vec![]);
    }

    #[test]
    fn a_truncated_first_line_does_not_swallow_the_next() {
        let want = vec![Ok("{\"a\":".to_owned()), Ok("{\"b\":2}".to_owned()), Ok("{\"c\":".to_owned())];
        assert_eq!(read("{\"a\":\n{\"b\":2}\n{\"c\":\n"), want);
        assert_eq!(read("{\"a\":\n\n{\"b\":2}\n{\"c\":\n"), want);
        assert!(read("{\"a\":\n")[0].as_ref().is_err_and(|text| text.contains("line 2")), "nothing follows");
    }

    #[test]
    fn a_document_may_span_lines() {
        assert_eq!(read("{\n \"a\": 1\n}\n"), vec![Ok("{\n \"a\": 1\n}".to_owned())]);
        let inputs = read("{\n}\n{\n \"b\": }\n");
        assert_eq!(inputs[0], Ok("{\n}".to_owned()));
        assert!(inputs[1].as_ref().is_err_and(|text| text.contains("line 4")), "{inputs:?}");
        let inputs = read("{\n\n\n\"b\": }\n");
        assert!(inputs[0].as_ref().is_err_and(|text| text.contains("line 4")), "{inputs:?}");
    }

    #[test]
    fn a_byte_order_mark_is_ignored_and_utf_16_is_named() {
        assert_eq!(read("\u{feff}{\"a\":1}\n2\n"), [Ok("{\"a\":1}".to_owned()), Ok("2".to_owned())]);
        assert_eq!(read("\u{feff}\n{\n}\n"), [Ok("{\n}".to_owned())]);
        assert_eq!(read("1\n\u{feff}2\n")[1], Ok("\u{feff}2".to_owned()), "only the first line has a mark");
        for text in [&b"\xFF\xFE{\0}\0\n\0{\0}\0"[..], b"\xFE\xFF\0{\0}\0\n\0{\0}"] {
            let mut inputs = Vec::new();
            read_all(text, |input| {
                inputs.push(input);
                true
            });
            assert_eq!(inputs, [Err("standard input is UTF-16; save it as UTF-8".to_owned())]);
        }
    }
}
