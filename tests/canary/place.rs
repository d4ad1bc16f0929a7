//! The places where a secret may turn up.

/// A place that is searched for every secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The process's environment, where the platform puts secrets.
    Environment,
    CommandLine,
    /// Standard output and standard error, at the level `trace`.
    Log,
    /// `/metrics`.
    Metrics,
    /// What the collector of traces receives.
    Traces,
    /// What the program writes into the file system.
    Files,
    Podio,
    TokenEndpoint,
    /// The platform's REST API.
    Platform,
    Storage,
    /// The host of a file to upload.
    Source,
    /// A host that a server redirects to.
    OtherHost,
    /// An HTTP proxy.
    Proxy,
    /// The host that `service` posts to, without the result itself.
    ResultHost,
    /// What the worker sends to the broker, on the wire.
    Broker,
    /// Emitted results and replies, decrypted.
    Results,
    /// Emitted errors, decrypted.
    Errors,
    Rebounds,
    Snapshots,
    /// The results of `exec`.
    Output,
    /// The results of `service`.
    Posted,
}

impl Place {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 21] = [
        Self::Environment,
        Self::CommandLine,
        Self::Log,
        Self::Metrics,
        Self::Traces,
        Self::Files,
        Self::Podio,
        Self::TokenEndpoint,
        Self::Platform,
        Self::Storage,
        Self::Source,
        Self::OtherHost,
        Self::Proxy,
        Self::ResultHost,
        Self::Broker,
        Self::Results,
        Self::Errors,
        Self::Rebounds,
        Self::Snapshots,
        Self::Output,
        Self::Posted,
    ];
}
