//! The broker's frames, as lapin is to read them. Pure: bytes in, bytes out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    FRAME_END, FRAME_OVERHEAD, LAPIN_FRAME_MAX,
    header::{self, Mended, Unreadable},
};

/// A header of this name marks a message whose headers cannot be read; its value says why. A sender that uses the name
/// has its own message rejected, nothing else.
pub(in crate::amqp) const UNREADABLE: &str = "x-eio-runtime-unreadable";
/// A header of this name stands for headers that went around lapin; its value is their key in [`LargeHeaders`].
pub(in crate::amqp) const LARGE_HEADERS: &str = "x-eio-runtime-large-headers";

/// Type, channel and length.
const FRAME_HEAD: usize = 7;
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const BODY: u8 = 3;
/// `basic.deliver` and `basic.return`: class, method, and the bytes in front of their texts.
const DELIVER: [u8; 4] = [0, 60, 0, 60];
const RETURN: [u8; 4] = [0, 60, 0, 50];

/// Bytes of the largest payload that lapin reads in one frame.
const LAPIN_PAYLOAD_MAX: usize = LAPIN_FRAME_MAX as usize - FRAME_OVERHEAD;
/// Bytes of the largest frame that is looked at; a larger one is against what was agreed on, and passes as it is.
const LOOKED_AT_MAX: usize = super::FRAME_MAX as usize;

/// Tables of headers that are larger than a frame of lapin's, by random keys: nobody can name another message's.
///
/// One is taken out when its delivery is read, so there are at most as many as deliveries that lapin holds: the prefetch.
#[derive(Clone, Debug, Default)]
pub(in crate::amqp) struct LargeHeaders(Arc<Mutex<HashMap<i64, Vec<u8>>>>);

impl LargeHeaders {
    fn put(&self, table: Vec<u8>) -> i64 {
        let key = rand::random();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, table);
        key
    }

    /// The table under `key`, its length included; it is kept no longer.
    pub(in crate::amqp) fn take(&self, key: i64) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)
    }
}

/// Rewrites what the broker sends.
pub(super) struct Incoming {
    /// The frame that is looked at, as far as it has arrived.
    held: Vec<u8>,
    /// What is left of a frame that passes, its end included.
    passing: usize,
    /// A body's frame that is split: its channel, what is left of it, and of its part that was begun.
    split: Option<Split>,
    large: LargeHeaders,
}

struct Split {
    channel: [u8; 2],
    left: usize,
    part: usize,
}

impl Incoming {
    pub(super) fn new(large: LargeHeaders) -> Self {
        Self { held: Vec::new(), passing: 0, split: None, large }
    }

    /// Takes bytes as they arrive, and appends to `out` what lapin may read.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.passing > 0 {
                bytes = self.pass(bytes, out);
            } else if self.split.is_some() {
                bytes = self.pass_split(bytes, out);
            } else if let Some(rest) = self.take_whole(bytes, out) {
                bytes = rest;
            } else {
                bytes = self.hold(bytes, out);
            }
        }
    }

    /// Mends a frame that has arrived in one piece, as nearly all do.
    fn take_whole<'b>(&self, bytes: &'b [u8], out: &mut Vec<u8>) -> Option<&'b [u8]> {
        if !self.held.is_empty() || bytes.len() < FRAME_HEAD || !is_looked_at(bytes) {
            return None;
        }
        let (frame, rest) = bytes.split_at_checked(FRAME_HEAD + payload_size(bytes) + 1)?;
        let start = out.len();
        out.extend_from_slice(frame);
        if let Some(other) = self.mend(&mut out[start..]) {
            out.truncate(start);
            out.extend_from_slice(&other);
        }
        Some(rest)
    }

    fn pass<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
        let (now, rest) = bytes.split_at(self.passing.min(bytes.len()));
        out.extend_from_slice(now);
        self.passing -= now.len();
        rest
    }

    /// Passes a large frame of a body on, as several.
    fn pass_split<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
        let Some(split) = &mut self.split else { return bytes };
        if split.left == 0 {
            // The end of the large frame; its last part has one already.
            self.split = None;
            return &bytes[1..];
        }
        if split.part == 0 {
            split.part = split.left.min(LAPIN_PAYLOAD_MAX);
            write_head(out, BODY, split.channel, split.part);
        }
        let (now, rest) = bytes.split_at(split.part.min(bytes.len()));
        out.extend_from_slice(now);
        split.part -= now.len();
        split.left -= now.len();
        if split.part == 0 {
            out.push(FRAME_END);
        }
        rest
    }

    /// Holds the beginning of a frame back until it is known what to do with it.
    fn hold<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
        let wanted = match self.held.len() {
            head if head < FRAME_HEAD => FRAME_HEAD,
            _ => FRAME_HEAD + payload_size(&self.held) + 1,
        };
        let (now, rest) = bytes.split_at((wanted - self.held.len()).min(bytes.len()));
        self.held.extend_from_slice(now);
        if self.held.len() < FRAME_HEAD {
            return rest;
        }
        let size = payload_size(&self.held);
        if !is_looked_at(&self.held) {
            let channel = [self.held[1], self.held[2]];
            if self.held[0] == BODY && size > LAPIN_PAYLOAD_MAX {
                self.split = Some(Split { channel, left: size, part: 0 });
            } else {
                out.extend_from_slice(&self.held);
                self.passing = size + 1;
            }
            self.held.clear();
        } else if self.held.len() == FRAME_HEAD + size + 1 {
            let mut frame = std::mem::take(&mut self.held);
            let other = self.mend(&mut frame);
            out.extend_from_slice(other.as_ref().unwrap_or(&frame));
            frame.clear();
            // Its memory serves the next frame, unless a rare large one made it large.
            if frame.capacity() <= LAPIN_FRAME_MAX as usize {
                self.held = frame;
            }
        }
        rest
    }

    /// Mends a whole frame in its place, or returns the one to replace it.
    fn mend(&self, frame: &mut [u8]) -> Option<Vec<u8>> {
        let (kind, channel, size) = (frame[0], [frame[1], frame[2]], frame.len());
        let payload = &mut frame[FRAME_HEAD..size - 1];
        if kind == METHOD {
            mend_method(payload);
            return None;
        }
        match header::mend(payload) {
            Err(why) => Some(content_header(channel, &header::with_table_alone(payload, &text_table(UNREADABLE, why)))),
            Ok(Mended { table: Some(table) }) if size > LAPIN_FRAME_MAX as usize => {
                let key = self.large.put(payload[table.clone()].to_vec());
                let marker = key_table(LARGE_HEADERS, key);
                let payload = [&payload[..table.start], &marker, &payload[table.end..]].concat();
                Some(content_header(channel, &payload))
            }
            Ok(_) => None,
        }
    }
}

/// Whether the frame with this head is looked at; others pass.
fn is_looked_at(head: &[u8]) -> bool {
    matches!(head[0], METHOD | CONTENT_HEADER) && payload_size(head) + FRAME_OVERHEAD <= LOOKED_AT_MAX
}

fn payload_size(head: &[u8]) -> usize {
    u32::from_be_bytes([head[3], head[4], head[5], head[6]]).try_into().unwrap_or(usize::MAX - FRAME_OVERHEAD)
}

/// Mends the texts of the methods that carry a sender's: the names in `basic.deliver`, and in `basic.return`.
fn mend_method(payload: &mut [u8]) {
    let (mut at, skipped): (usize, &[usize]) = if payload.starts_with(&DELIVER) {
        // Consumer tag; delivery tag and flag; exchange; routing key.
        (4, &[9, 0, 0])
    } else if payload.starts_with(&RETURN) {
        // Reply code; reply text; exchange; routing key.
        (6, &[0, 0, 0])
    } else {
        return;
    };
    for skip in skipped {
        let Some(end) = header::mend_short_string(payload, at) else { return };
        at = end + skip;
    }
}

fn write_head(out: &mut Vec<u8>, kind: u8, channel: [u8; 2], size: usize) {
    out.push(kind);
    out.extend_from_slice(&channel);
    out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
}

/// The frame of a content header.
fn content_header(channel: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + FRAME_OVERHEAD);
    write_head(&mut frame, CONTENT_HEADER, channel, payload.len());
    frame.extend_from_slice(payload);
    frame.push(FRAME_END);
    frame
}

/// A table of one text.
fn text_table(name: &str, why: Unreadable) -> Vec<u8> {
    one_field(name, b'S', &[&length(why.len()), why.as_bytes()].concat())
}

/// A table of one number of 64 bits.
fn key_table(name: &str, key: i64) -> Vec<u8> {
    one_field(name, b'l', &key.to_be_bytes())
}

fn one_field(name: &str, kind: u8, value: &[u8]) -> Vec<u8> {
    let name_length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    let field = [&[name_length], name.as_bytes(), &[kind], value].concat();
    [&length(field.len()), &field[..]].concat()
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests;
