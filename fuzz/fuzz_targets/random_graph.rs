//! Random networks, kernels against the reference. See `ottava_fuzz::random_graph`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    ottava_fuzz::random_graph(input);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    ottava_fuzz::replay(ottava_fuzz::random_graph)
}
