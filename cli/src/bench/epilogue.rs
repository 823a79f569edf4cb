//! What a convolution's output costs beside its dot product.
//!
//! A tile does the same at its start and its end whatever K is: sums set, requantized, stored. So the time of a 1x1
//! convolution is a line over K, and what the line has at K = 0 is that cost, for all outputs together:
//!
//! ```text
//! t(K) = fixed + slope K        fixed = 2 t(K) - t(2 K)
//! ```
//!
//! The processor overlaps a part of it with the products around it. That part is not in it, as it takes no time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ottava::Isa;
use ottava_kernels::gemm::{self, Conv, ConvPart, ConvSpec};
use ottava_kernels::{Image, Multiplier, Requantize, SLACK, Weights, Window, run_all};

/// Output height and width, and channels: enough tiles to hide the call, few enough for the nearest caches.
const OUTPUT: [usize; 2] = [8, 14];
const CHANNELS: usize = 64;
const DEPTH: usize = 192;
const ROUNDS: usize = 40;
const ROUND: Duration = Duration::from_micros(300);

/// Nanoseconds of one core for each output; the least of a few rounds, about 25 milliseconds in all.
///
/// # Panics
/// The CPU lacks the instruction set.
pub fn nanoseconds_per_output(isa: Isa) -> f64 {
    let mut once = Probe::new(isa, DEPTH);
    let mut twice = Probe::new(isa, 2 * DEPTH);
    let mut least = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        least[0] = least[0].min(once.seconds());
        least[1] = least[1].min(twice.seconds());
    }
    let outputs = OUTPUT[0] * OUTPUT[1] * CHANNELS;
    ((2.0 * least[0] - least[1]) * 1e9 / outputs as f64).max(0.0)
}

/// A 1x1 convolution with a rectified output.
struct Probe {
    conv: Conv,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Probe {
    fn new(isa: Isa, depth: usize) -> Self {
        let image = Image::dense(1, OUTPUT[0], OUTPUT[1], depth);
        let weights: Vec<u8> = (0..CHANNELS * depth).map(|at| (at * 37 % 61) as u8).collect();
        let bias = [0; CHANNELS];
        let (least, greatest) = isa.storage().range();
        let part = ConvPart {
            channels: CHANNELS,
            weights: Weights { bytes: &weights, signed: true, zero: 0 },
            bias: &bias,
            requantize: Requantize::Fixed(&[Multiplier { mantissa: 1_518_500_249, shift: -10 }]),
            output_zero: least,
            output_min: least,
            output_max: greatest,
            output_offset: isa.storage().offset_from(true),
            pixel_stride: CHANNELS,
        };
        let (window, output) = (Window::POINT, OUTPUT);
        let spec = ConvSpec { input: image, input_zero: least, window, output, groups: 1, parts: &[part], threads: 1 };
        let input = (0..image.span_bytes() + SLACK).map(|at| (at * 89 % 251) as u8).collect();
        Self { conv: gemm::prepare(isa, &spec), input, output: vec![0; OUTPUT[0] * OUTPUT[1] * CHANNELS] }
    }

    /// The average of the runs of a round.
    fn seconds(&mut self) -> f64 {
        let start = Instant::now();
        let mut runs = 0;
        loop {
            run_all(&self.conv, &[black_box(&self.input)], &mut [&mut self.output]);
            runs += 1;
            let elapsed = start.elapsed();
            if elapsed >= ROUND {
                return elapsed.as_secs_f64() / f64::from(runs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_has_a_cost() {
        for isa in Isa::available() {
            let cost = nanoseconds_per_output(isa);
            assert!((0.0..1e6).contains(&cost), "{isa}: {cost}");
        }
    }
}
