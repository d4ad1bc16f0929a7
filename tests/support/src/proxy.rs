//! A TCP proxy between one worker and its broker, so that a test can harm this worker's connections and no others.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The client names its connection within its first bytes; so many are searched for the name.
const HEAD_BYTES: usize = 4096;
const BUFFER_BYTES: usize = 16 * 1024;

/// Listens on a free port of loopback until dropped.
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    connections: watch::Receiver<usize>,
    swallowed: watch::Receiver<usize>,
    accepting: JoinHandle<()>,
}

/// What the test wants of the connections.
#[derive(Clone, Default)]
struct Control {
    cuts: usize,
    deaf_to: Option<String>,
    silent: bool,
}

/// What the proxy counts.
#[derive(Clone)]
struct Counts {
    connections: watch::Sender<usize>,
    swallowed: watch::Sender<usize>,
}

impl Proxy {
    /// Forwards every connection to `upstream` (`host:port`).
    pub async fn start(upstream: String) -> Result<Self> {
        Self::on(TcpListener::bind("127.0.0.1:0").await.context("no port for the proxy")?, upstream)
    }

    /// The same on a port that the test chose.
    pub fn on(listener: TcpListener, upstream: String) -> Result<Self> {
        let address = listener.local_addr()?;
        let control = watch::Sender::default();
        let counts = Counts { connections: watch::Sender::new(0), swallowed: watch::Sender::new(0) };
        let (connections, swallowed) = (counts.connections.subscribe(), counts.swallowed.subscribe());
        let accepting = tokio::spawn(accept(listener, upstream, control.subscribe(), counts));
        Ok(Self { address, control, connections, swallowed, accepting })
    }

    /// Where the worker connects to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections came so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// How many bytes of the worker did not reach the broker.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        *self.swallowed.borrow()
    }

    /// From now on the broker hears nothing on the connections whose name contains `name`, until the next [`Self::cut`].
    pub fn deafen(&self, name: &str) {
        self.control.send_modify(|control| control.deaf_to = Some(name.to_owned()));
    }

    /// Cuts every connection that is open now, on both sides; later ones are forwarded again.
    pub fn cut(&self) {
        self.control.send_modify(|control| *control = Control { cuts: control.cuts + 1, ..Control::default() });
    }

    /// From now on connections are accepted and nothing more, until `silent` is false again; those that were accepted
    /// meanwhile stay silent until the next [`Self::cut`].
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
                // A cut, or the proxy was dropped: either way both sockets go with `forward`.
                _ = cut.wait_for(|control| control.cuts > cuts) => {}
            }
        });
    }
}

/// Ends when either side does; an error on one side is the other's end of connection.
async fn forward(client: TcpStream, upstream: String, control: watch::Receiver<Control>, counts: Counts) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    // The proxy must not add the delayed acknowledgements of its own hop to what is timed.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    tokio::select! {
        _ = forward_requests(from_client, to_server, control, counts) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// From the worker to the broker, but for what the broker must not hear.
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
        let deaf_to = control.borrow().deaf_to.clone();
        if deaf_to.is_some_and(|name| head.windows(name.len()).any(|bytes| bytes == name.as_bytes())) {
            counts.swallowed.send_modify(|count| *count += length);
        } else {
            server.write_all(&buffer[..length]).await?;
        }
    }
}
