//! What fuzzing holds this crate to: a function for each target, which panics on what should not be. They stand beside the
//! code that they are about and are only there under `cfg(test)` and for cargo-fuzz, which sets `cfg(fuzzing)`.

pub use crate::{
    amqp::fuzzed::{amqp_frames, amqp_headers, amqp_uri},
    commands::exec::fuzzed::credential_file,
    platform::fuzzed::{amqp_body, error_message, json, message, secret, step_data},
    worker::fuzzed::settings,
};

#[cfg(test)]
mod tests {
    podio_test_corpus::hold!(
        amqp_body,
        amqp_frames,
        amqp_headers,
        amqp_uri,
        credential_file,
        error_message,
        json,
        message,
        secret,
        settings,
        step_data,
    );
}
