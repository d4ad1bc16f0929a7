//! The frame size in the handshake: lapin agrees on its own, and the broker hears the larger one. Pure.

use super::{FRAME_MAX, LAPIN_FRAME_MAX};

/// Bytes of the protocol's header, which is sent first and is not a frame.
const PROTOCOL_HEADER: usize = 8;
const FRAME_HEAD: usize = 7;
/// `connection.tune-ok` (AMQP 0-9-1, section 1.4.2.6): class and method.
const TUNE_OK: [u8; 4] = [0, 10, 0, 31];
/// Where the frame size is in its frame.
const FRAME_SIZE: std::ops::Range<usize> = FRAME_HEAD + 6..FRAME_HEAD + 10;

/// Watches what lapin sends until the handshake has agreed on the frame size.
pub(super) struct Outgoing {
    held: Vec<u8>,
    wanted: u32,
    agreed: bool,
    begun: bool,
}

impl Outgoing {
    /// `wanted`: the frame size to agree on with the broker.
    pub(super) fn new(wanted: u32) -> Self {
        Self { held: Vec::new(), wanted, agreed: false, begun: false }
    }

    /// Whether all that follows passes as it is.
    pub(super) fn is_agreed(&self) -> bool {
        self.agreed && self.held.is_empty()
    }

    /// Takes bytes as lapin sends them, and appends to `out` what the broker is to read.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        while !self.agreed {
            let whole = match (self.begun, self.held.get(3..FRAME_HEAD)) {
                (false, _) => PROTOCOL_HEADER,
                (true, None) => return,
                (true, Some(size)) => {
                    let size = u32::from_be_bytes([size[0], size[1], size[2], size[3]]);
                    FRAME_HEAD + usize::try_from(size).unwrap_or(usize::MAX - FRAME_HEAD - 1) + 1
                }
            };
            if self.held.len() < whole {
                return;
            }
            let mut frame: Vec<u8> = self.held.drain(..whole).collect();
            if std::mem::replace(&mut self.begun, true)
                && frame.get(FRAME_HEAD..FRAME_HEAD + TUNE_OK.len()) == Some(&TUNE_OK)
            {
                self.agree(&mut frame);
            }
            out.extend_from_slice(&frame);
        }
        out.append(&mut self.held);
    }

    /// lapin answers with the smaller one of its own size and the broker's. Only where its own was the smaller one may
    /// the broker take more.
    fn agree(&mut self, frame: &mut [u8]) {
        self.agreed = true;
        if let Some(bytes) = frame.get_mut(FRAME_SIZE)
            && *bytes == LAPIN_FRAME_MAX.to_be_bytes()
        {
            bytes.copy_from_slice(&self.wanted.min(FRAME_MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tune_ok(frame_max: u32) -> Vec<u8> {
        let payload = [&TUNE_OK[..], &[0, 0], &frame_max.to_be_bytes(), &[0, 60]].concat();
        let mut frame = vec![1, 0, 0, 0, 0, 0, u8::try_from(payload.len()).expect("short")];
        frame.extend_from_slice(&payload);
        frame.push(0xCE);
        frame
    }

    #[test]
    fn the_broker_hears_the_larger_size() {
        let start_ok = [1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 11, 0xCE];
        for (lapin, wanted, heard) in
            [(LAPIN_FRAME_MAX, FRAME_MAX, FRAME_MAX), (LAPIN_FRAME_MAX, 65_536, 65_536), (8192, FRAME_MAX, 8192)]
        {
            for size in [1, 5, 1000] {
                let sent = [&b"AMQP\0\0\x09\x01"[..], &start_ok, &tune_ok(lapin), b"more"].concat();
                let mut outgoing = Outgoing::new(wanted);
                let mut out = Vec::new();
                for piece in sent.chunks(size) {
                    outgoing.feed(piece, &mut out);
                }
                let want = [&b"AMQP\0\0\x09\x01"[..], &start_ok, &tune_ok(heard), b"more"].concat();
                assert_eq!(out, want);
                assert!(outgoing.is_agreed());
            }
        }
    }
}
