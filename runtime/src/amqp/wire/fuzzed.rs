//! Properties of the mending: lapin reads what it lets pass, it reads the same as we do, and mends nothing twice.

use amq_protocol::frame::{AMQPContentHeader, parsing::parse_content_header};

use super::{
    FRAME_OVERHEAD,
    frames::{Incoming, LARGE_HEADERS, LargeHeaders, UNREADABLE},
    handshake::Outgoing,
    header, read_table,
};
use crate::{amqp::fuzzed::headers_of_lapin, platform::headers::Value};

/// Bytes in front of the properties.
const FIXED: usize = 14;

/// The payload of a content header, without its first twelve bytes: flags and properties.
pub fn amqp_headers(data: &[u8]) {
    let mut payload = vec![0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    payload.extend_from_slice(data);
    let before = payload.len();
    let Ok(mended) = header::mend(&mut payload) else { return };
    assert!(payload.len() == before, "mending keeps lengths");
    let once = payload.clone();
    header::mend(&mut payload).expect("what is mended is readable");
    assert!(payload == once, "mending twice changes nothing more");
    let read = lapins(&payload).expect("lapin reads what was mended");
    let Some(range) = mended.table else { return };
    assert!(range.start >= FIXED && range.end <= payload.len());
    let table = read.properties.headers().clone().expect("lapin sees the headers too");
    headers_of_lapin(&table);
    let mut ours = read_table(&payload[range.clone()]);
    let theirs = crate::amqp::values::read_table(&table);
    in_lapins_order(&mut ours);
    assert!(text(&ours) == text(&theirs), "we read other headers than lapin");
    let alone = header::with_table_alone(&payload, &payload[range]);
    let alone = lapins(&alone).expect("lapin reads the headers alone");
    assert!(alone.properties.headers().as_ref() == Some(&table) || text(&theirs).contains("NaN"));
}

/// The broker's bytes, cut into pieces at places that the first bytes name.
pub fn amqp_frames(data: &[u8]) {
    let (cuts, stream) = data.split_at(data.len().min(8));
    let mut whole = Vec::new();
    Incoming::new(LargeHeaders::default()).feed(stream, &mut whole);
    let mut pieces = Vec::new();
    let mut incoming = Incoming::new(LargeHeaders::default());
    let mut rest = stream;
    for cut in cuts.iter().cycle().take_while(|_| !cuts.is_empty()) {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(1 + usize::from(*cut)));
        incoming.feed(piece, &mut pieces);
        rest = after;
    }
    let large = |bytes: &[u8]| bytes.windows(LARGE_HEADERS.len()).any(|window| window == LARGE_HEADERS.as_bytes());
    // Their keys are random.
    assert!(whole == pieces || large(&whole), "pieces make a difference");
    let marks = stream.len() / FRAME_OVERHEAD * (2 * UNREADABLE.len() + 100);
    assert!(whole.len() <= stream.len() + marks, "more comes out than frames and marks");

    let (mut at_once, mut in_pieces) = (Vec::new(), Vec::new());
    Outgoing::new(65_536).feed(stream, &mut at_once);
    let mut outgoing = Outgoing::new(65_536);
    for piece in stream.chunks(1 + usize::from(cuts.first().copied().unwrap_or(0))) {
        outgoing.feed(piece, &mut in_pieces);
    }
    assert!(at_once == in_pieces, "pieces make a difference in the handshake");
    assert!(at_once.len() <= stream.len());
}

fn lapins(payload: &[u8]) -> Option<AMQPContentHeader> {
    let (rest, header) = parse_content_header(payload).ok()?;
    rest.is_empty().then_some(header)
}

/// Sorted by name, the last of equal names only, at every depth.
fn in_lapins_order(fields: &mut Vec<(String, Value)>) {
    fields.reverse();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    fields.dedup_by(|(one, _), (other, _)| one == other);
    for (_, value) in fields {
        order_value(value);
    }
}

fn order_value(value: &mut Value) {
    match value {
        Value::Table(fields) => in_lapins_order(fields),
        Value::Array(values) => values.iter_mut().for_each(order_value),
        _ => {}
    }
}

/// For comparison: not a number is not equal to itself.
fn text(headers: &[(String, Value)]) -> String {
    format!("{headers:?}")
}
