//! What the sandbox stores, without a word of HTTP: each store is in memory and bounded.

mod apps;
mod body;
mod clock;
mod comments;
mod documents;
mod embeds;
mod files;
mod hooks;
mod items;
mod objects;
mod profiles;
mod records;
mod reference;
mod refusal;
mod switches;
mod tasks;
mod tokens;
mod values;

pub(crate) use apps::{App, Definition, NoAccess, ORGANIZATIONS};
pub(crate) use clock::parse_time;
pub(crate) use documents::{Documents, Occupied};
pub(crate) use files::{File, FileWriter};
pub(crate) use hooks::{HookCall, HookState};
pub(crate) use items::Search;
pub(crate) use objects::{MAX_OBJECT_BYTES, Objects};
pub(crate) use records::Records;
pub(crate) use reference::Reference;
pub(crate) use refusal::Refusal;
pub(crate) use switches::Switches;
pub(crate) use tasks::has_tasks;
pub use tokens::ACCESS_TOKEN;
pub(crate) use tokens::{CLIENT_ID, CLIENT_SECRET, Credential, TokenAge, Tokens};
