//! What keeps one large message from harming the others: a budget for the memory that large bodies take together, and
//! threads for the work on them. A small message pays for neither.

mod budget;
mod limit;
mod offload;
mod settings;
mod share;

pub(crate) use budget::{Budget, NoMemory};
pub(crate) use offload::{offload, offloadable};
pub(crate) use settings::MemorySettings;
pub(crate) use share::{Claim, claim, within};

/// Bytes of a body from which on its message leaves the runtime's thread ([`offload`]).
pub(crate) const OFFLOADED: usize = 512 * 1024;
