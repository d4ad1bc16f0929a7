//! A host that is not Podio: it answers every request with 200 `{"evil": true}` and records the headers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::arrivals::Arrivals;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
    content-length: 14\r\nconnection: close\r\n\r\n{\"evil\": true}";

/// Listens on a free port of the loopback interface until it is dropped.
#[derive(Debug)]
pub struct OtherHost {
    address: SocketAddr,
    requests: Arrivals<OtherRequest>,
    accepting: JoinHandle<()>,
}

/// A request to the other host.
#[derive(Clone, Debug)]
pub struct OtherRequest {
    /// The request line.
    pub line: String,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl OtherRequest {
    /// The `Authorization` header, if there was one.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(String::as_str)
    }
}

impl OtherHost {
    /// Starts listening.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port for the other host")?;
        let address = listener.local_addr()?;
        let requests = Arrivals::default();
        let accepting = tokio::spawn(accept(listener, requests.clone()));
        Ok(Self { address, requests, accepting })
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<OtherRequest> {
        self.requests.all()
    }
}

impl Drop for OtherHost {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, requests: Arrivals<OtherRequest>) {
    while let Ok((stream, _)) = listener.accept().await {
        let requests = requests.clone();
        tokio::spawn(async move {
            // A client that hangs up half-way did not send a request.
            let _ = answer(stream, &requests).await;
        });
    }
}

async fn answer(mut stream: TcpStream, requests: &Arrivals<OtherRequest>) -> Result<()> {
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    let line = lines.next_line().await?.context("there is no request line")?;
    let mut headers = BTreeMap::new();
    while let Some(header) = lines.next_line().await?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = header.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    requests.push(OtherRequest { line, headers });
    Ok(writing.write_all(ANSWER).await?)
}
