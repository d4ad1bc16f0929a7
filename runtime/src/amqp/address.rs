//! The addresses of the broker, as `ELASTICIO_AMQP_URI` has them (protocol, sections 1.5, 16.13, 16.14, 16.22 and 16.23). Pure.

use std::{fmt, time::Duration};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use super::{tls_options::TlsOptions, wire::FRAME_MAX};

/// The smallest frame size that every RabbitMQ takes; 4.1 and later refuse a smaller one.
const MIN_FRAME_MAX: u32 = 8192;
/// User and password where the address has none: RabbitMQ's own.
const DEFAULT_LOGIN: &str = "guest";

/// One broker's address. Its debug print shows no password.
#[derive(Clone)]
pub(crate) struct Address {
    /// Those of an encrypted connection.
    pub(super) tls: Option<TlsOptions>,
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: SecretString,
    /// Whether the broker takes the user from the process's certificate, so that no password is sent.
    pub(super) external: bool,
    pub(super) vhost: String,
    /// The frame size to agree on, in bytes.
    pub(super) frame_max: u32,
    pub(super) channel_max: Option<u16>,
    /// The heartbeat's interval in seconds.
    pub(super) heartbeat: Option<u16>,
    /// Longest wait until a connection is open.
    pub(super) timeout: Option<Duration>,
}

/// Reads one address, or several with commas between them.
///
/// # Errors
/// What is wrong with one of them; never holds its user or password.
pub(super) fn parse_all(text: &str) -> Result<Vec<Address>, String> {
    let addresses: Vec<&str> = split(text);
    let count = addresses.len();
    let read = |(index, text): (usize, &&str)| {
        parse(text).map_err(|problem| match count {
            1 => problem,
            _ => format!("address {} of {count} {problem}", index + 1),
        })
    };
    addresses.iter().enumerate().map(read).collect()
}

/// The order in which so many addresses are tried, as indices: as they are listed, but the one that was used last comes last,
/// since a node that is gone may keep an attempt waiting.
pub(super) fn order(count: usize, last: Option<usize>) -> impl Iterator<Item = usize> {
    let others = (0..count).filter(move |index| Some(*index) != last);
    others.chain(last.filter(move |index| *index < count))
}

/// A comma parts two addresses where a scheme follows; in a password it does not.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some(at) = rest
        .match_indices(',')
        .map(|(at, _)| at)
        .find(|at| ["amqp://", "amqps://"].iter().any(|scheme| rest[at + 1..].trim_start().starts_with(scheme)))
    {
        parts.push(rest[..at].trim());
        rest = rest[at + 1..].trim_start();
    }
    parts.push(rest.trim_end_matches(',').trim());
    parts
}

fn parse(text: &str) -> Result<Address, String> {
    let not_an_address = || "is not an address that begins with amqp:// or amqps://".to_owned();
    let url = Url::parse(text).map_err(|_| not_an_address())?;
    let tls = match url.scheme() {
        "amqp" => false,
        "amqps" => true,
        _ => return Err(not_an_address()),
    };
    // The host of a scheme that the library does not know is text: an address of version 4 is read here.
    let host = match url.host().ok_or_else(not_an_address)? {
        Host::Domain(name) => {
            Host::parse(&decode(name)?).map_err(|_| "names a host that is not a name or an IP address".to_owned())?
        }
        Host::Ipv4(address) => Host::Ipv4(address),
        Host::Ipv6(address) => Host::Ipv6(address),
    };
    let vhost = decode(path(text))?;
    let option = |names: &[&str]| {
        let pairs = url.query_pairs().filter(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty());
        pairs.last().map(|(_, value)| value.into_owned())
    };
    let frame_max = number(option(&["frame_max", "frameMax"]), "frame_max")?.filter(|size: &u32| *size > 0);
    if let Some(size) = frame_max.filter(|size| *size < MIN_FRAME_MAX) {
        return Err(format!("has frame_max={size}, but RabbitMQ 4.1 and later refuse less than {MIN_FRAME_MAX}"));
    }
    let login = |text: &str| if text.is_empty() { Ok(DEFAULT_LOGIN.to_owned()) } else { decode(text) };
    let tls = TlsOptions::read(tls, |name| option(&[name]))?;
    let external = match option(&["auth_mechanism"]).map(|name| name.to_ascii_lowercase()).as_deref() {
        None | Some("plain") => false,
        Some("external") if tls.as_ref().is_some_and(TlsOptions::has_identity) => true,
        Some("external") => return Err("has auth_mechanism=external, which needs certfile and keyfile".to_owned()),
        Some(_) => return Err("has an auth_mechanism other than plain and external".to_owned()),
    };
    Ok(Address {
        external,
        host,
        port: url.port().unwrap_or(if tls.is_some() { 5671 } else { 5672 }),
        tls,
        user: login(url.username())?,
        password: url.password().map_or_else(|| login(""), decode)?.into(),
        // A bare `/` is the vhost `/`, as no path is.
        vhost: if vhost.is_empty() { "/".to_owned() } else { vhost },
        frame_max: frame_max.unwrap_or(FRAME_MAX).min(FRAME_MAX),
        channel_max: number(option(&["channel_max", "channelMax"]), "channel_max")?,
        heartbeat: number(option(&["heartbeat"]), "heartbeat")?,
        timeout: number(option(&["connection_timeout"]), "connection_timeout")?.map(Duration::from_millis),
    })
}

/// The path of an address as it is written, without its first `/`: the library removes `.` and `..`, which are good vhosts.
fn path(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    rest[..end].split_once('/').map_or("", |(_, path)| path)
}

fn number<T: std::str::FromStr>(value: Option<String>, name: &str) -> Result<Option<T>, String> {
    let parse = |text: String| text.parse().map_err(|_| format!("has a {name} that is not a whole number"));
    value.map(parse).transpose()
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| "has percent-encoded bytes that are not UTF-8".to_owned())
}

/// Host and port: what may be printed.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn one(text: &str) -> Address {
        parse(text).expect(text)
    }

    #[test]
    fn places_logins_and_vhosts() {
        for (text, place, login, vhost) in [
            ("amqp://u:p@host:5673/v", "host:5673", "u/p", "v"),
            ("amqp://host", "host:5672", "guest/guest", "/"),
            ("amqps://host/", "host:5671", "guest/guest", "/"),
            ("amqp://host/%2f", "host:5672", "guest/guest", "/"),
            ("amqp://u:@host/a%20b", "host:5672", "u/guest", "a b"),
            ("amqp://host/.", "host:5672", "guest/guest", "."),
            ("amqp://host/a/%2E%2e?heartbeat=7", "host:5672", "guest/guest", "a/.."),
            ("amqp://us%40er:p%2Cw@10.0.0.7", "10.0.0.7:5672", "us@er/p,w", "/"),
            ("amqp://user:password@[2001:db8::5]:5799/", "[2001:db8::5]:5799", "user/password", "/"),
        ] {
            let address = one(text);
            assert_eq!(address.to_string(), place, "{text}");
            assert_eq!(format!("{}/{}", address.user, address.password.expose_secret()), login, "{text}");
            assert_eq!(address.vhost, vhost, "{text}");
            assert!(!format!("{address:?}").contains("password"));
        }
        assert!(matches!(one("amqp://10.0.0.7").host, Host::Ipv4(_)));
        assert!(one("amqps://host").tls.is_some() && one("amqp://host").tls.is_none());
    }

    #[test]
    fn options_in_either_spelling() {
        let address = one("amqp://h/?frameMax=65536&channelMax=9&heartbeat=&locale=en_US");
        assert_eq!((address.frame_max, address.channel_max, address.heartbeat), (65_536, Some(9), None));
        assert_eq!(one("amqp://h/?frame_max=9000000&heartbeat=5").frame_max, FRAME_MAX);
        assert_eq!(one("amqp://h/?frame_max=0&heartbeat=5").heartbeat, Some(5));
        assert_eq!(one("amqp://h/?connection_timeout=1500").timeout, Some(Duration::from_millis(1500)));
        for bad in
            ["amqp://h/?frame_max=4096", "amqp://h/?heartbeat=soon", "amqp://h/?channel_max=-1", "http://h", "h", ""]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("amqp://h/?frame_max=4096").is_err_and(|problem| problem.contains("8192")));
    }

    #[test]
    fn the_address_used_last_is_tried_last() {
        let order = |count, last| order(count, last).collect::<Vec<_>>();
        assert_eq!(
            (order(3, None), order(3, Some(0)), order(3, Some(1))),
            (vec![0, 1, 2], vec![1, 2, 0], vec![0, 2, 1])
        );
        assert_eq!((order(1, Some(0)), order(0, None)), (vec![0], vec![]));
    }

    #[test]
    fn several_are_parted_by_commas() {
        let places =
            |text: &str| parse_all(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        assert_eq!(places("amqp://a, amqps://b:1/,amqp://c").as_deref(), Ok("a:5672 b:1 c:5672"));
        assert_eq!(places("amqp://u:p,w@a,amqp://b").as_deref(), Ok("a:5672 b:5672"));
        assert!(places("amqp://a,amqp://secret@").is_err_and(|problem| problem.starts_with("address 2 of 2")));
        assert!(places("amqp://a,amqp://secret@").is_err_and(|problem| !problem.contains("secret")));
    }
}
