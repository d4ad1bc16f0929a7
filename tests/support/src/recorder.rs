//! A TCP forwarder that keeps what its clients send, so that a test can say what a host has received.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const BUFFER_BYTES: usize = 16 * 1024;

/// The bytes of every connection, in the order of the connections.
type Kept = Arc<Mutex<Vec<Vec<u8>>>>;

/// Listens on the loopback interface until it is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    kept: Kept,
    accepting: JoinHandle<()>,
}

impl Recorder {
    /// Forwards every connection on a free port to `upstream`; without one, it only listens and never answers.
    pub async fn start(upstream: Option<SocketAddr>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port for the recorder")?;
        let address = listener.local_addr()?;
        let kept = Kept::default();
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&kept)));
        Ok(Self { address, kept, accepting })
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base address for HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come in so far, a list for each connection.
    #[must_use]
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: Option<SocketAddr>, kept: Kept) {
    while let Ok((client, _)) = listener.accept().await {
        let index = {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Vec::new());
            kept.len() - 1
        };
        tokio::spawn(forward(client, upstream, Arc::clone(&kept), index));
    }
}

/// Ends when either side ends or fails; the other side then sees the connection close.
async fn forward(client: TcpStream, upstream: Option<SocketAddr>, kept: Kept, index: usize) {
    let keep = |bytes: &[u8]| kept.lock().unwrap_or_else(PoisonError::into_inner)[index].extend_from_slice(bytes);
    let Some(upstream) = upstream else {
        let (from_client, _to_client) = client.into_split();
        let _ = pass(from_client, None, keep).await;
        return;
    };
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    tokio::select! {
        _ = pass(from_client, Some(to_server), keep) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// Keeps and passes on what the client sends.
async fn pass(mut client: OwnedReadHalf, mut server: Option<OwnedWriteHalf>, keep: impl Fn(&[u8])) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        keep(&buffer[..length]);
        if let Some(server) = &mut server {
            server.write_all(&buffer[..length]).await?;
        }
    }
}
