//! Every tile of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d;
use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::layer::{Layer, run_all};
use crate::quantization::{Multiplier, Requantize, Weights};
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored, to_reference};
use crate::window::{Image, Window};

#[cfg(target_arch = "aarch64")]
mod rows;

/// One depthwise convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    multiplier: usize,
    /// Channels of the wider tensor around the input, and around the output.
    gaps: [usize; 2],
    window: Window,
    /// Padding below and to the right.
    pad_after: [usize; 2],
    signed: bool,
    /// Whether the least output is the zero point.
    rectified: bool,
    per_channel: bool,
    /// Largest shift of the multipliers.
    shift: i32,
    /// Largest magnitude of a bias.
    bias: i32,
    fill: Fill,
    weight_fill: Fill,
    /// Whether signed weights leave -128 out.
    symmetric: bool,
    /// One weight that is another byte.
    odd_weight: Option<(usize, u8)>,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 5, 6],
            channels: 16,
            multiplier: 1,
            gaps: [0; 2],
            window: Window { taps: [3; 2], stride: [1; 2], dilation: [1; 2], pad_before: [1; 2] },
            pad_after: [1; 2],
            signed: true,
            rectified: false,
            per_channel: true,
            shift: -3,
            bias: 20_000,
            fill: Fill::Random,
            weight_fill: Fill::Random,
            symmetric: false,
            odd_weight: None,
            threads: 1,
            seed: 1,
        }
    }
}

/// A case's tensors and parameters, in the file's domain.
struct Data {
    output: [usize; 2],
    input: Vec<u8>,
    weights: Vec<u8>,
    bias: Vec<i32>,
    multipliers: Vec<Multiplier>,
    input_zero: i32,
    weight_zero: i32,
    output_zero: i32,
    range: ActivationRange,
}

impl Case {
    /// Output height and width; `None` where the window does not fit.
    fn output(&self) -> Option<[usize; 2]> {
        let mut output = [0; 2];
        for (axis, output) in output.iter_mut().enumerate() {
            let reach = (self.window.taps[axis] - 1) * self.window.dilation[axis] + 1;
            let padded = self.image[1 + axis] + self.window.pad_before[axis] + self.pad_after[axis];
            *output = padded.checked_sub(reach)? / self.window.stride[axis] + 1;
        }
        Some(output)
    }

    fn data(&self) -> Option<Data> {
        let output = self.output()?;
        let mut random = Random::new(self.seed);
        let channels = self.channels * self.multiplier;
        let (low, high) = if self.signed { (-128, 127) } else { (0, 255) };
        let zero = |random: &mut Random| {
            let inner = random.within(low, high);
            random.pick(&[low, high, inner])
        };
        let count = if self.per_channel { channels } else { 1 };
        let output_zero = zero(&mut random);
        let range = if self.rectified {
            ActivationRange { lo: output_zero, hi: random.within(output_zero, high) }
        } else {
            let lo = random.within(low, high);
            ActivationRange { lo, hi: random.within(lo, high) }
        };
        let taps = self.window.taps[0] * self.window.taps[1];
        let mut weights = random.bytes(taps * channels, self.weight_fill);
        for weight in weights.iter_mut().filter(|weight| self.symmetric && **weight == 0x80) {
            *weight = 0x81;
        }
        if let Some((at, byte)) = self.odd_weight {
            weights[at] = byte;
        }
        Some(Data {
            output,
            input: random.bytes(self.image.iter().product::<usize>() * self.channels, self.fill),
            weights,
            bias: (0..channels).map(|_| random.within(-self.bias, self.bias)).collect(),
            multipliers: (0..count).map(|_| random.multiplier(self.shift - 6, self.shift)).collect(),
            input_zero: zero(&mut random),
            weight_zero: if self.signed { 0 } else { zero(&mut random) },
            output_zero,
            range,
        })
    }

    fn expected(&self, data: &Data) -> Vec<u8> {
        let [batch, height, width] = self.image;
        let channels = self.channels * self.multiplier;
        let multipliers: Vec<_> = data.multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let params = ConvParams {
            input_shape: [batch, height, width, self.channels],
            filter_shape: [1, self.window.taps[0], self.window.taps[1], channels],
            output_shape: [batch, data.output[0], data.output[1], channels],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            input_zero_point: data.input_zero,
            filter_zero_point: data.weight_zero,
            multipliers: &multipliers,
            output_zero_point: data.output_zero,
            activation: data.range,
        };
        let len = batch * data.output[0] * data.output[1] * channels;
        if self.signed {
            let mut output = vec![0i8; len];
            let (input, weights) = (as_signed(&data.input), as_signed(&data.weights));
            depthwise_conv2d(&params, input, weights, Some(&data.bias), &mut output);
            as_bytes(&output).to_vec()
        } else {
            let mut output = vec![0u8; len];
            depthwise_conv2d(&params, &data.input, &data.weights, Some(&data.bias), &mut output);
            output
        }
    }

    /// Runs the kernel of an instruction set; its name and its result.
    fn run(&self, isa: Isa, data: &Data, poison: u8) -> (String, Result<Vec<u8>, String>) {
        let [batch, height, width] = self.image;
        let channels = self.channels * self.multiplier;
        let (offset, mask) = (isa.storage().offset_from(self.signed), isa.storage().xor_mask(self.signed));
        let (stride, output_stride) = (self.channels + self.gaps[0], channels + self.gaps[1]);
        let spec = DepthwiseSpec {
            input: Image { batch, height, width, channels: self.channels, pixel_stride: stride },
            input_zero: data.input_zero + offset,
            window: self.window,
            output: data.output,
            channels,
            weights: Weights { bytes: &data.weights, signed: self.signed, zero: data.weight_zero },
            bias: &data.bias,
            requantize: Requantize::Fixed(&data.multipliers),
            output_zero: data.output_zero + offset,
            output_min: data.range.lo + offset,
            output_max: data.range.hi + offset,
            output_offset: offset,
            pixel_stride: output_stride,
            threads: self.threads,
        };
        let layer = prepare(isa, &spec);
        let input = stored(&data.input, self.channels, stride, mask, poison);
        let mut output = Guarded::new(batch * data.output[0] * data.output[1], channels, output_stride);
        run_all(&layer, &[&input], &mut [output.view()]);
        (layer.kernel().to_string(), output.dense(mask))
    }

    fn check(&self, failures: &mut Failures) {
        let Some(data) = self.data() else { return };
        let expected = self.expected(&data);
        for_each_isa(|isa| {
            for poison in [0x00, 0xFF] {
                let (kernel, got) = self.run(isa, &data, poison);
                failures.compare(got, &expected, || format!("{kernel} {self:?} poison {poison}"));
            }
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([47, 64, 65, 96, 127, 128, 130, 144]) {
        for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
            for gaps in [[0, 0], [3, 5]] {
                let seed = channels as u64;
                let case = Case { channels, signed, rectified, gaps, seed, ..Case::default() };
                case.check(&mut failures);
                Case { symmetric: true, ..case }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn every_window_is_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for taps in [[1, 1], [2, 3], [3, 3], [5, 5], [4, 2], [1, 7], [7, 7]] {
        for stride in [[1, 1], [2, 2], [3, 1], [1, 3]] {
            for dilation in [[1, 1], [2, 3]] {
                for pad in [0, 1, 3] {
                    for width in [3, 8, 17] {
                        seed += 1;
                        let window = Window { taps, stride, dilation, pad_before: [pad, pad / 2] };
                        let case = Case {
                            image: [2, 4, width],
                            channels: [5, 16, 24, 64, 100][seed % 5],
                            window,
                            pad_after: [pad / 2, pad],
                            signed: seed % 2 == 0,
                            rectified: seed % 4 > 1,
                            symmetric: seed % 3 > 0,
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
fn channel_multipliers_are_exact() {
    let mut failures = Failures::default();
    for channels in [1, 2, 3, 5, 16, 17, 24] {
        for multiplier in [2, 3, 4, 7, 8, 16, 20, 32] {
            for signed in [true, false] {
                let seed = (channels * multiplier) as u64;
                Case { channels, multiplier, signed, gaps: [1, 2], seed, ..Case::default() }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn extreme_values_are_exact() {
    let mut failures = Failures::default();
    let mut seed = 100;
    for fill in Fill::ALL {
        for weight_fill in Fill::ALL {
            for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
                for (shift, per_channel) in [(-8, true), (-2, false), (0, true), (5, true), (-25, true)] {
                    seed += 1;
                    let case =
                        Case { fill, weight_fill, signed, rectified, shift, per_channel, seed, ..Case::default() };
                    case.check(&mut failures);
                    Case { per_channel: false, channels: 80, ..case.clone() }.check(&mut failures);
                    Case { symmetric: true, ..case }.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn a_weight_of_nine_bits_among_those_of_eight() {
    let mut failures = Failures::default();
    for seed in 0..12 {
        for channels in [8, 64, 128, 240] {
            for (weight, odd) in [(0x7F, 0xFF), (0x80, 0x00), (0x80, 0xFF)] {
                // In the first group of channels, and in the last.
                for at in [5 * channels + 3, 4 * channels - 1] {
                    let fill = Fill::Constant(weight);
                    let case =
                        Case { channels, weight_fill: fill, odd_weight: Some((at, odd)), seed, ..Case::default() };
                    Case { signed: false, shift: -4, ..case }.check(&mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn a_window_in_the_padding_gives_the_bias() {
    let mut failures = Failures::default();
    let window = Window { taps: [2; 2], stride: [1; 2], dilation: [1; 2], pad_before: [4; 2] };
    Case { image: [1, 2, 2], window, pad_after: [5; 2], channels: 7, ..Case::default() }.check(&mut failures);
    failures.finish();
}

#[test]
#[should_panic(expected = "input view")]
fn a_short_input_is_refused() {
    let weights = Weights { bytes: &[1; 9 * 16], signed: true, zero: 0 };
    let spec = DepthwiseSpec {
        input: Image::dense(1, 5, 5, 16),
        input_zero: 0,
        window: Window { taps: [3; 2], ..Window::POINT },
        output: [3; 2],
        channels: 16,
        weights,
        bias: &[],
        requantize: Requantize::Fixed(&[Multiplier::HALF]),
        output_zero: 0,
        output_min: 0,
        output_max: 255,
        output_offset: 0,
        pixel_stride: 16,
        threads: 1,
    };
    run_all(&prepare(Isa::Scalar, &spec), &[&[0; 5 * 5 * 16 - 1]], &mut [&mut [0; 9 * 16]]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..9, 1..20],
        channels in prop_oneof![1..70usize, 70..200usize],
        multiplier in prop_oneof![4 => Just(1usize), 1 => 2..5usize],
        gaps in [0..20usize, 0..20],
        window in ([1..5usize, 1..5], [1..4usize, 1..4], [1..3usize, 1..3], [0..4usize, 0..4]),
        pad_after in [0..4usize, 0..4],
        flags in any::<[bool; 4]>(),
        shift in -20..3i32,
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let (taps, stride, dilation, pad_before) = window;
        let window = Window { taps, stride, dilation, pad_before };
        let [signed, rectified, per_channel, symmetric] = flags;
        let mut failures = Failures::default();
        let case = Case {
            image, channels, multiplier, gaps, window, pad_after, signed, rectified, per_channel, shift, threads, seed,
            symmetric,
            ..Case::default()
        };
        case.check(&mut failures);
        failures.finish();
    }
}
