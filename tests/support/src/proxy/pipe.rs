//! One way of a connection: forwards bytes as the toxics allow.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::control::{Break, Control, Rule, is_named};
use super::toxic::{Step, Toxic, Way, step};

/// lapin sends the name of its connection within this many bytes.
const HEAD_BYTES: usize = 4096;
const BUFFER_BYTES: usize = 16 * 1024;
/// `basic.nack`: the length of its payload, its class and its method.
const NACK: &[u8] = &[0, 0, 0, 13, 0, 60, 0, 120];

/// The first bytes that the worker sent over a connection, which hold its name.
#[derive(Clone, Default)]
pub(super) struct Head(Arc<Mutex<Vec<u8>>>);

impl Head {
    fn extend(&self, bytes: &[u8]) {
        let mut head = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEAD_BYTES.saturating_sub(head.len());
        head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        is_named(&self.0.lock().unwrap_or_else(PoisonError::into_inner), name)
    }
}

/// Forwards one way of one connection.
pub(super) struct Pipe {
    pub(super) way: Way,
    pub(super) head: Head,
    pub(super) control: watch::Receiver<Control>,
    pub(super) nacks: watch::Sender<usize>,
    /// How many bytes have passed since each toxic was set.
    pub(super) passed: HashMap<u64, usize>,
    /// Whether bytes were lost.
    pub(super) lossy: bool,
}

impl Pipe {
    /// Returns how the connection ends: with the end of either side, or as a toxic says.
    pub(super) async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Break {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let length = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => return Break::Close,
                Ok(length) => length,
            };
            if self.way == Way::ToServer {
                self.head.extend(&buffer[..length]);
            }
            match self.forward(&buffer[..length], &mut to).await {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(_) => return Break::Close,
            }
        }
    }

    async fn forward(&mut self, mut bytes: &[u8], to: &mut WriteHalf<'_>) -> io::Result<Option<Break>> {
        while !bytes.is_empty() {
            let rules = self.rules();
            let toxics = rules.iter().map(|rule| (rule.toxic, self.passed.get(&rule.id).copied().unwrap_or_default()));
            let step = step(toxics, bytes.len());
            if !matches!(step, Step::Pass(..)) {
                meet(&rules, bytes.len());
            }
            match step {
                // TCP goes on without a gap or not at all.
                Step::Pass(..) if self.lossy => return Ok(Some(Break::Reset)),
                Step::Pass(length, delay) => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    let (now, later) = bytes.split_at(length);
                    self.count_nacks(now);
                    to.write_all(now).await?;
                    for rule in &rules {
                        *self.passed.entry(rule.id).or_default() += length;
                    }
                    bytes = later;
                }
                Step::Swallow => {
                    self.lossy = true;
                    return Ok(None);
                }
                Step::Wait => {
                    if self.control.changed().await.is_err() {
                        return Ok(Some(Break::Close));
                    }
                }
                Step::Close => return Ok(Some(Break::Close)),
                Step::Reset => return Ok(Some(Break::Reset)),
            }
        }
        Ok(None)
    }

    /// The rules for this connection and way.
    fn rules(&mut self) -> Vec<Rule> {
        let control = self.control.borrow_and_update();
        let mine = |rule: &&Rule| rule.way == self.way && self.head.is_named(&rule.name);
        control.rules.iter().filter(mine).cloned().collect()
    }

    fn count_nacks(&self, bytes: &[u8]) {
        if self.way == Way::ToServer {
            let nacks = bytes.windows(NACK.len()).filter(|bytes| *bytes == NACK).count();
            self.nacks.send_modify(|count| *count += nacks);
        }
    }
}

/// Counts the bytes that did not pass with the toxics that may stop them.
fn meet(rules: &[Rule], length: usize) {
    for rule in rules.iter().filter(|rule| !matches!(rule.toxic, Toxic::Latency(_) | Toxic::Bandwidth(_))) {
        rule.met.send_modify(|met| *met += length);
    }
}
