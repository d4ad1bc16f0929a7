//! One connection through a proxy, from its acceptance to its end on both sides.

use std::collections::HashMap;

use tokio::io::{copy, sink};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::control::{Break, Control};
use super::pipe::{Head, Pipe};
use super::toxic::Way;

/// Forwards a connection until it ends on either side, a toxic ends it, or the test does.
pub(super) async fn serve(
    mut client: TcpStream,
    upstream: String,
    control: watch::Receiver<Control>,
    nacks: watch::Sender<usize>,
) {
    let Control { breaks, silent, .. } = control.borrow().clone();
    let mut ends = Ends { control: control.clone(), seen: breaks.len(), head: Head::default() };
    if silent {
        ends.next().await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
    // The proxy must not add the delay of Nagle's algorithm to what tests time.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let pipe = |way| {
        let (head, control, nacks) = (ends.head.clone(), control.clone(), nacks.clone());
        Pipe { way, head, control, nacks, passed: HashMap::new(), lossy: false }
    };
    let (to_server, to_client) = (pipe(Way::ToServer), pipe(Way::ToClient));
    let end = {
        let (from_client, towards_client) = client.split();
        let (from_server, towards_server) = server.split();
        tokio::select! {
            // First, or what is released in the same moment would still pass.
            biased;
            end = ends.next() => end,
            end = to_server.run(from_client, towards_server) => end,
            end = to_client.run(from_server, towards_client) => end,
        }
    };
    match end {
        Break::Close => {}
        Break::Reset => {
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
        Break::HalfOpen => {
            drop(server);
            let mut lost = sink();
            let end = tokio::select! {
                _ = copy(&mut client, &mut lost) => Break::Close,
                end = ends.next() => end,
            };
            if end == Break::Reset {
                let _ = client.set_zero_linger();
            }
        }
    }
}

/// What the test ends connections with.
struct Ends {
    control: watch::Receiver<Control>,
    /// How many of the ends were looked at, or were before this connection.
    seen: usize,
    head: Head,
}

impl Ends {
    /// Waits until the test ends this connection.
    async fn next(&mut self) -> Break {
        loop {
            let later = match self.control.wait_for(|control| control.breaks.len() > self.seen).await {
                Ok(control) => control.breaks[self.seen..].to_vec(),
                Err(_) => return Break::Close,
            };
            self.seen += later.len();
            if let Some((_, end)) = later.into_iter().find(|(name, _)| self.head.is_named(name)) {
                return end;
            }
        }
    }
}
