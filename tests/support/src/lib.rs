//! What the tests against the built program share.
//!
//! A test plays the platform: it declares a step's queues, starts the worker with a step's environment, lays messages
//! into its queue and looks at what comes out. Nothing here uses the worker's own code, the cipher least of all.

mod amqp_json;
pub mod arrivals;
pub mod broker;
mod broker_script;
mod command;
mod emitted;
pub mod environment;
mod input;
mod other_host;
mod proxy;
pub mod seal;
mod stage;
mod wait;
mod worker;

pub use broker_script::{PrivateBroker, shared_broker_url};
pub use command::{Finished, run_to_end};
pub use emitted::Emitted;
pub use environment::Environment;
pub use input::Input;
pub use other_host::{OtherHost, OtherRequest};
pub use proxy::Proxy;
pub use stage::Stage;
pub use wait::until;
pub use worker::{Ended, Worker};
