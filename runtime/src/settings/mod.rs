//! Settings: the environment and an optional file, read once at start. This module knows where values come from and how
//! leniently they are read; what they mean is the business of the module that owns the type. Nothing else reads the
//! environment.

mod camel_case;
mod reader;
mod review;
mod source;
pub mod variables;

pub use reader::{Reader, SettingsError, leading_digits};
pub(crate) use review::review;
pub use source::{Known, Source, SourceError};
pub use variables::{Unset, Variable};
