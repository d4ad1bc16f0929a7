//! A GET without a library, and addresses that nobody else uses.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

/// Time limit of one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The port, on a loopback address of its own: no outgoing connection takes it meanwhile.
const PORT: u16 = 9464;

/// A loopback address for one worker's server.
#[must_use]
pub fn own_address() -> SocketAddr {
    let [a, b, c, ..] = *Uuid::new_v4().as_bytes();
    SocketAddr::from((Ipv4Addr::new(127, a.clamp(1, 254), b, c.clamp(1, 254)), PORT))
}

/// The status and the body of `GET path`.
pub async fn http_get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let asked = async {
        let mut socket = TcpStream::connect(address).await?;
        socket
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        Ok::<_, anyhow::Error>(answer)
    };
    let answer = timeout(ANSWER, asked).await.context("no answer in time")??;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("no HTTP: {answer:?}"))?;
    let status = head.split(' ').nth(1).context("a status")?.parse()?;
    Ok((status, body.to_owned()))
}
