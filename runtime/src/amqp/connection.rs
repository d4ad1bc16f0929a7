//! Opens one connection: the socket, TLS, lapin on top. The socket is this module's, so that a connection can be ended for
//! certain, whatever the broker and lapin do.

use std::{
    net::Shutdown,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_rs::Runtime;
use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties, ErrorKind,
    types::ShortString,
    uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism},
};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use url::Host;

use super::{
    BrokerSettings, ConnectError,
    address::{self, Address},
    events::CloseUnanswered,
    tls_options::TlsOptions,
    wire::{Kit, LAPIN_FRAME_MAX, LargeHeaders, Socket, WireStream},
};

/// Longest wait until a connection and its channels are open, and then until the queue is consumed.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the broker's answer when a consumer is cancelled or a connection is closed; then the socket is shut.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What `step` returns, if the broker answers within [`OPEN_TIMEOUT`].
pub(super) async fn in_time<T, E>(step: impl Future<Output = Result<T, E>>) -> Result<T, ConnectError>
where
    ConnectError: From<E>,
{
    match timeout(OPEN_TIMEOUT, step).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(ConnectError::Broken(format!("no answer within {} s", OPEN_TIMEOUT.as_secs()))),
    }
}

/// One connection to the broker.
pub(super) struct BrokerConnection {
    pub(super) lapin: Connection,
    /// Headers that went around lapin.
    pub(super) large_headers: LargeHeaders,
    /// Bytes of the largest frame that was agreed on.
    pub(super) frame_max: u32,
    /// The same socket, to shut it.
    socket: std::net::TcpStream,
}

impl BrokerConnection {
    /// Opens a connection named `HOSTNAME-role`. The addresses are tried in turn, that of the connection before, whose index
    /// is `last`, at the end; `last` becomes the new one's.
    pub(super) async fn open(
        settings: &BrokerSettings,
        role: &str,
        last: &mut Option<usize>,
    ) -> Result<Self, ConnectError> {
        let mut final_error = ConnectError::Broken("there is no address".to_owned());
        let mut problems = Vec::new();
        for index in address::order(settings.addresses.len(), *last) {
            let address = &settings.addresses[index];
            let limit = address.timeout.unwrap_or(OPEN_TIMEOUT).min(OPEN_TIMEOUT);
            let late = || ConnectError::Broken(format!("{address}: no answer within {} s", limit.as_secs_f64()));
            match timeout(limit, Self::open_at(address, settings, role)).await.unwrap_or_else(|_| Err(late())) {
                Ok(connection) => {
                    *last = Some(index);
                    return Ok(connection);
                }
                Err(error) => {
                    if let ConnectError::Broken(reason) = &error {
                        problems.push(reason.clone());
                    }
                    final_error = error;
                }
            }
        }
        // Final only if it is for every address.
        if problems.is_empty() { Err(final_error) } else { Err(ConnectError::Broken(problems.join("; "))) }
    }

    async fn open_at(address: &Address, settings: &BrokerSettings, role: &str) -> Result<Self, ConnectError> {
        let broken = |error: std::io::Error| ConnectError::Broken(format!("{address}: {error}"));
        let stream = match &address.host {
            Host::Domain(name) => TcpStream::connect((name.as_str(), address.port)).await,
            Host::Ipv4(ip) => TcpStream::connect((*ip, address.port)).await,
            Host::Ipv6(ip) => TcpStream::connect((*ip, address.port)).await,
        }
        .map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        let stream = stream.into_std().map_err(broken)?;
        let socket = stream.try_clone().map_err(broken)?;
        let stream = TcpStream::from_std(stream).map_err(broken)?;
        let stream = match &address.tls {
            Some(options) => encrypted(stream, address, options).await?,
            None => Socket::Left(stream),
        };
        let large_headers = LargeHeaders::default();
        let stream = WireStream::new(stream, address.frame_max, large_headers.clone());
        let lapin = handshake(stream, address, &format!("{}-{role}", settings.hostname)).await;
        let lapin = lapin.inspect_err(|_| drop(socket.shutdown(Shutdown::Both)));
        let lapin = lapin.map_err(|error| ConnectError::of_connection(address, &error))?;
        Ok(Self { lapin, large_headers, frame_max: address.frame_max, socket })
    }

    /// Closes the connection in order, and shuts its socket if the broker does not answer.
    pub(super) async fn close(&self) {
        match timeout(CLOSE_TIMEOUT, self.lapin.close(200, ShortString::from("done"))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the connection was already gone"),
            Err(_) => CloseUnanswered::emit(),
        }
        self.shut();
    }

    /// Shuts the socket: lapin's thread and the broker's side end, whatever state they are in.
    pub(super) fn shut(&self) {
        // It fails where the socket is shut already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Drop for BrokerConnection {
    fn drop(&mut self) {
        self.shut();
    }
}

async fn encrypted(stream: TcpStream, address: &Address, options: &TlsOptions) -> Result<Socket, ConnectError> {
    let name = match (&options.name, &address.host) {
        (Some(name), _) => Ok(name.clone()),
        (None, Host::Domain(name)) => ServerName::try_from(name.clone()),
        (None, Host::Ipv4(ip)) => Ok(ServerName::from(std::net::IpAddr::from(*ip))),
        (None, Host::Ipv6(ip)) => Ok(ServerName::from(std::net::IpAddr::from(*ip))),
    };
    let unusable = |reason: String| ConnectError::Options(format!("{address}: {reason}"));
    let name = name.map_err(|error| unusable(error.to_string()))?;
    let config = options.config().map_err(unusable)?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = connected.map_err(|error| ConnectError::of_handshake(address, &error))?;
    Ok(Socket::Right(Box::new(stream)))
}

/// lapin over a stream that is open already.
async fn handshake(stream: WireStream, address: &Address, name: &str) -> lapin::Result<Connection> {
    let uri = AMQPUri {
        // Encryption is the stream's.
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: address.user.clone(),
                password: address.password.expose_secret().to_owned(),
            },
            host: address.host.to_string(),
            port: address.port,
        },
        vhost: address.vhost.clone(),
        query: AMQPQueryString {
            frame_max: Some(LAPIN_FRAME_MAX.min(address.frame_max)),
            channel_max: address.channel_max,
            heartbeat: address.heartbeat,
            auth_mechanism: Some(if address.external { SASLMechanism::External } else { SASLMechanism::Plain }),
            // So that lapin's own thread gives up too once the caller has timed out.
            connection_timeout: Some(u64::try_from(OPEN_TIMEOUT.as_millis()).unwrap_or(u64::MAX)),
        },
    };
    let stream = Mutex::new(Some(stream));
    let connect = async move |_: AMQPUri, _: Runtime<Kit>| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        // lapin asks once; it does not reconnect by itself.
        let gone = || ErrorKind::IOError(Arc::new(std::io::ErrorKind::NotConnected.into()));
        stream.map(AsyncTcpStream::Plain).ok_or_else(|| gone().into())
    };
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    Connection::connector(uri, Runtime::new(Kit::current()), connect, properties).await
}
