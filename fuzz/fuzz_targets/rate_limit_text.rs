#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podio_component::fuzzed::rate_limit_text(data));
