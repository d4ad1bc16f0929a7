//! The sandbox over real sockets: as a library in this process, and as a program.

mod apps;
mod client;
mod clock;
mod comments;
mod faults;
mod filter;
mod hooks;
mod items;
mod journal;
mod page;
mod platform;
mod podio;
mod program;
mod receiver;
mod search;
mod tasks;
mod tokens;
mod values;

use podio_sandbox::{Answers, Options, Sandbox};

/// A sandbox on free ports with these scripted answers.
async fn sandbox(answers: &str) -> Sandbox {
    start(Options { answers: parse(answers), ..Options::default() }).await
}

async fn start(options: Options) -> Sandbox {
    podio_sandbox::start(options).await.expect("the sandbox starts on free ports")
}

fn parse(answers: &str) -> Answers {
    serde_json::from_str(answers).expect("the form of answers")
}
