//! What the tests against the built program share.
//!
//! A test plays the platform: it declares a step's queues, starts the worker with the step's environment, sends it messages
//! and checks what it publishes. Nothing here uses the worker's own code, not even its cipher: an error there must not hide
//! itself.

mod amqp_json;
mod arrivals;
pub mod broker;
mod certificates;
pub mod cipher;
mod cluster;
mod command;
mod emitted;
mod ended;
pub mod environment;
mod full_queue;
mod http_get;
mod other_host;
mod otlp_receiver;
mod private_broker;
mod process_view;
mod proxy;
mod raw_amqp;
mod raw_http;
mod recorder;
mod stage;
mod test_message;
mod tls_server;
mod wait;
mod worker;

pub use arrivals::Arrivals;
pub use certificates::{Authority, Issued, Shown};
pub use cluster::{Cluster, NODES};
pub use command::{Finished, run_to_end};
pub use emitted::Emitted;
pub use ended::Ended;
pub use environment::Environment;
pub use http_get::{http_get, own_address};
pub use other_host::{OtherHost, OtherRequest};
pub use otlp_receiver::OtlpReceiver;
pub use private_broker::{PrivateBroker, shared_broker_url};
pub use process_view::ProcessView;
pub use proxy::{Applied, Proxy, Toxic, Way};
pub use raw_amqp::RawPublisher;
pub use raw_http::RawHttp;
pub use recorder::Recorder;
pub use stage::Stage;
pub use test_message::TestMessage;
pub use tls_server::TlsServer;
pub use wait::until;
pub use worker::Worker;
