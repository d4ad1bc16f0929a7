#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podio_component::fuzzed::item_values(data));
