//! See `veldboek_fuzz::DECODERS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| veldboek_fuzz::run("set-aside", bytes));
