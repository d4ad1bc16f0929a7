//! The hosts that all flows share: those that are neither the step's Podio nor its platform. Each keeps what it receives.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Result;
use podio_test_support::{OtherHost, PrivateBroker, RawHttp, Recorder};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::canary::Canary;
use crate::ledger::Ledger;
use crate::place::Place;

/// The user of every worker at the broker; its password is [`Canary::AmqpPassword`].
pub(crate) const BROKER_USER: &str = "canary";

/// Starts a broker at which workers have a user of their own.
pub(crate) async fn start_broker() -> Result<PrivateBroker> {
    let broker = PrivateBroker::start("canary").await?;
    broker.ctl(&["add_user", BROKER_USER, Canary::AmqpPassword.value()]).await?;
    broker.ctl(&["set_permissions", BROKER_USER, ".*", ".*", ".*"]).await?;
    Ok(broker)
}

/// The hosts.
pub(crate) struct Hosts {
    /// Where redirects lead; answers everything with 200.
    pub(crate) other: Recorder,
    /// Where the files to upload come from; has the same for every address.
    pub(crate) source: Recorder,
    /// A source that fails, with [`Canary::SourceAnswer`].
    pub(crate) bad_source: Recorder,
    /// An HTTP proxy that never answers.
    pub(crate) proxy: Recorder,
    /// A server whose answers are not HTTP.
    pub(crate) garbage: RawHttp,
    /// A port at which nothing listens.
    closed: TcpSocket,
    /// For files that several flows read.
    folder: TempDir,
    _behind: (OtherHost, RawHttp, RawHttp),
}

impl Hosts {
    pub(crate) async fn start() -> Result<Self> {
        let other = OtherHost::start().await?;
        let answer = |status: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let source = RawHttp::start(answer("200 OK", Canary::FileContent.value())).await?;
        let bad_source = RawHttp::start(answer("403 Forbidden", Canary::SourceAnswer.value())).await?;
        let closed = TcpSocket::new_v4()?;
        closed.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            other: Recorder::start(Some(other.address())).await?,
            source: Recorder::start(Some(source.address())).await?,
            bad_source: Recorder::start(Some(bad_source.address())).await?,
            proxy: Recorder::start(None).await?,
            garbage: RawHttp::start(format!("NOT-HTTP {}\r\n\r\n", Canary::PodioAnswer.value())).await?,
            closed,
            folder: tempfile::tempdir()?,
            _behind: (other, source, bad_source),
        })
    }

    /// An address at which nothing listens.
    pub(crate) fn closed(&self) -> Result<SocketAddr> {
        Ok(self.closed.local_addr()?)
    }

    /// A folder for files that commands read.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The answer of a server that redirects to the other host, with a secret of its own in the address.
    pub(crate) fn redirect(&self, status: u16) -> serde_json::Value {
        let location = format!("{}/?signature={}", self.other.url(), Canary::Redirect.value());
        serde_json::json!([{ "status": status, "headers": { "location": location } }])
    }

    /// Searches what they have received.
    pub(crate) fn search(&self, ledger: &Ledger) {
        for (place, recorders) in [
            (Place::OtherHost, &[&self.other][..]),
            (Place::Source, &[&self.source, &self.bad_source]),
            (Place::Proxy, &[&self.proxy]),
        ] {
            for received in recorders.iter().flat_map(|recorder| recorder.received()) {
                ledger.search("all flows", place, received);
            }
        }
    }
}
