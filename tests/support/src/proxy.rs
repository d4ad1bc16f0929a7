//! A TCP proxy between one worker and its broker, so that a test can break this worker's connections and no others.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// lapin sends the name of its connection within this many bytes.
const HEAD_BYTES: usize = 4096;
const BUFFER_BYTES: usize = 16 * 1024;
/// `basic.nack`: the length of its payload, its class and its method.
const NACK: &[u8] = &[0, 0, 0, 13, 0, 60, 0, 120];

/// Listens on the loopback interface until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    connections: watch::Receiver<usize>,
    swallowed: watch::Receiver<usize>,
    nacks: watch::Receiver<usize>,
    accepting: JoinHandle<()>,
}

/// What the test does to the connections.
#[derive(Clone, Default)]
struct Control {
    cuts: usize,
    deaf_to: Option<String>,
    /// Connections of this name end with the next of their bytes.
    cut_off: Option<String>,
    silent: bool,
}

/// What the proxy counts.
#[derive(Clone)]
struct Counts {
    connections: watch::Sender<usize>,
    swallowed: watch::Sender<usize>,
    nacks: watch::Sender<usize>,
}

impl Proxy {
    /// Forwards every connection on a free port to `upstream` (`host:port`).
    pub(crate) async fn start(upstream: String) -> Result<Self> {
        Self::on(TcpListener::bind("127.0.0.1:0").await.context("there is no free port for the proxy")?, upstream)
    }

    /// Forwards every connection on a port of the test's choice.
    pub fn on(listener: TcpListener, upstream: String) -> Result<Self> {
        let address = listener.local_addr()?;
        let control = watch::Sender::default();
        let counts = Counts {
            connections: watch::Sender::new(0),
            swallowed: watch::Sender::new(0),
            nacks: watch::Sender::new(0),
        };
        let (connections, swallowed) = (counts.connections.subscribe(), counts.swallowed.subscribe());
        let nacks = counts.nacks.subscribe();
        let accepting = tokio::spawn(accept(listener, upstream, control.subscribe(), counts));
        Ok(Self { address, control, connections, swallowed, nacks, accepting })
    }

    /// The address that the worker connects to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// How many of the worker's bytes were not forwarded to the broker.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        *self.swallowed.borrow()
    }

    /// How many `basic.nack` the worker has sent, as far as each came in one piece.
    #[must_use]
    pub fn nacks(&self) -> usize {
        *self.nacks.borrow()
    }

    /// Stops forwarding to the broker on the connections whose name contains `name`, until the next [`Self::cut`].
    pub fn deafen(&self, name: &str) {
        self.control.send_modify(|control| control.deaf_to = Some(name.to_owned()));
    }

    /// Closes the connections whose name contains `name` as soon as the worker sends something on them, until the next
    /// [`Self::cut`] or [`Self::heal`].
    pub fn cut_off(&self, name: &str) {
        self.control.send_modify(|control| control.cut_off = Some(name.to_owned()));
    }

    /// Ends what [`Self::cut_off`] began; open connections stay.
    pub fn heal(&self) {
        self.control.send_modify(|control| control.cut_off = None);
    }

    /// Closes every open connection on both sides; later ones are forwarded again.
    pub fn cut(&self) {
        self.control.send_modify(|control| *control = Control { cuts: control.cuts + 1, ..Control::default() });
    }

    /// While `silent` is true, new connections are accepted but not forwarded. They stay silent until the next
    /// [`Self::cut`], even when `silent` is false again.
    pub fn silence(&self, silent: bool) {
        self.control.send_modify(|control| control.silent = silent);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: String, control: watch::Receiver<Control>, counts: Counts) {
    while let Ok((client, _)) = listener.accept().await {
        counts.connections.send_modify(|count| *count += 1);
        let upstream = upstream.clone();
        let (control, mut cut, counts) = (control.clone(), control.clone(), counts.clone());
        tokio::spawn(async move {
            let Control { cuts, silent, .. } = cut.borrow().clone();
            tokio::select! {
                () = forward(client, upstream, control, counts), if !silent => {}
                // A cut, or the proxy was dropped: either way, dropping `forward` closes both sockets.
                _ = cut.wait_for(|control| control.cuts > cuts) => {}
            }
        });
    }
}

/// Ends when either side ends or fails; the other side then sees the connection close.
async fn forward(client: TcpStream, upstream: String, control: watch::Receiver<Control>, counts: Counts) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    // The proxy must not add the delay of Nagle's algorithm to what tests time.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    tokio::select! {
        _ = forward_requests(from_client, to_server, control, counts) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// Forwards from the worker to the broker, except what the broker must not receive.
async fn forward_requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    control: watch::Receiver<Control>,
    counts: Counts,
) -> Result<()> {
    let mut head = Vec::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buffer[..length.min(HEAD_BYTES.saturating_sub(head.len()))]);
        let Control { deaf_to, cut_off, .. } = control.borrow().clone();
        let named = |name: String| head.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        if cut_off.is_some_and(named) {
            return Ok(());
        }
        if deaf_to.is_some_and(named) {
            counts.swallowed.send_modify(|count| *count += length);
        } else {
            let nacks = buffer[..length].windows(NACK.len()).filter(|bytes| *bytes == NACK).count();
            counts.nacks.send_modify(|count| *count += nacks);
            server.write_all(&buffer[..length]).await?;
        }
    }
}
