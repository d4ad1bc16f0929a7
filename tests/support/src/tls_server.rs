//! TLS in front of a server: with a certificate of a private authority, or with one that is not good.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificates::{Authority, Shown};

/// Listens on the loopback interface until it is dropped.
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    folder: TempDir,
    accepting: JoinHandle<()>,
}

impl TlsServer {
    /// Forwards what it decrypts to `upstream`.
    pub async fn start(upstream: SocketAddr, shown: Shown) -> Result<Self> {
        let authority = Authority::new()?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("authority.pem"), authority.pem())?;
        let acceptor = TlsAcceptor::from(Arc::new(config(&authority, shown)?));
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, acceptor, upstream, connections.clone()));
        Ok(Self { address, connections, folder, accepting })
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The PEM file with the certificate of its authority.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A folder of its own, for further files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn config(authority: &Authority, shown: Shown) -> Result<ServerConfig> {
    let (certificate, key) = authority.issue(shown)?.der()?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_single_cert(vec![certificate], key)?)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, upstream: SocketAddr, connections: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let (Ok(mut client), Ok(mut server)) = (acceptor.accept(client).await, TcpStream::connect(upstream).await)
            else {
                return;
            };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}
