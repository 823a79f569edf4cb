//! Every tile of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::average_pool2d::average_pool2d;
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d};
use ottava_ref::{ActivationRange, Quantized};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored};
use crate::window::{Image, Window};

/// One pooling with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    average: bool,
    image: [usize; 3],
    channels: usize,
    /// Channels of the wider tensor around the input, and around the output.
    gaps: [usize; 2],
    taps: [usize; 2],
    stride: [usize; 2],
    pad_before: [usize; 2],
    pad_after: [usize; 2],
    signed: bool,
    /// Whether the clamp is narrower than the type.
    clamped: bool,
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            average: true,
            image: [1, 5, 6],
            channels: 16,
            gaps: [0; 2],
            taps: [3; 2],
            stride: [1; 2],
            pad_before: [1; 2],
            pad_after: [1; 2],
            signed: true,
            clamped: false,
            fill: Fill::Random,
            threads: 1,
            seed: 1,
        }
    }
}

impl Case {
    /// Output height and width; `None` where the window does not fit, or an average has no taps.
    fn output(&self) -> Option<[usize; 2]> {
        let mut output = [0; 2];
        for (axis, output) in output.iter_mut().enumerate() {
            let input = self.image[1 + axis];
            let padded = input + self.pad_before[axis] + self.pad_after[axis];
            *output = padded.checked_sub(self.taps[axis])? / self.stride[axis] + 1;
            let last = (*output - 1) * self.stride[axis];
            let empty = self.pad_before[axis] >= self.taps[axis] || last >= input + self.pad_before[axis];
            if self.average && empty {
                return None;
            }
        }
        Some(output)
    }

    fn reference<X: Quantized>(&self, range: ActivationRange, output: [usize; 2], input: &[X]) -> Vec<X> {
        let [batch, height, width] = self.image;
        let params = Pool2dParams {
            input_shape: [batch, height, width, self.channels],
            output_shape: [batch, output[0], output[1], self.channels],
            filter: self.taps,
            stride: self.stride,
            pad_top: self.pad_before[0],
            pad_left: self.pad_before[1],
            activation: range,
        };
        let mut result = vec![X::default(); batch * output[0] * output[1] * self.channels];
        let reference = if self.average { average_pool2d } else { max_pool2d };
        reference(&params, input, &mut result);
        result
    }

    fn check(&self, failures: &mut Failures) {
        let Some(output) = self.output() else { return };
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let input = random.bytes(batch * height * width * self.channels, self.fill);
        let (low, high) = if self.signed { (-128, 127) } else { (0, 255) };
        let range = if self.clamped {
            let lo = random.within(low, high);
            ActivationRange { lo, hi: random.within(lo, high) }
        } else {
            ActivationRange { lo: low, hi: high }
        };
        let expected = if self.signed {
            as_bytes(&self.reference(range, output, as_signed(&input))).to_vec()
        } else {
            self.reference(range, output, &input)
        };
        for_each_isa(|isa| {
            let (offset, mask) = (isa.storage().offset_from(self.signed), isa.storage().xor_mask(self.signed));
            let stride = self.channels + self.gaps[0];
            let pool = prepare(
                isa,
                &PoolSpec {
                    kind: match self.average {
                        true => PoolKind::Average { file_is_signed: self.signed },
                        false => PoolKind::Maximum,
                    },
                    input: Image { batch, height, width, channels: self.channels, pixel_stride: stride },
                    window: Window {
                        taps: self.taps,
                        stride: self.stride,
                        dilation: [1; 2],
                        pad_before: self.pad_before,
                    },
                    output,
                    output_min: range.lo + offset,
                    output_max: range.hi + offset,
                    pixel_stride: self.channels + self.gaps[1],
                    threads: self.threads,
                },
            );
            for poison in [0x00, 0xFF] {
                let bytes = stored(&input, self.channels, stride, mask, poison);
                let pixels = batch * output[0] * output[1];
                let mut result = Guarded::new(pixels, self.channels, self.channels + self.gaps[1]);
                run_all(&pool, &[&bytes], &mut [result.view()]);
                let what = || format!("{} {self:?} poison {poison}", pool.kernel());
                failures.compare(result.dense(mask), &expected, what);
            }
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([47, 63, 64, 65, 96, 127, 128, 129, 192]) {
        for average in [true, false] {
            for signed in [true, false] {
                for (gaps, stride) in [([0, 0], [1, 1]), ([3, 5], [2, 2]), ([64, 1], [1, 3])] {
                    let seed = channels as u64;
                    Case { average, channels, signed, gaps, stride, seed, ..Case::default() }.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn every_window_is_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for taps in [[1, 1], [2, 2], [3, 3], [2, 3], [3, 2], [4, 4], [1, 3], [5, 5], [7, 7]] {
        for stride in [[1, 1], [2, 2], [3, 3], [1, 2]] {
            for pad in 0..=3 {
                for width in [3, 4, 7, 12] {
                    for average in [true, false] {
                        seed += 1;
                        let case = Case {
                            average,
                            image: [2, 7, width],
                            channels: [5, 64, 70][seed % 3],
                            taps,
                            stride,
                            pad_before: [pad, pad / 2],
                            pad_after: [pad / 2, pad],
                            signed: seed % 4 < 2,
                            clamped: seed % 5 == 0,
                            threads: 1 + seed % 3,
                            seed: seed as u64,
                            ..Case::default()
                        };
                        case.check(&mut failures);
                    }
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn windows_from_edge_to_edge_are_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for height in 1..=6 {
        for width in 1..=9 {
            for channels in [1, 15, 33, 64, 100, 128, 300] {
                for (signed, clamped) in [(true, false), (false, false), (true, true), (false, true)] {
                    seed += 1;
                    let case = Case {
                        image: [2, height, width],
                        channels,
                        gaps: [[0, 0], [7, 3]][seed % 2],
                        signed,
                        clamped,
                        fill: Fill::ALL[seed % Fill::ALL.len()],
                        threads: 1 + seed % 3,
                        seed: seed as u64,
                        ..Case::default()
                    };
                    case.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn every_number_of_taps_is_exact() {
    let mut failures = Failures::default();
    for taps in (1..=40).chain([48, 49, 63, 64, 81, 100, 121, 129, 144, 169, 196, 225, 255, 256, 257, 300, 1000]) {
        for (signed, fill) in [true, false].into_iter().flat_map(|signed| Fill::ALL.map(|fill| (signed, fill))) {
            let case = Case {
                image: [1, taps, 1],
                channels: 33,
                taps: [taps, 1],
                pad_before: [0; 2],
                pad_after: [0; 2],
                signed,
                fill,
                seed: taps as u64,
                ..Case::default()
            };
            case.check(&mut failures);
        }
    }
    failures.finish();
}

#[test]
fn extreme_values_are_exact() {
    let mut failures = Failures::default();
    for (seed, fill) in (0..4).flat_map(|seed| Fill::ALL.map(|fill| (seed, fill))) {
        for average in [true, false] {
            for (signed, clamped) in [(true, true), (true, false), (false, true), (false, false)] {
                let case = Case { average, signed, clamped, fill, taps: [2, 3], seed, ..Case::default() };
                case.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn a_maximum_in_the_padding_is_the_least_value() {
    let mut failures = Failures::default();
    for signed in [true, false] {
        let case = Case {
            average: false,
            image: [1, 2, 2],
            pad_before: [4, 4],
            pad_after: [5, 5],
            signed,
            channels: 7,
            ..Case::default()
        };
        case.check(&mut failures);
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_poolings_are_exact(
        image in [1..3usize, 1..9, 1..20],
        channels in 1..150usize,
        gaps in [0..70usize, 0..20],
        taps in [1..6usize, 1..6],
        stride in [1..4usize, 1..4],
        pads in ([0..4usize, 0..4], [0..4usize, 0..4]),
        flags in any::<[bool; 3]>(),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let (pad_before, pad_after) = pads;
        let [average, signed, clamped] = flags;
        let mut failures = Failures::default();
        let case = Case {
            average, image, channels, gaps, taps, stride, pad_before, pad_after, signed, clamped, threads, seed,
            ..Case::default()
        };
        case.check(&mut failures);
        failures.finish();
    }
}
