//! Any bytes as a model. See `ottava_fuzz::import`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ottava_fuzz::import(input);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    ottava_fuzz::replay(ottava_fuzz::import)
}
