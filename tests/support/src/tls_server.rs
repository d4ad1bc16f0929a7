//! TLS in front of a server: with a certificate of a private authority, or with one that is not good.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The certificate that a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// For 127.0.0.1 and localhost, from the private authority.
    Good,
    /// The same, but it has expired.
    Expired,
    /// The same, but it is not valid yet.
    Early,
    /// For another host.
    OtherName,
    /// Signed by itself.
    SelfSigned,
}

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
        let authority = authority()?;
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

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "the authority of the tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn config(authority: &CertifiedIssuer<'_, KeyPair>, shown: Shown) -> Result<ServerConfig> {
    let names: &[&str] = if shown == Shown::OtherName { &["other.example"] } else { &["127.0.0.1", "localhost"] };
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    match shown {
        Shown::Expired => params.not_after = date_time_ymd(2020, 1, 1),
        Shown::Early => params.not_before = date_time_ymd(4000, 1, 1),
        Shown::Good | Shown::OtherName | Shown::SelfSigned => {}
    }
    let key = KeyPair::generate()?;
    let certificate =
        if shown == Shown::SelfSigned { params.self_signed(&key)? } else { params.signed_by(&key, authority)? };
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_single_cert(chain, key)?)
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
