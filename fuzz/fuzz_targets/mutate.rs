//! Small networks with tables and bytes changed. See `ottava_fuzz::mutate`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ottava_fuzz::mutate(input);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    ottava_fuzz::replay(ottava_fuzz::mutate)
}
