//! `amqps://`: RabbitMQ's own TLS listener, with certificates that are good and others, and the TLS options of the address.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Result, ensure};
use podio_test_support::{
    Authority, Ended, Environment, Issued, PrivateBroker, Recorder, Shown, Stage, TestMessage, Worker,
};
use serde_json::json;
use tempfile::TempDir;

use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, program, step_data, stop};

/// The settings of a listener; a client's certificate is verified if it shows one.
const LISTENER: &str = "listeners.ssl.default = 127.0.0.1:PORT\n\
    ssl_options.cacertfile = DIR/authority.pem\n\
    ssl_options.certfile = DIR/server.pem\n\
    ssl_options.keyfile = DIR/server.key\n\
    ssl_options.verify = verify_peer\n\
    auth_mechanisms.1 = PLAIN\n\
    auth_mechanisms.2 = EXTERNAL\n\
    ssl_cert_login_from = common_name\n";
/// The user whom a certificate names.
const USER: &str = "named-by-certificate";
/// Bytes of the largest TLS record that only refuses: an alert, encrypted.
const ALERT: usize = 24;
/// Bytes of the largest TLS record of a handshake with a certificate; the frame with a login is larger.
const NO_LOGIN: usize = 120;

/// A broker with a TLS listener, and a step on it.
struct Encrypted {
    stage: Stage,
    broker: PrivateBroker,
    authority: Authority,
    folder: TempDir,
    port: u16,
}

impl Encrypted {
    /// `strict`: a client without a certificate is refused.
    async fn start(label: &str, strict: bool) -> Result<Self> {
        let (authority, folder) = (Authority::new()?, tempfile::tempdir()?);
        let settings = format!("{LISTENER}ssl_options.fail_if_no_peer_cert = {strict}\n");
        std::fs::write(folder.path().join("tls.conf"), settings)?;
        std::fs::write(folder.path().join("enabled_plugins"), "[rabbitmq_auth_mechanism_ssl].\n")?;
        std::fs::write(folder.path().join("authority.pem"), authority.pem())?;
        write(folder.path(), "server", &authority.issue(Shown::Good)?)?;
        let (broker, port) = PrivateBroker::start_with_tls(label, folder.path()).await?;
        let stage = Stage::set_on(broker.url().to_owned(), label, &[]).await?;
        stage.sandbox.set_step(&step_data(oauth_config()));
        stage.sandbox.set_answers(answers(json!({ "GET /user": [{ "json": {} }] }), json!({}))?)?;
        Ok(Self { stage, broker, authority, folder, port })
    }

    /// The path of a file, for an option of the address.
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The environment of a worker with this address; `{authority}` is the file of the good authority.
    fn environment(&self, host: &str, port: u16, options: &str) -> Environment {
        let options = options.replace("{authority}", &self.file("authority.pem"));
        environment(&self.stage, 1)
            .with("ELASTICIO_AMQP_URI", &format!("amqps://guest:guest@{host}:{port}/%2f?{options}"))
    }

    /// Has the listener show another certificate from now on.
    async fn show(&self, shown: Shown) -> Result<()> {
        write(self.folder.path(), "server", &self.authority.issue(shown)?)?;
        self.broker.ctl(&["eval", "ssl:clear_pem_cache()."]).await.map(drop)
    }

    /// Processes one message with this address.
    async fn works(&self, host: &str, options: &str) -> Result<()> {
        let before = self.stage.results.count();
        let mut worker = consuming_worker(&self.stage, &self.environment(host, self.port, options)).await?;
        self.stage.send(&TestMessage::get("/user")).await?;
        self.stage.results.wait_for(before + 1, "a result", BOUND).await?;
        stop(&mut worker, BOUND).await
    }

    /// A start with these options fails. Returns the last line of the log, which names the broker, and the sizes of the
    /// TLS records that the worker has sent after its first one, for each connection.
    async fn fails(&self, options: &str) -> Result<(String, Vec<Vec<usize>>)> {
        let recorder = Recorder::start(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))).await?;
        let port = recorder.address().port();
        let mut worker = Worker::start(program(), &self.environment("127.0.0.1", port, options))?;
        let ended = worker.ended(BOUND).await?;
        let log = worker.log().all();
        ensure!(ended == Ended(1), "it ended with {ended:?}: {log:#?}");
        // An alert can be lost with the connection that the broker closes behind it; only the next attempt learns why then.
        let again = |line: &&String| line.contains("trying again") && !line.contains("peer closed connection");
        ensure!(log.iter().filter(again).count() == 0, "it is final: {log:#?}");
        let last = log.last().cloned().unwrap_or_default();
        ensure!(last.contains(&format!("127.0.0.1:{port}")) && last.contains("ELASTICIO_AMQP_URI"), "{last}");
        Ok((last, recorder.received().iter().map(|bytes| records(bytes)).collect()))
    }
}

/// Writes a certificate and its key as `NAME.pem` and `NAME.key`.
fn write(folder: &Path, name: &str, issued: &Issued) -> Result<()> {
    std::fs::write(folder.join(format!("{name}.pem")), issued.certificate_pem())?;
    Ok(std::fs::write(folder.join(format!("{name}.key")), issued.key_pem())?)
}

/// The sizes of the TLS records after the first one, which is the greeting.
fn records(mut bytes: &[u8]) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let [_, _, _, high, low, rest @ ..] = bytes {
        let size = usize::from(u16::from_be_bytes([*high, *low]));
        sizes.push(size);
        bytes = &rest[size.min(rest.len())..];
    }
    sizes.split_off(1.min(sizes.len()))
}

#[tokio::test]
async fn a_broker_s_certificate_is_verified_with_the_address_s_own_authority() -> Result<()> {
    let encrypted = Encrypted::start("broker-tls", false).await?;
    encrypted.works("127.0.0.1", "cacertfile={authority}").await?;
    encrypted.works("localhost", "cacertfile={authority}&verify=verify_peer&heartbeat=10").await?;
    encrypted.works("127.0.0.1", "cacertfile={authority}&server_name_indication=localhost").await?;
    std::fs::write(encrypted.folder.path().join("other.pem"), Authority::new()?.pem())?;
    let other = encrypted.file("other.pem");
    for (shown, options, problem) in [
        (Shown::Good, String::new(), "issuer is not trusted"),
        (Shown::Good, format!("cacertfile={other}"), "signature is not its issuer's"),
        (Shown::Good, "cacertfile={authority}&server_name_indication=other.example".to_owned(), "other.example"),
        (Shown::Expired, "cacertfile={authority}".to_owned(), "expired"),
        (Shown::Early, "cacertfile={authority}".to_owned(), "not valid before"),
        (Shown::OtherName, "cacertfile={authority}".to_owned(), "other.example"),
        (Shown::SelfSigned, "cacertfile={authority}".to_owned(), "issuer is not trusted"),
    ] {
        encrypted.show(shown).await?;
        let (line, connections) = encrypted.fails(&options).await?;
        assert!(line.contains("certificate is not accepted") && line.contains(problem), "{shown:?} {options}: {line}");
        assert!((1..=2).contains(&connections.len()), "one to consume, one to publish: {connections:?}");
        let sent: Vec<usize> = connections.concat();
        assert!(sent.iter().all(|size| *size <= ALERT), "{shown:?} {options}: more than an alert was sent: {sent:?}");
    }
    // The name decides, not the host.
    encrypted.show(Shown::OtherName).await?;
    encrypted.works("127.0.0.1", "cacertfile={authority}&server_name_indication=other.example").await?;
    encrypted.stage.remove().await
}

#[tokio::test]
async fn a_worker_whose_broker_s_certificate_expires_reconnects_when_there_is_a_good_one() -> Result<()> {
    let encrypted = Encrypted::start("broker-tls-renewed", false).await?;
    let environment = encrypted.environment("127.0.0.1", encrypted.port, "cacertfile={authority}");
    let mut worker = consuming_worker(&encrypted.stage, &environment).await?;
    encrypted.show(Shown::Expired).await?;
    let connections = encrypted.broker.ctl(&["-q", "list_connections", "pid", "ssl"]).await?;
    let own: Vec<&str> = connections.lines().filter_map(|line| line.strip_suffix("\ttrue")).collect();
    assert_eq!(own.len(), 2, "{connections}");
    for connection in own {
        encrypted.broker.ctl(&["close_connection", connection, "the certificate is renewed"]).await?;
    }
    let told = |log: &[String]| log.iter().any(|line| line.contains("still no broker") && line.contains("expired"));
    worker.log().wait_until("what is wrong with the certificate", BOUND, told).await?;
    encrypted.show(Shown::Good).await?;
    encrypted.stage.send(&TestMessage::get("/user")).await?;
    encrypted.stage.results.wait_for(1, "a result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    encrypted.stage.remove().await
}

#[tokio::test]
async fn a_broker_that_asks_for_a_certificate_is_shown_the_address_s_own() -> Result<()> {
    let encrypted = Encrypted::start("broker-client-tls", true).await?;
    write(encrypted.folder.path(), "client", &encrypted.authority.issue_to(USER)?)?;
    write(encrypted.folder.path(), "stranger", &Authority::new()?.issue_to(USER)?)?;
    let identity = |name: &str| {
        let (certificate, key) = (encrypted.file(&format!("{name}.pem")), encrypted.file(&format!("{name}.key")));
        format!("cacertfile={{authority}}&certfile={certificate}&keyfile={key}")
    };
    encrypted.works("127.0.0.1", &identity("client")).await?;
    encrypted.broker.ctl(&["add_user", USER, "unused"]).await?;
    encrypted.broker.ctl(&["clear_password", USER]).await?;
    encrypted.broker.ctl(&["set_permissions", USER, ".*", ".*", ".*"]).await?;
    encrypted.works("127.0.0.1", &(identity("client") + "&auth_mechanism=external")).await?;

    for (options, alert) in
        [("cacertfile={authority}".to_owned(), "CertificateRequired"), (identity("stranger"), "UnknownCA")]
    {
        let (line, connections) = encrypted.fails(&options).await?;
        let told = line.contains("does not accept this process's certificate") && line.contains("certfile");
        assert!(told && line.contains(alert), "{options}: {line}");
        assert!(!connections.is_empty(), "there was no connection");
        let sent: Vec<usize> = connections.concat();
        assert!(
            options.contains("certfile=/") || sent.iter().all(|size| *size <= NO_LOGIN),
            "{options}: a login was sent: {sent:?}"
        );
    }
    let swapped = identity("client").replace("client.key", "stranger.key");
    let (line, _) = encrypted.fails(&swapped).await?;
    assert!(line.contains("keyfile is not that of the certificate"), "{line}");
    let (line, _) = encrypted.fails("cacertfile=/no/such/file.pem").await?;
    assert!(line.contains("cacertfile=/no/such/file.pem") && line.contains("No such file"), "{line}");
    encrypted.stage.remove().await
}
