//! Which of the two listeners a call came to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Podio's API and token endpoint.
    Podio,
    /// The platform's REST API and object storage.
    Platform,
}

impl fmt::Display for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Podio => "podio",
            Self::Platform => "platform",
        })
    }
}
