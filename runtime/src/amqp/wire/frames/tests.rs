//! Frames in pieces of every size, and what is done to them.

use super::*;
use proptest::prelude::*;

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(&mut out, kind, [0, 1], payload.len());
    out.extend_from_slice(payload);
    out.push(FRAME_END);
    out
}

/// What lapin gets of `bytes` when they arrive in pieces of `size`.
fn fed(bytes: &[u8], size: usize) -> (Vec<u8>, LargeHeaders) {
    let large = LargeHeaders::default();
    let mut incoming = Incoming::new(large.clone());
    let mut out = Vec::new();
    for piece in bytes.chunks(size) {
        incoming.feed(piece, &mut out);
    }
    (out, large)
}

fn header_payload(table: &[u8]) -> Vec<u8> {
    let mut payload = vec![0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    payload.extend_from_slice(&header::HEADERS.to_be_bytes());
    payload.extend_from_slice(&length(table.len()));
    payload.extend_from_slice(table);
    payload
}

#[test]
fn readable_frames_pass_unchanged_however_they_arrive() {
    let deliver = [&DELIVER[..], b"\x01c\0\0\0\0\0\0\0\x01\0\x01e\x01k"].concat();
    let bytes = [
        frame(METHOD, &deliver),
        frame(CONTENT_HEADER, &header_payload(b"\x01aV")),
        frame(BODY, b"body"),
        frame(8, b""),
        frame(BODY, &[7; LAPIN_PAYLOAD_MAX]),
    ]
    .concat();
    for size in [1, 2, 7, 8, 100, bytes.len()] {
        assert_eq!(fed(&bytes, size).0, bytes, "pieces of {size}");
    }
}

#[test]
fn texts_of_a_delivery_are_mended() {
    let deliver = [&DELIVER[..], b"\x01c\0\0\0\0\0\0\0\x01\0\x01e\x02k\xFF"].concat();
    let (out, _) = fed(&frame(METHOD, &deliver), 5);
    assert!(out.ends_with(b"\x02k?\xCE"), "{out:?}");
    let (out, _) = fed(&frame(METHOD, &DELIVER), 3);
    assert_eq!(out, frame(METHOD, &DELIVER), "too short to hold any");
}

#[test]
fn a_large_body_is_split() {
    let body: Vec<u8> = (0..3 * LAPIN_PAYLOAD_MAX + 5).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let want: Vec<u8> = body.chunks(LAPIN_PAYLOAD_MAX).flat_map(|part| frame(BODY, part)).collect();
    for size in [1000, 16_384, 1_000_000] {
        assert_eq!(fed(&[frame(BODY, &body), frame(8, b"")].concat(), size).0, [want.clone(), frame(8, b"")].concat());
    }
}

#[test]
fn headers_that_cannot_be_read_are_marked() {
    let (out, _) = fed(&frame(CONTENT_HEADER, &header_payload(b"\x01az")), 10);
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(text.contains(UNREADABLE) && text.contains("unknown type"), "{text}");
    assert_eq!(payload_size(&out) + FRAME_OVERHEAD, out.len());
}

#[test]
fn large_headers_go_around_lapin() {
    let value = [&b"\x01aS"[..], &length(20_000), &vec![b'v'; 20_000]].concat();
    let (out, large) = fed(&frame(CONTENT_HEADER, &header_payload(&value)), 4096);
    assert!(out.len() < 200);
    let at = out.len() - 9;
    let key = i64::from_be_bytes(out[at..at + 8].try_into().expect("eight bytes"));
    assert_eq!(large.take(key).expect("kept"), [&length(value.len()), &value[..]].concat());
    assert_eq!(large.take(key), None);
}

proptest! {
    #[test]
    fn any_bytes_pass(bytes in proptest::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        fed(&bytes, size);
    }
}
