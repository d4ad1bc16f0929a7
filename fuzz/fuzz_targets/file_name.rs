#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podio_component::fuzzed::file_name(data));
