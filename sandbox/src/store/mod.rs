//! What the sandbox stores, without a word of HTTP: each store is in memory and bounded.

mod documents;
mod files;
mod item_fields;
mod items;
mod objects;
mod tokens;

pub(crate) use documents::{Documents, Occupied};
pub(crate) use files::{File, FileWriter, Files};
pub(crate) use items::{ItemError, Items};
pub(crate) use objects::{MAX_OBJECT_BYTES, Objects};
pub use tokens::ACCESS_TOKEN;
pub(crate) use tokens::{CLIENT_ID, CLIENT_SECRET, Credential, TokenAge, Tokens};
