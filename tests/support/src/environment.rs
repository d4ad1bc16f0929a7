//! The environment that the platform starts a worker with, for the one step that all tests play:
//! flow `flow1`, step `step_2`, workspace `ws1`.

use std::collections::BTreeMap;

use crate::seal;

/// The user of the platform's REST API.
pub const API_USERNAME: &str = "api-user";
/// The password of the platform's REST API: a secret.
pub const API_KEY: &str = "api-key";
/// The bearer token of the object storage: a secret.
pub const STORAGE_TOKEN: &str = "storage-token-of-the-tests";

/// Names and values of environment variables.
#[derive(Clone, Debug)]
pub struct Environment(BTreeMap<String, String>);

/// Where the things are that a worker talks to.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The broker, or a proxy before it, as an AMQP URL.
    pub amqp_url: &'a str,
    /// The queue to listen on.
    pub queue: &'a str,
    /// The exchange to publish to.
    pub exchange: &'a str,
    /// Podio's API.
    pub podio_url: &'a str,
    /// The platform's REST API and its object storage.
    pub platform_url: &'a str,
}

impl Environment {
    /// Everything that a worker needs to run `function` between `places`.
    #[must_use]
    pub fn of_worker(function: &str, places: Places<'_>) -> Self {
        let required = [
            ("FLOW_ID", "flow1"),
            ("EXEC_ID", "exec1"),
            ("STEP_ID", "step_2"),
            ("CONTAINER_ID", "container1"),
            ("WORKSPACE_ID", "ws1"),
            ("USER_ID", "user1"),
            ("COMP_ID", "comp1"),
            ("FUNCTION", function),
            ("API_URI", places.platform_url),
            ("API_USERNAME", API_USERNAME),
            ("API_KEY", API_KEY),
            ("AMQP_URI", places.amqp_url),
            ("LISTEN_MESSAGES_ON", places.queue),
            ("PUBLISH_MESSAGES_TO", places.exchange),
            ("DATA_ROUTING_KEY", "data"),
            ("ERROR_ROUTING_KEY", "error"),
            ("REBOUND_ROUTING_KEY", "rebound"),
            ("SNAPSHOT_ROUTING_KEY", "snapshot"),
            ("MESSAGE_CRYPTO_IV", seal::IV),
            ("MESSAGE_CRYPTO_PASSWORD", seal::PASSWORD),
            ("OBJECT_STORAGE_URI", places.platform_url),
            ("OBJECT_STORAGE_TOKEN", STORAGE_TOKEN),
        ];
        let mut environment = Self(BTreeMap::new());
        for (name, value) in required {
            environment = environment.with(&format!("ELASTICIO_{name}"), value);
        }
        environment.with("PODIO_API_URL", places.podio_url).with("HOSTNAME", "podio-test").with("LOG_LEVEL", "debug")
    }

    /// With `name` set, in full, to `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With `name`, in full, not set.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// The variables, for a process to be started.
    pub fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }
}
