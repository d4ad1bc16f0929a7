//! A stand-in for what a Podio component talks to: Podio's API and token endpoint on one listener, the integration
//! platform's REST API and object storage on another. It behaves as they do, keeps a journal of every call, and gives
//! scripted [`Answers`].
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use podio_sandbox::{Answers, Options};
//!
//! let mut answers = Answers::default();
//! answers.push_short("GET /user=status:420,times:2,then:normal").expect("a valid answer");
//! let sandbox = podio_sandbox::start(Options { answers, ..Options::default() }).await?;
//! println!("{} {}", sandbox.podio_url(), sandbox.platform_url());
//! // … let a program call it …
//! assert!(sandbox.calls().iter().all(|call| call.status != 500));
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A request goes from `serve` (sockets) to `gate` (journal, scripted answers) and, if there is no script for it, to the
//! router of its API in `podio` or `platform`. Their handlers work on `state`, which owns everything in `store`. It is all
//! in memory and bounded: where a bound is reached, the oldest entries are dropped. Beside them `hook_calls` makes the calls
//! that hooks ask for.

mod answers;
mod api;
mod bounded_map;
mod control;
mod gate;
mod hook_calls;
mod journal;
mod json;
mod page;
mod platform;
mod podio;
mod rate_limit;
mod response;
mod sandbox;
mod serve;
mod spans;
mod state;
mod store;
mod traces;
mod view;

pub use answers::{Answer, AnswerError, Answers, HeaderValues, Reset, Script, Then};
pub use api::Api;
pub use journal::Call;
pub use json::compact as compact_json;
pub use rate_limit::RateLimit;
pub use sandbox::{Options, Sandbox, default_step, start};
pub use spans::{Span, exported_spans};
pub use store::ACCESS_TOKEN;
