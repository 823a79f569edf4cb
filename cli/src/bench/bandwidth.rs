//! How fast this core reads memory.

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 9;
const LANES: usize = 32;

/// Bytes per second at which one core reads so many bytes in order, over and over, from wherever they then are: a cache
/// if they fit, else memory. The best of a few passes.
pub fn read_bytes_per_second(bytes: usize) -> f64 {
    let words = vec![1_u64; bytes.div_ceil(LANES * size_of::<u64>()).max(1) * LANES];
    let pass = || {
        let start = Instant::now();
        let mut sums = [0_u64; LANES];
        for words in black_box(&words).as_chunks::<LANES>().0 {
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = sum.wrapping_add(*word);
            }
        }
        black_box(sums);
        start.elapsed().as_secs_f64()
    };
    let least = (0..ROUNDS).map(|_| pass()).fold(f64::INFINITY, f64::min);
    size_of_val(&words[..]) as f64 / least.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_speed_whatever_its_size() {
        for bytes in [0, 1, 1 << 20] {
            let speed = read_bytes_per_second(bytes);
            assert!(speed.is_finite() && speed > 1e6, "{bytes}: {speed}");
        }
    }
}
