//! The step that the demo plays the platform for, from the same environment variables that the worker reads.

use clap::Args;
use elasticio_runtime::platform::cipher::{BLOCK, Cipher};
use secrecy::SecretString;

/// The step's broker, its names there, and its cipher.
#[derive(Debug, Args)]
pub(crate) struct Flow {
    /// The broker
    #[arg(long, env = "ELASTICIO_AMQP_URI", hide_env_values = true)]
    pub(crate) amqp_uri: String,
    /// The worker's queue
    #[arg(long, env = "ELASTICIO_LISTEN_MESSAGES_ON")]
    pub(crate) queue: String,
    /// The exchange that the worker publishes to
    #[arg(long, env = "ELASTICIO_PUBLISH_MESSAGES_TO")]
    pub(crate) exchange: String,
    /// Routing key of results
    #[arg(long, env = "ELASTICIO_DATA_ROUTING_KEY")]
    pub(crate) data: String,
    /// Routing key of errors
    #[arg(long, env = "ELASTICIO_ERROR_ROUTING_KEY")]
    pub(crate) error: String,
    /// Routing key of rebounds
    #[arg(long, env = "ELASTICIO_REBOUND_ROUTING_KEY")]
    pub(crate) rebound: String,
    /// Routing key of snapshots
    #[arg(long, env = "ELASTICIO_SNAPSHOT_ROUTING_KEY")]
    pub(crate) snapshot: String,
    /// Password of the messages' cipher
    #[arg(long, env = "ELASTICIO_MESSAGE_CRYPTO_PASSWORD", hide_env_values = true)]
    password: SecretString,
    /// Initialisation vector of the messages' cipher
    #[arg(long, env = "ELASTICIO_MESSAGE_CRYPTO_IV", value_parser = initialisation_vector)]
    iv: [u8; BLOCK],
}

/// The routing key of messages that the worker rejected.
pub(crate) const DEAD_LETTER_KEY: &str = "dead";

impl Flow {
    /// The cipher of the flow's messages.
    pub(crate) fn cipher(&self) -> Cipher {
        Cipher::new(&self.password, self.iv)
    }

    /// The routing keys of everything that comes out of the worker.
    pub(crate) fn routing_keys(&self) -> [&str; 5] {
        [&self.data, &self.error, &self.rebound, &self.snapshot, DEAD_LETTER_KEY]
    }

    /// The queue that takes all results, so that none is unroutable while nobody consumes them.
    pub(crate) fn results_queue(&self) -> String {
        format!("{}.results", self.queue)
    }
}

fn initialisation_vector(text: &str) -> Result<[u8; BLOCK], String> {
    let bytes = text.as_bytes();
    bytes.try_into().map_err(|_| format!("it must have {BLOCK} bytes, not {}", bytes.len()))
}
