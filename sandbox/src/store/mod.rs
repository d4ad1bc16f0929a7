//! What the sandbox stores, without a word of HTTP: each store is in memory and bounded.

mod apps;
mod clock;
mod documents;
mod embeds;
mod files;
mod items;
mod objects;
mod profiles;
mod records;
mod tokens;
mod values;

pub(crate) use apps::{App, Definition, NoAccess, ORGANIZATIONS};
pub(crate) use clock::parse_time;
pub(crate) use documents::{Documents, Occupied};
pub(crate) use files::{File, FileWriter};
pub(crate) use items::{ItemError, Search};
pub(crate) use objects::{MAX_OBJECT_BYTES, Objects};
pub(crate) use records::Records;
pub use tokens::ACCESS_TOKEN;
pub(crate) use tokens::{CLIENT_ID, CLIENT_SECRET, Credential, TokenAge, Tokens};
