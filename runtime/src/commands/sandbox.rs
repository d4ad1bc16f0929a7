//! `--sandbox`: settings that point a command at a stand-in for everything that it talks to.

use clap::Args;
use url::Url;

use crate::{Component, settings::Source};

/// What commands that can use a sandbox take for it.
#[derive(Args, Clone, Debug)]
pub(super) struct SandboxArg {
    /// Use the sandbox at this address, e.g. `http://127.0.0.1:8090`, for everything: the API, the token endpoint, object
    /// storage, and the credential unless --credential is given.
    #[arg(long, value_name = "URL")]
    sandbox: Option<Url>,
}

impl SandboxArg {
    /// The settings, with those of the sandbox in place of any others if there is one.
    pub(super) async fn applied<C: Component>(&self, source: Source) -> anyhow::Result<Source> {
        match &self.sandbox {
            Some(url) => Ok(source.with(C::sandbox_settings(url).await?)),
            None => Ok(source),
        }
    }
}
