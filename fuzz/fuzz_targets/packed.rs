//! Changed packed models. See `ottava_fuzz::packed`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ottava_fuzz::packed(input);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    ottava_fuzz::replay(ottava_fuzz::packed)
}
