//! A server that answers every request with the same bytes, whatever they are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::arrivals::Arrivals;

/// Listens on a free port of the loopback interface until it is dropped.
#[derive(Debug)]
pub struct RawHttp {
    address: SocketAddr,
    requests: Arrivals<String>,
    sent: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

/// What is said to a request, after which the connection is closed.
#[derive(Debug)]
struct Says {
    first: Vec<u8>,
    /// Follows for ever, unless it is empty.
    again: Vec<u8>,
}

impl RawHttp {
    /// A server that says `answer` to every request.
    pub async fn start(answer: impl Into<Vec<u8>>) -> Result<Self> {
        Self::endless(answer, Vec::new()).await
    }

    /// A server that says `first` to every request, and then `again` without end.
    pub async fn endless(first: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port for the server")?;
        let address = listener.local_addr()?;
        let (requests, sent) = (Arrivals::default(), Arc::default());
        let says = Arc::new(Says { first: first.into(), again: again.into() });
        let accepting = tokio::spawn(accept(listener, says, requests.clone(), Arc::clone(&sent)));
        Ok(Self { address, requests, sent, accepting })
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The request lines so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.all()
    }

    /// Bytes that were sent so far, on all connections.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for RawHttp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, says: Arc<Says>, requests: Arrivals<String>, sent: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (says, requests, sent) = (Arc::clone(&says), requests.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            // A client that has heard enough hangs up.
            let _ = answer(stream, &says, &requests, &sent).await;
        });
    }
}

async fn answer(mut stream: TcpStream, says: &Says, requests: &Arrivals<String>, sent: &AtomicU64) -> Result<()> {
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    let (mut request, mut line, mut length) = (None, String::new(), 0);
    while reading.read_line(&mut line).await? > 2 {
        request.get_or_insert_with(|| line.trim_end().to_owned());
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    reading.read_exact(&mut vec![0; length]).await?;
    requests.push(request.context("there is no request line")?);
    writing.write_all(&says.first).await?;
    sent.fetch_add(says.first.len() as u64, Ordering::Relaxed);
    while !says.again.is_empty() {
        writing.write_all(&says.again).await?;
        sent.fetch_add(says.again.len() as u64, Ordering::Relaxed);
    }
    writing.shutdown().await?;
    // What is not read would reset the connection, and the answer with it.
    tokio::io::copy(&mut reading, &mut tokio::io::sink()).await?;
    Ok(())
}
