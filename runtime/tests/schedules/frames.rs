//! AMQP frames to and from bytes.

use amq_protocol::{
    frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame, parse_frame},
    protocol::{AMQPClass, basic::AMQPProperties},
};

/// The class of `basic`.
const BASIC: u16 = 60;

/// Takes the first frame out of `bytes`, if it is whole.
pub(crate) fn take(bytes: &mut Vec<u8>) -> Option<AMQPFrame> {
    let (rest, frame) = parse_frame(&bytes[..]).ok()?;
    let read = bytes.len() - rest.len();
    bytes.drain(..read);
    Some(frame)
}

pub(crate) fn write(out: &mut Vec<u8>, frame: &AMQPFrame) {
    let context = WriteContext { write: Vec::new(), position: 0 };
    let written = gen_frame(frame)(context).expect("memory takes all");
    out.extend(written.write);
}

pub(crate) fn method(out: &mut Vec<u8>, channel: u16, method: AMQPClass) {
    write(out, &AMQPFrame::Method(channel, method));
}

/// A method with content.
pub(crate) fn content(out: &mut Vec<u8>, channel: u16, class: AMQPClass, properties: AMQPProperties, body: &[u8]) {
    method(out, channel, class);
    let header = AMQPContentHeader { class_id: BASIC, body_size: body.len() as u64, properties };
    write(out, &AMQPFrame::Header(channel, header));
    if !body.is_empty() {
        write(out, &AMQPFrame::Body(channel, body.to_vec()));
    }
}
