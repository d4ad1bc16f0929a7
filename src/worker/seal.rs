//! What the worker encrypts: messages, errors, and what came in with an error.

use std::sync::Arc;

use crate::{
    dispatcher::Failure,
    platform::{
        cipher::{Cipher, Encoding},
        error_message::{ErrorBody, error_input, error_payload, seal_error},
    },
};

/// Name of every error, as the reference's are called.
const ERROR_NAME: &str = "Error";
/// There is no stack trace to show; the reference says so in these words.
const NO_STACK: &str = "Not Available";

/// Seals with the flow's cipher.
pub(super) struct Seal(pub(super) Arc<Cipher>);

impl Seal {
    /// A message's payload.
    pub(super) fn message(&self, json: Vec<u8>, encoding: Encoding) -> Vec<u8> {
        self.0.seal(json, encoding)
    }

    /// An error alone: the body of an error reply.
    pub(super) fn error(&self, failure: &Failure) -> Vec<u8> {
        seal_error(&self.0, &ErrorBody { name: ERROR_NAME, message: failure.message(), stack: NO_STACK })
    }

    /// An error message around a sealed error and the payload that came in, if any.
    pub(super) fn error_message(&self, sealed: &[u8], input: Option<(&[u8], Encoding)>) -> Vec<u8> {
        let input = input.and_then(|(payload, encoding)| error_input(&self.0, payload, encoding).ok());
        error_payload(sealed, input.as_deref())
    }
}
