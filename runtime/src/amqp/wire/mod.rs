//! Between lapin and the socket: what the broker sends is mended before lapin reads it (protocol, section 16.9).
//!
//! lapin reads one message after the other, and one that it cannot read breaks the connection, for every message behind
//! it too, each time it is delivered. Three things make it fail: text that is not UTF-8, header values that are nested so
//! deeply that its parser overflows the stack, and a content header that is larger than the frame size it agreed on (the
//! broker never splits those). Here such a message is made readable, or marked as unreadable, so that it alone is at stake.
//!
//! lapin's buffers hold 32 frames in each direction. So it is told a small frame size, while the broker agrees on its own:
//! larger frames of bodies are split on the way, and larger content headers go around lapin.

mod frames;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod handshake;
mod header;
mod kit;
mod stream;
mod table;

pub(super) use frames::{LARGE_HEADERS, LargeHeaders, UNREADABLE};
pub(super) use kit::Kit;
pub(super) use stream::{Socket, WireStream};
pub(super) use table::read_table;

/// Bytes of a frame beside its payload: type, channel, length and end.
const FRAME_OVERHEAD: usize = 8;
/// The end of every frame.
const FRAME_END: u8 = 0xCE;

/// Bytes of the largest frame that lapin is told of; it holds 32 of them in each direction of each connection.
pub(super) const LAPIN_FRAME_MAX: u32 = 16 * 1024;
/// Bytes of the largest frame that is agreed on with the broker: RabbitMQ's default, and the largest content header that it
/// sends whatever was agreed on.
pub(super) const FRAME_MAX: u32 = 128 * 1024;
