//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::add::AddParams;
use ottava_ref::scales::AddMultipliers;
use ottava_ref::{ActivationRange, Multiplier, Quantized};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored};

/// What the second operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Same,
    PerChannel,
    Scalar,
}

/// One addition with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    pixels: usize,
    channels: usize,
    gaps: [usize; 3],
    second: Second,
    signed: bool,
    rectified: bool,
    /// Whether each operand has a multiplier of one half.
    halves: [bool; 2],
    fills: [Fill; 2],
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            pixels: 5,
            channels: 24,
            gaps: [0; 3],
            second: Second::Same,
            signed: true,
            rectified: false,
            halves: [false, true],
            fills: [Fill::Random; 2],
            threads: 1,
            seed: 1,
        }
    }
}

struct Data {
    inputs: [Vec<u8>; 2],
    zeros: [i32; 2],
    multipliers: [(i32, i32); 3],
    output_zero: i32,
    range: ActivationRange,
}

impl Case {
    fn data(&self) -> Data {
        let mut random = Random::new(self.seed);
        let (low, high) = if self.signed { (-128, 127) } else { (0, 255) };
        let zero = |random: &mut Random| {
            let inner = random.within(low, high);
            random.pick(&[low, high, inner])
        };
        let second = match self.second {
            Second::Same => self.pixels * self.channels,
            Second::PerChannel => self.channels,
            Second::Scalar => 1,
        };
        let inputs = [random.bytes(self.pixels * self.channels, self.fills[0]), random.bytes(second, self.fills[1])];
        let operand = |random: &mut Random, half| if half { (1 << 30, 0) } else { random.multiplier(-6, 0) };
        let multipliers =
            [operand(&mut random, self.halves[0]), operand(&mut random, self.halves[1]), random.multiplier(-22, -15)];
        let output_zero = zero(&mut random);
        let lo = if self.rectified { output_zero } else { random.within(low, high) };
        let range = ActivationRange { lo, hi: random.within(lo, high) };
        Data { inputs, zeros: [zero(&mut random), zero(&mut random)], multipliers, output_zero, range }
    }

    fn reference<X: Quantized>(&self, data: &Data, inputs: [&[X]; 2]) -> Vec<X> {
        let multiplier = |(mantissa, shift): (i32, i32)| Multiplier { mantissa, shift };
        let shape = [self.pixels, self.channels];
        let second: &[usize] = match self.second {
            Second::Same => &shape,
            Second::PerChannel => &shape[1..],
            Second::Scalar => &[],
        };
        let params = AddParams {
            input_zero_points: data.zeros,
            multipliers: AddMultipliers {
                input1: multiplier(data.multipliers[0]),
                input2: multiplier(data.multipliers[1]),
                output: multiplier(data.multipliers[2]),
            },
            output_zero_point: data.output_zero,
            activation: data.range,
        };
        let mut output = vec![X::default(); self.pixels * self.channels];
        let operands = [(&shape[..], inputs[0]), (second, inputs[1])];
        ottava_ref::ops::add::add(
            &params,
            operands.map(|(shape, values)| ottava_ref::Operand { shape, values }),
            &mut output,
        );
        output
    }

    fn check(&self, failures: &mut Failures) {
        let data = self.data();
        let expected = if self.signed {
            as_bytes(&self.reference(&data, [as_signed(&data.inputs[0]), as_signed(&data.inputs[1])])).to_vec()
        } else {
            self.reference(&data, [&data.inputs[0], &data.inputs[1]])
        };
        for_each_isa(|isa| {
            let (offset, mask) = (isa.storage().offset_from(self.signed), isa.storage().xor_mask(self.signed));
            let strides = self.gaps.map(|gap| self.channels + gap);
            let second_stride = if self.second == Second::Same { strides[1] } else { 0 };
            let operand = |i: usize| Operand { zero: data.zeros[i] + offset, multiplier: data.multipliers[i] };
            let layer = prepare(
                isa,
                &AddSpec {
                    shape: Strided {
                        pixels: self.pixels,
                        channels: self.channels,
                        input_strides: [strides[0], second_stride],
                        output_stride: strides[2],
                    },
                    second_is_scalar: self.second == Second::Scalar,
                    operands: [operand(0), operand(1)],
                    multiplier: data.multipliers[2],
                    output_zero: data.output_zero + offset,
                    output_min: data.range.lo + offset,
                    output_max: data.range.hi + offset,
                    output_offset: offset,
                    threads: self.threads,
                },
            );
            for poison in [0x00, 0xFF] {
                let first = stored(&data.inputs[0], self.channels, strides[0], mask, poison);
                let channels = self.channels.min(data.inputs[1].len());
                let second = stored(&data.inputs[1], channels, strides[1], mask, poison);
                let mut output = Guarded::new(self.pixels, self.channels, strides[2]);
                run_all(&layer, &[&first, &second], &mut [output.view()]);
                let what = || format!("{} {self:?} poison {poison}", layer.kernel());
                failures.compare(output.dense(mask), &expected, what);
            }
        });
    }
}

#[test]
fn every_length_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([63, 64, 65, 160]) {
        for (pixels, gaps) in [(1, [0; 3]), (3, [0; 3]), (4, [1, 2, 3]), (4, [0, 0, 16])] {
            for second in [Second::Same, Second::PerChannel, Second::Scalar] {
                for signed in [true, false] {
                    let seed = channels as u64;
                    Case { pixels, channels, gaps, second, signed, seed, ..Case::default() }.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn extreme_values_and_all_multipliers_are_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for first in Fill::ALL {
        for second in Fill::ALL {
            for halves in [[false, false], [false, true], [true, false], [true, true]] {
                for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
                    seed += 1;
                    let fills = [first, second];
                    Case { halves, signed, rectified, fills, seed, ..Case::default() }.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn every_pair_of_values_is_exact() {
    let mut failures = Failures::default();
    let pairs: Vec<[u8; 2]> = (0..=255u8).flat_map(|a| (0..=255).map(move |b| [a, b])).collect();
    for seed in 0..40 {
        let case = Case {
            pixels: 256,
            channels: 256,
            signed: seed % 2 == 0,
            rectified: seed % 3 == 0,
            halves: [seed % 4 == 1, seed % 4 < 2],
            seed,
            ..Case::default()
        };
        let mut data = case.data();
        data.inputs = [0, 1].map(|i| pairs.iter().map(|pair| pair[i]).collect());
        let expected = if case.signed {
            as_bytes(&case.reference(&data, [as_signed(&data.inputs[0]), as_signed(&data.inputs[1])])).to_vec()
        } else {
            case.reference(&data, [&data.inputs[0], &data.inputs[1]])
        };
        for_each_isa(|isa| {
            let (offset, mask) = (isa.storage().offset_from(case.signed), isa.storage().xor_mask(case.signed));
            let spec = AddSpec {
                shape: Strided { pixels: 1, channels: 65_536, input_strides: [65_536; 2], output_stride: 65_536 },
                second_is_scalar: false,
                operands: [0, 1].map(|i| Operand { zero: data.zeros[i] + offset, multiplier: data.multipliers[i] }),
                multiplier: data.multipliers[2],
                output_zero: data.output_zero + offset,
                output_min: data.range.lo + offset,
                output_max: data.range.hi + offset,
                output_offset: offset,
                threads: 3,
            };
            let layer = prepare(isa, &spec);
            let inputs = [0, 1].map(|i| stored(&data.inputs[i], 65_536, 65_536, mask, 0));
            let mut output = Guarded::new(1, 65_536, 65_536);
            run_all(&layer, &[&inputs[0], &inputs[1]], &mut [output.view()]);
            failures.compare(output.dense(mask), &expected, || format!("{} {case:?} all pairs", layer.kernel()));
        });
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_additions_are_exact(
        pixels in 1..40usize,
        channels in 1..150usize,
        gaps in prop_oneof![Just([0usize; 3]), [0..20usize, 0..20, 0..20]],
        second in prop_oneof![Just(Second::Same), Just(Second::PerChannel), Just(Second::Scalar)],
        flags in any::<[bool; 4]>(),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let [signed, rectified, first_half, second_half] = flags;
        let mut failures = Failures::default();
        let halves = [first_half, second_half];
        let case = Case { pixels, channels, gaps, second, signed, rectified, halves, threads, seed, ..Case::default() };
        case.check(&mut failures);
        failures.finish();
    }
}
