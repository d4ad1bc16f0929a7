//! A TCP proxy between one worker and a server that it talks to, so that a test can disturb this worker's connections and
//! no others. Connections to a broker are known by the names that the worker gives them.

mod connection;
mod control;
mod pipe;
mod toxic;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use control::{Break, Control, Rule};
pub use toxic::{Toxic, Way};

/// Within this time a port is free again after its listener was closed.
const BIND_BOUND: Duration = Duration::from_secs(10);
const BIND_INTERVAL: Duration = Duration::from_millis(5);

/// Listens on the loopback interface until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    connections: watch::Receiver<usize>,
    nacks: watch::Receiver<usize>,
    accepting: JoinHandle<()>,
}

/// A toxic that a test has set. It stays until it is lifted, or until [`Proxy::cut`].
#[derive(Clone, Debug)]
pub struct Applied {
    rule: Rule,
    control: watch::Sender<Control>,
}

impl Applied {
    /// How many bytes met it: they were held or lost, or ended their connection.
    #[must_use]
    pub fn met(&self) -> usize {
        *self.rule.met.borrow()
    }

    /// Takes it away; what was held passes.
    pub fn lift(&self) {
        self.control.send_modify(|control| control.rules.retain(|rule| rule.id != self.rule.id));
    }
}

impl Proxy {
    /// Forwards every connection on a free port to `upstream` (`host:port`).
    pub async fn start(upstream: String) -> Result<Self> {
        Self::on(TcpListener::bind("127.0.0.1:0").await.context("there is no free port for the proxy")?, upstream)
    }

    /// Forwards every connection on a port of the test's choice.
    pub fn on(listener: TcpListener, upstream: String) -> Result<Self> {
        let address = listener.local_addr()?;
        let control = watch::Sender::default();
        let (connections, nacks) = (watch::Sender::new(0), watch::Sender::new(0));
        let (connections_seen, nacks_seen) = (connections.subscribe(), nacks.subscribe());
        let entrance = Entrance { upstream, control: control.subscribe(), connections, nacks };
        let accepting = tokio::spawn(entrance.serve(listener));
        Ok(Self { address, control, connections: connections_seen, nacks: nacks_seen, accepting })
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

    /// How many bytes met the toxics that are set now.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        self.control.borrow().rules.iter().map(|rule| *rule.met.borrow()).sum()
    }

    /// How many `basic.nack` the worker has sent, as far as each came in one piece.
    #[must_use]
    pub fn nacks(&self) -> usize {
        *self.nacks.borrow()
    }

    /// Sets a toxic on the connections, open and later ones, whose name contains `name`.
    #[expect(clippy::must_use_candidate, reason = "a toxic stays set without its handle")]
    pub fn set(&self, name: &str, way: Way, toxic: Toxic) -> Applied {
        let mut rule = None;
        self.control.send_modify(|control| rule = Some(control.add(name, way, toxic)));
        Applied { rule: rule.expect("the change was made"), control: self.control.clone() }
    }

    /// Stops forwarding to the broker on the connections whose name contains `name`.
    pub fn deafen(&self, name: &str) {
        self.set(name, Way::ToServer, Toxic::BlackHole);
    }

    /// Closes the connections whose name contains `name` as soon as the worker sends something on them.
    pub fn cut_off(&self, name: &str) {
        self.set(name, Way::ToServer, Toxic::CloseAfter(0));
    }

    /// Lifts every toxic; open connections stay.
    pub fn heal(&self) {
        self.control.send_modify(|control| control.rules.clear());
    }

    /// Closes every open connection on both sides and lifts every toxic; later connections are forwarded again.
    pub fn cut(&self) {
        self.heal();
        self.end("", Break::Close);
    }

    /// Resets (RST) the open connections whose name contains `name`, on both sides.
    pub fn reset(&self, name: &str) {
        self.end(name, Break::Reset);
    }

    /// Closes the open connections whose name contains `name` on the server's side only: the worker hears nothing of it,
    /// and what it sends is lost.
    pub fn half_open(&self, name: &str) {
        self.end(name, Break::HalfOpen);
    }

    fn end(&self, name: &str, end: Break) {
        self.control.send_modify(|control| control.breaks.push((name.to_owned(), end)));
    }

    /// While `refusing` is true, there is no server: connections are refused, and the open ones are reset.
    pub fn refuse(&self, refusing: bool) {
        self.control.send_modify(|control| control.refusing = refusing);
        if refusing {
            self.reset("");
        }
    }

    /// While `silent` is true, new connections are accepted but not forwarded. They stay silent until the next
    /// [`Self::cut`], even when `silent` is false again.
    pub fn silence(&self, silent: bool) {
        self.control.send_modify(|control| control.silent = silent);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

/// What accepts connections.
struct Entrance {
    upstream: String,
    control: watch::Receiver<Control>,
    connections: watch::Sender<usize>,
    nacks: watch::Sender<usize>,
}

impl Entrance {
    async fn serve(mut self, mut listener: TcpListener) {
        let Ok(address) = listener.local_addr() else { return };
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => Some(accepted),
                _ = self.control.wait_for(|control| control.refusing) => None,
            };
            let Some(accepted) = accepted else {
                drop(listener);
                let Some(again) = self.refuse_at(address).await.expect("the port stays this proxy's") else { return };
                listener = again;
                continue;
            };
            let Ok((client, _)) = accepted else { return };
            self.connections.send_modify(|count| *count += 1);
            let (upstream, control, nacks) = (self.upstream.clone(), self.control.clone(), self.nacks.clone());
            tokio::spawn(connection::serve(client, upstream, control, nacks));
        }
    }

    /// Keeps the port without listening on it, so that connections are refused. Listens again once that is over; `None`
    /// if the proxy is dropped first.
    async fn refuse_at(&mut self, address: SocketAddr) -> Result<Option<TcpListener>> {
        let begin = Instant::now();
        let socket = loop {
            match bound(address) {
                Ok(socket) => break socket,
                // A process that is just being started has inherited the listener, for a moment.
                Err(_) if begin.elapsed() < BIND_BOUND => tokio::time::sleep(BIND_INTERVAL).await,
                Err(error) => return Err(error.into()),
            }
        };
        if self.control.wait_for(|control| !control.refusing).await.is_err() {
            return Ok(None);
        }
        Ok(Some(socket.listen(1024)?))
    }
}

/// A socket that has the address and does not listen.
fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
