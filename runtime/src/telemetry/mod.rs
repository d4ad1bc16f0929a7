//! What the process tells: logs. The types that are logged decide what may be logged: secrets print as redacted, errors
//! have a separate text for logs. Knows no other module but the settings.

mod bunyan;
mod escape;
mod log;
mod text;
mod totals;

pub use log::OWNER;
pub(crate) use log::{LogTarget, start};
pub use totals::{Retried, Totals, totals};

use log::Speakers;
