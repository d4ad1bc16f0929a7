//! The environment that the platform starts a worker with. All tests use the same step: flow `flow1`, step `step_2`,
//! workspace `ws1`.

use std::collections::BTreeMap;

use crate::cipher;

/// The user of the platform's REST API.
pub const API_USERNAME: &str = "api-user";
/// The password of the platform's REST API, which is a secret.
pub const API_KEY: &str = "api-key";
/// The bearer token of object storage, which is a secret.
pub const STORAGE_TOKEN: &str = "storage-token-of-the-tests";

/// Environment variables.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

/// What a worker talks to.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a> {
    /// The AMQP URL of the broker or of a proxy in front of it.
    pub amqp_url: &'a str,
    /// The queue to consume from.
    pub queue: &'a str,
    /// The exchange to publish to.
    pub exchange: &'a str,
    /// The URL of Podio's API.
    pub podio_url: &'a str,
    /// The URL of the platform's REST API and its object storage.
    pub platform_url: &'a str,
}

impl Environment {
    /// The variables that a worker needs to run `function`.
    #[must_use]
    pub fn for_worker(function: &str, endpoints: Endpoints<'_>) -> Self {
        let required = [
            ("FLOW_ID", "flow1"),
            ("EXEC_ID", "exec1"),
            ("STEP_ID", "step_2"),
            ("CONTAINER_ID", "container1"),
            ("WORKSPACE_ID", "ws1"),
            ("USER_ID", "user1"),
            ("COMP_ID", "comp1"),
            ("FUNCTION", function),
            ("API_URI", endpoints.platform_url),
            ("API_USERNAME", API_USERNAME),
            ("API_KEY", API_KEY),
            ("AMQP_URI", endpoints.amqp_url),
            ("LISTEN_MESSAGES_ON", endpoints.queue),
            ("PUBLISH_MESSAGES_TO", endpoints.exchange),
            ("DATA_ROUTING_KEY", "data"),
            ("ERROR_ROUTING_KEY", "error"),
            ("REBOUND_ROUTING_KEY", "rebound"),
            ("SNAPSHOT_ROUTING_KEY", "snapshot"),
            ("MESSAGE_CRYPTO_IV", cipher::IV),
            ("MESSAGE_CRYPTO_PASSWORD", cipher::PASSWORD),
            ("OBJECT_STORAGE_URI", endpoints.platform_url),
            ("OBJECT_STORAGE_TOKEN", STORAGE_TOKEN),
        ];
        let mut environment = Self(BTreeMap::new());
        for (name, value) in required {
            environment = environment.with(&format!("ELASTICIO_{name}"), value);
        }
        environment.with("PODIO_API_URL", endpoints.podio_url).with("HOSTNAME", "podio-test").with("LOG_LEVEL", "debug")
    }

    /// Sets the variable with the full name `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Removes the variable with the full name `name`.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Names and values of the variables.
    pub fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }
}
