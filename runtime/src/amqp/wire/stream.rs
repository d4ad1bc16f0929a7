//! The stream that lapin reads and writes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::{AsyncRead, AsyncWrite};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::{
    frames::{Incoming, LargeHeaders},
    handshake::Outgoing,
};

/// Bytes that are read from the socket at once.
const READ_SIZE: usize = 16 * 1024;

/// A connection to the broker: plain, or encrypted.
pub(in crate::amqp) type Socket = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A socket whose frames are mended on the way.
pub(in crate::amqp) struct WireStream {
    socket: Socket,
    incoming: Incoming,
    buffer: Box<[u8]>,
    /// What lapin may read, and how much of it it has read.
    readable: Vec<u8>,
    read: usize,
    outgoing: Outgoing,
    /// What is to be written before anything else.
    writable: Vec<u8>,
}

impl WireStream {
    /// `frame_max`: the frame size to agree on with the broker.
    pub(in crate::amqp) fn new(socket: Socket, frame_max: u32, large: LargeHeaders) -> Self {
        Self {
            socket,
            incoming: Incoming::new(large),
            buffer: vec![0; READ_SIZE].into(),
            readable: Vec::with_capacity(READ_SIZE),
            read: 0,
            outgoing: Outgoing::new(frame_max),
            writable: Vec::new(),
        }
    }

    /// Waits until the socket takes something. A new one does not before the runtime has looked at it.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.socket {
            Either::Left(plain) => plain.poll_write_ready(context),
            Either::Right(encrypted) => encrypted.get_ref().0.poll_write_ready(context),
        }
    }

    /// Writes what the handshake held back.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writable.is_empty() {
            let count = ready!(Pin::new(&mut self.socket).poll_write(context, &self.writable))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.writable.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for WireStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        while this.read == this.readable.len() {
            this.readable.clear();
            this.read = 0;
            let count = {
                let mut buffer = ReadBuf::new(&mut this.buffer);
                ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer))?;
                buffer.filled().len()
            };
            if count == 0 {
                return Poll::Ready(Ok(0));
            }
            this.incoming.feed(&this.buffer[..count], &mut this.readable);
        }
        let count = out.len().min(this.readable.len() - this.read);
        out[..count].copy_from_slice(&this.readable[this.read..this.read + count]);
        this.read += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for WireStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_written(context))?;
        if this.outgoing.is_agreed() {
            return Pin::new(&mut this.socket).poll_write(context, bytes);
        }
        // Before anything is taken: lapin would not ask again for what it has handed over.
        ready!(this.poll_writable(context))?;
        this.outgoing.feed(bytes, &mut this.writable);
        // What cannot be written now is written before whatever comes next.
        if let Poll::Ready(Err(error)) = this.poll_written(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_written(context))?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_written(context))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::AsyncWriteExt;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;
    use crate::amqp::wire::FRAME_MAX;

    const HEADER: &[u8] = b"AMQP\0\0\x09\x01";

    #[tokio::test]
    async fn a_socket_that_the_runtime_has_not_looked_at_takes_nothing() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = std::net::TcpStream::connect(listener.local_addr()?)?;
        client.set_nonblocking(true)?;
        let (mut server, _) = listener.accept().await?;
        let mut stream =
            WireStream::new(Socket::Left(TcpStream::from_std(client)?), FRAME_MAX, LargeHeaders::default());
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut stream).poll_write(&mut context, HEADER).is_pending());
        // What it had taken would come once more.
        stream.write_all(HEADER).await?;
        drop(stream);
        let mut received = Vec::new();
        server.read_to_end(&mut received).await?;
        assert_eq!(received, HEADER);
        Ok(())
    }
}
