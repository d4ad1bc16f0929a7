//! What fuzzing holds this crate to: a function for each target, which panics on what should not be. They stand beside the
//! code that they are about and are only there under `cfg(test)` and for cargo-fuzz, which sets `cfg(fuzzing)`.

pub use crate::{
    actions::fuzzed::{action_input, file_name},
    podio::{
        fuzzed::{answer, rate_limit_text},
        items::fuzzed::item_values,
    },
    rest::fuzzed::{credential, retry_after},
};

#[cfg(test)]
mod tests {
    podio_test_corpus::hold!(action_input, answer, credential, file_name, item_values, rate_limit_text, retry_after);
}
