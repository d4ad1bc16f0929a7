//! The TLS options of a broker's address, by RabbitMQ's names (protocol, sections 16.23 and 16.24): what is trusted, and which
//! certificate is shown to a broker that asks for one.

use std::path::{Path, PathBuf};

use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

/// The options that only an encrypted connection has.
const NAMES: [&str; 5] = ["cacertfile", "certfile", "keyfile", "verify", "server_name_indication"];

/// The options of one address.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsOptions {
    /// `cacertfile`: a PEM file with the only authorities to trust.
    authorities: Option<PathBuf>,
    /// `certfile` and `keyfile`: PEM files with this process's own certificate.
    identity: Option<(PathBuf, PathBuf)>,
    /// `server_name_indication`: the name that the broker's certificate must have, in place of the host's.
    pub(super) name: Option<ServerName<'static>>,
}

impl TlsOptions {
    /// Reads them with `option`, which knows the address. `None` for one without encryption.
    pub(super) fn read(tls: bool, option: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        if !tls {
            return match NAMES.into_iter().find(|name| option(name).is_some()) {
                Some(name) => Err(format!("has {name}, which only an address with amqps:// can have")),
                None => Ok(None),
            };
        }
        if option("verify").is_some_and(|value| value != "verify_peer") {
            let reason = "the broker's certificate is always verified; cacertfile may name the authorities to trust";
            return Err(format!("has a verify other than verify_peer, but {reason}"));
        }
        let name = option("server_name_indication").map(|name| {
            let wrong = || "has a server_name_indication that is not a name or an IP address".to_owned();
            // In RabbitMQ's own client, `disable` means that the name is not checked.
            if name == "disable" { Err(wrong()) } else { ServerName::try_from(name).map_err(|_| wrong()) }
        });
        let identity = match (option("certfile"), option("keyfile")) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            (Some(_), None) => return Err("has certfile but no keyfile".to_owned()),
            (None, Some(_)) => return Err("has keyfile but no certfile".to_owned()),
        };
        let authorities = option("cacertfile").map(PathBuf::from);
        Ok(Some(Self { authorities, identity, name: name.transpose()? }))
    }

    /// Whether a certificate can be shown to the broker.
    pub(super) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// The configuration of a connection. The files are read each time, since certificates are renewed.
    ///
    /// # Errors
    /// Which file is wrong, and how; never with what is in it.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let unusable = |error: rustls::Error| format!("TLS cannot be set up: {error}");
        if self.authorities.is_none() && self.identity.is_none() {
            return crate::tls::config().map_err(unusable);
        }
        let authorities = self.authorities.as_deref().map(|path| certificates("cacertfile", path)).transpose()?;
        let identity = match &self.identity {
            Some((certificate, key)) => Some((certificates("certfile", certificate)?, private_key(key)?)),
            None => None,
        };
        crate::tls::own_config(authorities, identity).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                "the key in keyfile is not that of the certificate in certfile".to_owned()
            }
            error => unusable(error),
        })
    }
}

fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |reason: &str| format!("{option}={}: {reason}", path.display());
    let pem = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|_| wrong("the file is not PEM"))?;
    if certificates.is_empty() { Err(wrong("the file has no PEM certificates")) } else { Ok(certificates) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let wrong = |reason: &str| format!("keyfile={}: {reason}", path.display());
    let pem = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| wrong("the file has no PEM private key; one with a password cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tls: bool, options: &[(&str, &str)]) -> Result<Option<TlsOptions>, String> {
        let option =
            |name: &str| options.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        TlsOptions::read(tls, option)
    }

    #[test]
    fn nothing_switches_verification_off() {
        for (tls, options, problem) in [
            (true, &[("verify", "verify_none")][..], "verify other than verify_peer"),
            (true, &[("verify", "s3cret")], "verify other than verify_peer"),
            (true, &[("server_name_indication", "disable")], "server_name_indication"),
            (true, &[("server_name_indication", "s3cret no name")], "server_name_indication"),
            (true, &[("certfile", "s3cret")], "no keyfile"),
            (true, &[("keyfile", "s3cret")], "no certfile"),
            (false, &[("cacertfile", "s3cret")], "cacertfile, which only an address with amqps://"),
            (false, &[("verify", "verify_peer")], "verify, which only an address with amqps://"),
        ] {
            let found = read(tls, options).expect_err(problem);
            assert!(found.contains(problem) && !found.contains("s3cret"), "{found}");
        }
        let all = [("verify", "verify_peer"), ("cacertfile", "a"), ("certfile", "b"), ("keyfile", "c")];
        let options = read(true, &all).expect("good options").expect("TLS");
        assert!(options.has_identity() && options.name.is_none());
        assert!(read(false, &[]).expect("no options").is_none());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_without_its_content() {
        let folder = std::env::temp_dir().join(format!("elasticio-runtime-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = |name: &str, content: &str| {
            let file = folder.join(name);
            std::fs::write(&file, content).expect("a file");
            file.display().to_string()
        };
        let text = file("text.pem", "s3cret");
        let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\ns3cret!\n-----END CERTIFICATE-----\n");
        for (options, problem) in [
            (&[("cacertfile", "/no/such/file")][..], "cacertfile=/no/such/file: No such file"),
            (&[("cacertfile", &text)], "has no PEM certificates"),
            (&[("cacertfile", &broken)], "is not PEM"),
            (&[("certfile", &text), ("keyfile", &text)], "certfile="),
        ] {
            let found = read(true, options).expect("options").expect("TLS").config().expect_err(problem);
            assert!(found.contains(problem) && !found.contains("s3cret"), "{found}");
        }
        std::fs::remove_dir_all(&folder).expect("the folder");
    }
}
