#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| elasticio_runtime::fuzzed::amqp_uri(data));
