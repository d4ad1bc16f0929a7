//! Certificates of a private authority, good ones and others.

use anyhow::Result;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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

/// A private authority.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
#[derive(Debug)]
pub struct Issued {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    /// A new one.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "the authority of the tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate. A self-signed one is not this authority's.
    pub fn issue(&self, shown: Shown) -> Result<Issued> {
        let names: &[&str] = if shown == Shown::OtherName { &["other.example"] } else { &["127.0.0.1", "localhost"] };
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        match shown {
            Shown::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Shown::Early => params.not_before = date_time_ymd(4000, 1, 1),
            Shown::Good | Shown::OtherName | Shown::SelfSigned => {}
        }
        let key = KeyPair::generate()?;
        let certificate =
            if shown == Shown::SelfSigned { params.self_signed(&key)? } else { params.signed_by(&key, &self.0)? };
        Ok(Issued { certificate, key })
    }

    /// A client's certificate, for the user of this name.
    pub fn issue_to(&self, user: &str) -> Result<Issued> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, user);
        let key = KeyPair::generate()?;
        Ok(Issued { certificate: params.signed_by(&key, &self.0)?, key })
    }
}

impl Issued {
    /// The certificate in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The key in PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(crate) fn der(&self) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).map_err(anyhow::Error::msg)?;
        Ok((self.certificate.der().clone(), key))
    }
}
