//! A publisher that writes its frames itself: for messages that no client library lets one send.

use anyhow::{Context, Result, bail, ensure};
use lapin::uri::AMQPUri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A method: class, method, arguments.
type Method = (u16, u16, Vec<u8>);

/// One connection with one channel, in confirm mode.
pub struct RawPublisher {
    stream: TcpStream,
}

impl RawPublisher {
    /// Connects to the broker at `url` with its user and vhost, and agrees on the broker's frame size.
    pub async fn connect(url: &str) -> Result<Self> {
        let uri: AMQPUri = url.parse().map_err(anyhow::Error::msg)?;
        let stream = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await?;
        let mut publisher = Self { stream };
        publisher.stream.write_all(b"AMQP\0\0\x09\x01").await?;
        publisher.expect(0, (10, 10)).await?;
        let login = format!("\0{}\0{}", uri.authority.userinfo.username, uri.authority.userinfo.password);
        let start_ok = [&long(b""), &short(b"PLAIN")?[..], &long(login.as_bytes()), &short(b"en_US")?].concat();
        publisher.method(0, (10, 11, start_ok)).await?;
        let tune = publisher.expect(0, (10, 30)).await?;
        publisher.method(0, (10, 31, tune)).await?;
        publisher.method(0, (10, 40, [&short(uri.vhost.as_bytes())?[..], &[0, 0]].concat())).await?;
        publisher.expect(0, (10, 41)).await?;
        publisher.method(1, (20, 10, vec![0])).await?;
        publisher.expect(1, (20, 11)).await?;
        publisher.method(1, (85, 10, vec![0])).await?;
        publisher.expect(1, (85, 11)).await?;
        Ok(publisher)
    }

    /// Publishes to a queue with these property flags and these bytes as properties (AMQP 0-9-1, section 4.2.6.1), and waits
    /// for the confirm.
    pub async fn publish(&mut self, queue: &str, flags: u16, properties: &[u8], body: &[u8]) -> Result<()> {
        self.publish_to("", queue.as_bytes(), flags, properties, body).await
    }

    /// The same over an exchange, with any bytes as routing key.
    pub async fn publish_to(
        &mut self,
        exchange: &str,
        key: &[u8],
        flags: u16,
        properties: &[u8],
        body: &[u8],
    ) -> Result<()> {
        let arguments = [&[0, 0][..], &short(exchange.as_bytes())?, &short(key)?, &[0]].concat();
        self.method(1, (60, 40, arguments)).await?;
        let size = u64::try_from(body.len())?;
        let header = [&[0, 60, 0, 0], &size.to_be_bytes()[..], &flags.to_be_bytes(), properties].concat();
        self.frame(2, 1, &header).await?;
        self.frame(3, 1, body).await?;
        self.expect(1, (60, 80)).await.map(drop)
    }

    async fn method(&mut self, channel: u16, (class, method, arguments): Method) -> Result<()> {
        let payload = [&class.to_be_bytes()[..], &method.to_be_bytes(), &arguments].concat();
        self.frame(1, channel, &payload).await
    }

    async fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) -> Result<()> {
        let size = u32::try_from(payload.len())?;
        let frame = [&[kind], &channel.to_be_bytes()[..], &size.to_be_bytes(), payload, &[0xCE]].concat();
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Reads until a method comes, which must be this one; returns its arguments.
    async fn expect(&mut self, channel: u16, wanted: (u16, u16)) -> Result<Vec<u8>> {
        loop {
            let mut head = [0; 7];
            self.stream.read_exact(&mut head).await.context("the broker closed the connection")?;
            let mut payload = vec![0; usize::try_from(u32::from_be_bytes([head[3], head[4], head[5], head[6]]))? + 1];
            self.stream.read_exact(&mut payload).await?;
            if head[0] != 1 {
                continue;
            }
            ensure!(payload.len() > 4, "a method without a name");
            let got = (u16::from_be_bytes([payload[0], payload[1]]), u16::from_be_bytes([payload[2], payload[3]]));
            if (u16::from_be_bytes([head[1], head[2]]), got) != (channel, wanted) {
                bail!("{got:?} instead of {wanted:?}: {}", String::from_utf8_lossy(&payload[4..]));
            }
            payload.pop();
            return Ok(payload.split_off(4));
        }
    }
}

fn short(text: &[u8]) -> Result<Vec<u8>> {
    Ok([&[u8::try_from(text.len())?], text].concat())
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()[..], bytes].concat()
}
