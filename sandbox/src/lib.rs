//! A stand-in for what a Podio component talks to: Podio's API and token endpoint on one listener, the
//! integration platform's REST API and object storage on another. It behaves as they do, keeps a journal of
//! every call, and answers as told where [`Answers`] are ordered.
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use podio_sandbox::{Answers, Options};
//!
//! let mut answers = Answers::default();
//! answers.push_short("GET /user=status:420,times:2,then:normal").expect("a good answer");
//! let sandbox = podio_sandbox::start(Options { answers, ..Options::default() }).await?;
//! println!("{} {}", sandbox.podio_url(), sandbox.platform_url());
//! // … let a program call it …
//! assert!(sandbox.calls().iter().all(|call| call.status != 500));
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A request goes from `serve` (sockets) to `gate` (journal, ordered answers) and, when nothing is ordered
//! for it, to the router of its API in `podio` or `platform`. All state is in memory and bounded:
//! where a bound is reached, the oldest entries give way.

mod answers;
mod control;
mod gate;
mod journal;
mod newest;
mod platform;
mod podio;
mod reply;
mod sandbox;
mod serve;
mod state;
mod tokens;

pub use answers::{Answer, AnswerError, Answers, HeaderValues, Reset, Script, Then};
pub use journal::{Api, Call, MAX_BODY_KEPT, MAX_CALLS, MAX_JOURNAL_BYTES};
pub use platform::{MAX_OBJECT_BYTES, MAX_OBJECTS, MAX_OBJECTS_BYTES};
pub use sandbox::{Options, Sandbox, default_step, start};
pub use tokens::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN};
