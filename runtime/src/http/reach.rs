//! Which hosts a client may call, where addresses come from messages: only public addresses, only named hosts, or both. What
//! was checked is what is connected to: names are looked up once, here, and addresses without a name are checked before every
//! request, the redirected ones too.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::Url;
use url::Host;

use super::public_address::is_public;

/// The word that allows every public address.
const PUBLIC: &str = "public";
/// Words that look like a choice, but would be names of hosts.
const NOT_HOSTS: &[&str] = &["all", "any", "false", "no", "none", "off", "on", "private", "true", "yes"];

/// The hosts that a client may call.
#[derive(Clone, Debug)]
pub struct Reach(Arc<Allowed>);

#[derive(Debug)]
struct Allowed {
    /// The setting that says so, for error texts.
    setting: &'static str,
    public: bool,
    hosts: Vec<Host>,
    /// Domains all of whose subdomains are allowed.
    parents: Vec<String>,
}

/// A host that may not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} may not be called: {setting} allows only {allowed}")]
pub struct OutOfReach {
    host: String,
    setting: &'static str,
    allowed: &'static str,
}

impl Reach {
    /// Reads `public`, names of hosts (`files.example.com`, `*.example.com`, `10.0.0.5`), or both, separated by commas.
    /// A host that is named may have any address.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, setting: &'static str) -> Result<Self, String> {
        let mut allowed = Allowed { setting, public: false, hosts: Vec::new(), parents: Vec::new() };
        for entry in text.split(',').map(str::trim) {
            let wrong = || {
                format!(
                    "\"{entry}\" is neither \"{PUBLIC}\" nor a host such as files.example.com, *.example.com or 10.0.0.5"
                )
            };
            let lower = entry.to_ascii_lowercase();
            if lower == PUBLIC {
                allowed.public = true;
            } else if let Some(parent) = lower.strip_prefix("*.") {
                match Host::parse(parent) {
                    Ok(Host::Domain(parent)) if !parent.contains('*') => {
                        allowed.parents.push(rooted(&parent).to_owned());
                    }
                    _ => return Err(wrong()),
                }
            } else if NOT_HOSTS.contains(&lower.as_str()) || entry.contains('*') {
                return Err(wrong());
            } else {
                match Host::parse(entry).map_err(|_| wrong())? {
                    Host::Domain(name) => allowed.hosts.push(Host::Domain(rooted(&name).to_owned())),
                    address => allowed.hosts.push(address),
                }
            }
        }
        Ok(Self(Arc::new(allowed)))
    }

    /// Whether `url` may be called, as far as that is known before its name is looked up.
    ///
    /// # Errors
    /// See [`OutOfReach`].
    pub fn check(&self, url: &Url) -> Result<(), OutOfReach> {
        let admitted = match url.host() {
            Some(Host::Domain(name)) => self.0.public || self.names(name),
            Some(Host::Ipv4(ip)) => self.admits_address(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => self.admits_address(IpAddr::V6(ip)),
            None => false,
        };
        if admitted { Ok(()) } else { Err(self.out_of_reach(url.host_str().unwrap_or_default())) }
    }

    fn names(&self, name: &str) -> bool {
        let name = rooted(name);
        let below = |parent: &String| name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.'));
        self.0.hosts.iter().any(|host| *host == Host::Domain(name.to_owned())) || self.0.parents.iter().any(below)
    }

    fn admits_address(&self, ip: IpAddr) -> bool {
        let host = match ip {
            IpAddr::V4(ip) => Host::Ipv4(ip),
            IpAddr::V6(ip) => Host::Ipv6(ip),
        };
        self.0.hosts.contains(&host) || (self.0.public && is_public(ip))
    }

    /// Those of the addresses of `name` that may be connected to.
    pub(super) fn admitted(
        &self,
        name: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, OutOfReach> {
        let named = self.names(name);
        let admitted: Vec<_> = found.filter(|address| named || (self.0.public && is_public(address.ip()))).collect();
        if admitted.is_empty() { Err(self.out_of_reach(name)) } else { Ok(admitted) }
    }

    fn out_of_reach(&self, host: &str) -> OutOfReach {
        let allowed = match (self.0.public, self.0.hosts.is_empty() && self.0.parents.is_empty()) {
            (true, true) => "public addresses",
            (true, false) => "public addresses and the hosts that it names",
            (false, _) => "the hosts that it names",
        };
        OutOfReach { host: host.to_owned(), setting: self.0.setting, allowed }
    }
}

/// Names without the dot of the root.
fn rooted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Reach {
        Reach::parse(text, "SETTING").expect("a valid setting")
    }

    fn allows(reach: &Reach, url: &str) -> bool {
        reach.check(&Url::parse(url).expect("an address")).is_ok()
    }

    #[test]
    fn addresses_are_checked_in_every_form() {
        let public = reach("public");
        for url in ["http://1.1.1.1/", "http://[2606:4700:4700::1111]/", "http://files.example.com/"] {
            assert!(allows(&public, url), "{url}");
        }
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(!allows(&public, url), "{url}");
        }
    }

    #[test]
    fn hosts_are_named_whole_or_by_their_domain() {
        let named = reach("Files.Example.com, *.internal.example ,10.0.0.5,[fd00::5]");
        for url in [
            "http://files.example.com/",
            "https://files.example.com.:8443/",
            "http://a.internal.example/",
            "http://a.b.internal.example/",
            "http://10.0.0.5:9000/",
            "http://[fd00::5]/",
        ] {
            assert!(allows(&named, url), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://evilfiles.example.com/",
            "http://files.example.com.evil.example/",
            "http://internal.example/",
            "http://evilinternal.example/",
            "http://10.0.0.6/",
            "http://1.1.1.1/",
        ] {
            assert!(!allows(&named, url), "{url}");
        }
    }

    #[test]
    fn what_a_name_leads_to_is_filtered() {
        let addresses = ["10.0.0.1:0", "1.1.1.1:0", "[::1]:0"].map(|text| text.parse().expect("an address"));
        let both = reach("public,minio");
        let public = addresses[1];
        assert_eq!(both.admitted("files.example.com", addresses.into_iter()), Ok(vec![public]));
        assert_eq!(both.admitted("minio", addresses.into_iter()), Ok(addresses.to_vec()));
        let refused = both.admitted("rebound.example", addresses[..1].iter().copied()).expect_err("private");
        let text =
            "rebound.example may not be called: SETTING allows only public addresses and the hosts that it names";
        assert_eq!(refused.to_string(), text);
    }

    #[test]
    fn a_wrong_value_is_told() {
        for text in
            ["", ",", "public,", "any", "true", "*", "*.", "*.*.example", "a*b", "https://a.example", "a:80", "a/b"]
        {
            assert!(Reach::parse(text, "SETTING").is_err(), "{text}");
        }
    }
}
