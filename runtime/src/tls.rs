//! TLS for HTTP clients and the broker. The certificates to trust are the machine's, or those that `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` name, and those in the file that `NODE_EXTRA_CA_CERTS` names. They are read at the first handshake, once for
//! all clients: a worker that only calls `http` addresses never reads them, and no worker waits for them at start.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::settings::{Source, variables as v};

/// What may mend a certificate that is not accepted.
pub(crate) const TRUST_ADVICE: &str = "SSL_CERT_FILE or NODE_EXTRA_CA_CERTS may name the certificates to trust";

/// `NODE_EXTRA_CA_CERTS`
static EXTRA_FILE: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Reads which further certificates are to be trusted by all connections of this process. A second call changes nothing.
pub(crate) fn start(source: &Source) {
    let _ = EXTRA_FILE.set(source.get(v::NODE_EXTRA_CA_CERTS.name).map(PathBuf::from));
}

/// The configuration that all clients share.
///
/// # Errors
/// When the crypto provider lacks the default protocol versions; the built-in one has them.
pub(crate) fn config() -> Result<ClientConfig, Error> {
    static SHARED: OnceLock<Result<ClientConfig, Error>> = OnceLock::new();
    SHARED.get_or_init(make).clone()
}

fn make() -> Result<ClientConfig, Error> {
    own_config(None, None)
}

/// A certificate with those of its issuers, and its key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A configuration of its own for one server, which trusts only `authorities`, if there are any, and shows `identity` if
/// the server asks for a certificate.
///
/// # Errors
/// When a certificate or the key cannot be used.
pub(crate) fn own_config(
    authorities: Option<Vec<CertificateDer<'static>>>,
    identity: Option<Identity>,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = if let Some(authorities) = authorities {
        let mut roots = RootCertStore::empty();
        authorities.into_iter().try_for_each(|authority| roots.add(authority))?;
        builder.with_root_certificates(roots)
    } else {
        let verifier = PlatformVerifier { provider, verifier: OnceLock::new() };
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The operating system's verifier, created when it is first needed; every check is passed on to it.
#[derive(Debug)]
struct PlatformVerifier {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl PlatformVerifier {
    fn get(&self) -> Result<&Verifier, Error> {
        let make = || {
            let extra = EXTRA_FILE.get().and_then(Option::as_deref).map(extra_roots).unwrap_or_default();
            // Without any certificate to trust, no server's is good.
            Verifier::new_with_extra_roots(extra, self.provider.clone())
                .map_err(|error| CertificateError::Other(OtherError(Arc::new(error))).into())
        };
        self.verifier.get_or_init(make).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for PlatformVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.get()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get()?.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get()?.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificates in a PEM file. As in Node.js, what cannot be read is a warning, and the others are trusted.
fn extra_roots(path: &Path) -> Vec<CertificateDer<'static>> {
    let ignored = |problem: &str| {
        tracing::warn!(file = %path.display(), problem, "NODE_EXTRA_CA_CERTS: certificates are not trusted");
    };
    let pem = match std::fs::read(path) {
        Ok(pem) => pem,
        Err(error) => {
            ignored(&error.to_string());
            return Vec::new();
        }
    };
    let (mut roots, mut unusable) = (Vec::new(), 0);
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        match certificate {
            Ok(certificate) if RootCertStore::empty().add(certificate.clone()).is_ok() => roots.push(certificate),
            _ => unusable += 1,
        }
    }
    match (unusable, roots.len()) {
        (0, 0) => ignored("the file has no PEM certificates"),
        (0, _) => {}
        (unusable, _) => ignored(&format!("{unusable} of its certificates cannot be parsed")),
    }
    roots
}

/// What is wrong with a server's certificate, if that is why a connection failed.
pub(crate) fn certificate_problem(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(problem) = error else { return None };
    let hours = |from: &UnixTime, to: &UnixTime| to.as_secs().saturating_sub(from.as_secs()) / 3600;
    Some(match problem {
        CertificateError::UnknownIssuer => {
            "its issuer is not trusted here (it is self-signed, or from a private authority)".to_owned()
        }
        CertificateError::BadSignature => "its signature is not its issuer's".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!("it expired {} hours ago", hours(not_after, time))
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            format!("it is not valid before {} hours from now", hours(time, not_before))
        }
        CertificateError::Other(other) => other.to_string(),
        problem => problem.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_bad_certificate_is_a_certificate_s_problem() {
        let at = |hours: u64| UnixTime::since_unix_epoch(Duration::from_secs(hours * 3600));
        for (error, problem) in [
            (CertificateError::UnknownIssuer, "issuer is not trusted"),
            (CertificateError::ExpiredContext { time: at(50), not_after: at(2) }, "expired 48 hours ago"),
            (CertificateError::NotValidYetContext { time: at(2), not_before: at(50) }, "before 48 hours from now"),
            (CertificateError::Other(OtherError(Arc::new(Error::General("no roots".to_owned())))), "no roots"),
            (CertificateError::Revoked, "Revoked"),
        ] {
            let text = certificate_problem(&error.into()).expect("a certificate's problem");
            assert!(text.contains(problem), "{text}");
        }
        assert_eq!(certificate_problem(&Error::HandshakeNotComplete), None);
    }
}
