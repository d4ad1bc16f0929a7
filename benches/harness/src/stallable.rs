//! A connection to the broker that can be made to take nothing.

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// Forwards connections to a broker until it is dropped.
pub(crate) struct Stallable {
    /// The broker's address through it.
    pub(crate) url: String,
    stalled: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Stallable {
    /// Listens on a free port in front of the broker at `url`.
    pub(crate) async fn before(url: &str) -> Result<Self> {
        let mut through = Url::parse(url)?;
        let host = through.host_str().context("the broker's address has no host")?;
        let broker = format!("{host}:{}", through.port().unwrap_or(5672));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        through.set_host(Some("127.0.0.1"))?;
        through.set_port(Some(listener.local_addr()?.port())).ok().context("the address takes no port")?;
        let (stalled, watched) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            while let Ok((worker, _)) = listener.accept().await {
                let Ok(broker) = TcpStream::connect(&broker).await else { continue };
                let (from_worker, to_worker) = worker.into_split();
                let (from_broker, to_broker) = broker.into_split();
                tokio::spawn(forward(from_worker, to_broker, watched.clone()));
                tokio::spawn(forward(from_broker, to_worker, watch::channel(false).1));
            }
        });
        Ok(Self { url: through.into(), stalled, accepting })
    }

    /// Whether the broker takes nothing from now on.
    pub(crate) fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }
}

impl Drop for Stallable {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut stalled: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // The sender may be gone, and nothing stalls then.
        let _ = stalled.wait_for(|stalled| !stalled).await;
        match from.read(&mut buffer).await {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).await.is_ok() => {}
            _ => return,
        }
    }
}
