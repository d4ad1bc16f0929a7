//! What a proxy does to the bytes of a connection (a toxic), as a pure decision about the next ones.

use std::time::Duration;

/// The way that bytes take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the worker to the server.
    ToServer,
    /// From the server to the worker.
    ToClient,
}

/// A disturbance of one way of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxic {
    /// Bytes arrive this much later.
    Latency(Duration),
    /// No more than so many bytes a second pass.
    Bandwidth(u32),
    /// So many bytes pass; the others wait until the toxic is lifted.
    HoldAfter(usize),
    /// Bytes are lost. Once it is lifted, the next bytes reset a connection that lost some.
    BlackHole,
    /// After so many bytes, the connection is closed on both sides.
    CloseAfter(usize),
    /// After so many bytes, the connection is reset (RST) on both sides.
    ResetAfter(usize),
}

/// What is done with the next bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many of them pass, after a delay.
    Pass(usize, Duration),
    /// All of them are lost.
    Swallow,
    /// They wait until something changes.
    Wait,
    Close,
    Reset,
}

/// What is done with `length` bytes, of a connection that has these toxics; the number beside each is how many bytes have
/// passed since it was set. The gentlest that nothing forbids: loss before an end, an end before a wait.
pub(super) fn step(toxics: impl IntoIterator<Item = (Toxic, usize)>, length: usize) -> Step {
    let (mut pass, mut delay, mut stopped) = (length, Duration::ZERO, None);
    for (toxic, passed) in toxics {
        let (limit, stop) = match toxic {
            Toxic::Latency(latency) => {
                delay += latency;
                continue;
            }
            Toxic::Bandwidth(bytes) => {
                // A twentieth of a second's bytes at a time, so that they trickle.
                pass = pass.min((bytes as usize / 20).max(1));
                delay += Duration::from_secs(1) / 20;
                continue;
            }
            Toxic::BlackHole => return Step::Swallow,
            Toxic::HoldAfter(limit) => (limit, Step::Wait),
            Toxic::CloseAfter(limit) => (limit, Step::Close),
            Toxic::ResetAfter(limit) => (limit, Step::Reset),
        };
        let left = limit.saturating_sub(passed);
        if left == 0 && (stopped.is_none() || stopped == Some(Step::Wait)) {
            stopped = Some(stop);
        }
        pass = pass.min(left);
    }
    stopped.unwrap_or(Step::Pass(pass, delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn bytes_pass_up_to_the_limit_of_each_toxic() {
        for (toxics, expected) in [
            (vec![], Step::Pass(100, Duration::ZERO)),
            (vec![(Toxic::Latency(SECOND), 7)], Step::Pass(100, SECOND)),
            (vec![(Toxic::Bandwidth(1000), 7)], Step::Pass(50, SECOND / 20)),
            (vec![(Toxic::Bandwidth(1), 0)], Step::Pass(1, SECOND / 20)),
            (vec![(Toxic::HoldAfter(30), 0)], Step::Pass(30, Duration::ZERO)),
            (vec![(Toxic::HoldAfter(30), 30)], Step::Wait),
            (vec![(Toxic::HoldAfter(30), 0), (Toxic::Latency(SECOND), 0)], Step::Pass(30, SECOND)),
            (vec![(Toxic::CloseAfter(30), 20)], Step::Pass(10, Duration::ZERO)),
            (vec![(Toxic::CloseAfter(30), 30)], Step::Close),
            (vec![(Toxic::ResetAfter(0), 0)], Step::Reset),
        ] {
            assert_eq!(step(toxics.clone(), 100), expected, "{toxics:?}");
        }
    }

    #[test]
    fn loss_comes_before_an_end_and_an_end_before_a_wait() {
        let (hold, reset, loss) = ((Toxic::HoldAfter(0), 0), (Toxic::ResetAfter(0), 0), (Toxic::BlackHole, 0));
        assert_eq!(step([hold, reset], 1), Step::Reset);
        assert_eq!(step([reset, hold], 1), Step::Reset);
        assert_eq!(step([reset, hold, loss], 1), Step::Swallow);
    }
}
