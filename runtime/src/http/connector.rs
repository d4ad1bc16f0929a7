//! Opens connections: to a server, to a proxy that passes requests on, or through one that tunnels them. Proxies are those
//! of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.

use std::{
    error::Error,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use futures_util::future::BoxFuture;
use hyper::{
    Uri,
    http::{HeaderValue, uri::Scheme},
    rt::{Read, ReadBufCursor, Write},
};
use hyper_rustls::HttpsConnector;
use hyper_util::client::{
    legacy::connect::{Connected, Connection, HttpConnector, dns::Name, proxy::Tunnel},
    proxy::matcher::Matcher,
};
use rustls::ClientConfig;
use tokio::{net::lookup_host, time::timeout};
use tower_service::Service;

use super::Reach;

/// The longest wait for a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is idle before the system asks whether the peer is still there, and between its questions.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Questions without an answer that end a connection.
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent bytes may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type BoxError = Box<dyn Error + Send + Sync>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("no connection within {} seconds", CONNECT_TIMEOUT.as_secs())]
    Late,
    #[error("the proxy that the environment names is of the kind \"{0}\"; only http and https proxies are supported")]
    Proxy(String),
}

/// Opens the connections of one client.
#[derive(Clone)]
pub(super) struct Connector {
    servers: HttpsConnector<HttpConnector<Lookup>>,
    proxies: Option<Arc<Matcher>>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// Connects to hosts within `reach` only, and to no proxy, which would look names up itself; to any host without it.
    pub(super) fn new(tls: ClientConfig, reach: Option<Reach>) -> Self {
        let proxies = reach.is_none().then(|| Arc::new(Matcher::from_env()));
        let mut tcp = HttpConnector::new_with_resolver(Lookup(reach));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let tls = Arc::new(tls);
        Self { servers: HttpsConnector::from((tcp, Arc::clone(&tls))), proxies, tls }
    }

    /// What a proxy that passes a request to `uri` on wants to see in it.
    pub(super) fn proxy_authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        // A tunnel's is sent when it is opened.
        let proxies = self.proxies.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTP))?;
        proxies.intercept(uri)?.basic_auth().cloned()
    }

    async fn connect(mut self, uri: Uri) -> Result<Link, BoxError> {
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&uri)) else {
            return Ok(Link::new(self.servers.call(uri).await?, false));
        };
        let address = proxy.uri().clone();
        if !matches!(address.scheme_str(), Some("http" | "https")) {
            return Err(ConnectError::Proxy(address.scheme_str().unwrap_or_default().to_owned()).into());
        }
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Link::new(self.servers.call(address).await?, true));
        }
        let mut tunnel = Tunnel::new(address, self.servers);
        if let Some(login) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(login.clone());
        }
        let tunnelled = HttpsConnector::from((tunnel, self.tls)).call(uri).await?;
        Ok(Link::new(tunnelled, false))
    }
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Link, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(CONNECT_TIMEOUT, self.clone().connect(uri));
        Box::pin(async move { connecting.await.unwrap_or_else(|_| Err(ConnectError::Late.into())) })
    }
}

/// Looks up the addresses of a name; those outside of the reach are left out.
#[derive(Clone)]
struct Lookup(Option<Reach>);

impl Service<Name> for Lookup {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.0.clone();
        Box::pin(async move {
            // The port is the caller's.
            let found = lookup_host((name.as_str(), 0)).await?;
            let addresses = match reach {
                None => found.collect(),
                Some(reach) => reach.admitted(name.as_str(), found)?,
            };
            Ok(addresses.into_iter())
        })
    }
}

/// What a connection is to the HTTP library.
trait Stream: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Stream for T {}

/// An open connection, to a server or to a proxy that passes requests on.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    passed_on: bool,
}

impl Link {
    fn new(stream: impl Stream + 'static, passed_on: bool) -> Self {
        Self { stream: Box::new(stream), passed_on }
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.passed_on)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
}
