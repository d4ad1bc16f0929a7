//! Why a call on Podio's objects is refused.

use super::apps::NoAccess;

/// Why an object cannot be read or changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// There is no such object, or the user may not see it.
    Access(NoAccess),
    /// The item has been deleted.
    Deleted,
    /// The update is meant for another revision than the item's.
    Conflict {
        /// The item's revision.
        revision: u64,
    },
    /// A value cannot be taken; says which and why.
    Invalid(String),
}

impl Refusal {
    /// There is no such object.
    pub(super) fn absent() -> Self {
        Self::Access(NoAccess::Absent)
    }

    /// A value of a request body that cannot be taken.
    pub(super) fn invalid(name: &str, value: &serde_json::Value, problem: &str) -> Self {
        Self::Invalid(format!("Invalid value {value} ({name}): {problem}"))
    }
}

impl From<NoAccess> for Refusal {
    fn from(error: NoAccess) -> Self {
        Self::Access(error)
    }
}
