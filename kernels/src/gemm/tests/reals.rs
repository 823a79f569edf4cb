//! Convolutions and matrix products of dynamic range, from float32 to float32, against the scalar reference.

use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::fully_connected::FloatFullyConnectedParams;
use ottava_ref::ops::hybrid_conv2d::{conv2d_hybrid, symmetry};
use ottava_ref::ops::hybrid_fully_connected::fully_connected_hybrid;
use proptest::prelude::*;

use super::super::winograd::prepare_exact;
use super::super::*;
use crate::dynamic_range::{self, DynamicRangeSpec, Quantized};
use crate::isa::Isa;
use crate::layer::{Layer, run_all};
use crate::memory::SLACK;
use crate::quantization::{RealOrder, RealScales, Requantize, Weights};
use crate::testing::reals::{Reals, dense};
use crate::testing::{Failures, Fill, Guarded, Random, as_signed, for_each_isa};
use crate::window::{Image, Window};

/// One convolution with all its parameters; a matrix product where it has an order of rows.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    groups: usize,
    outputs: usize,
    /// Elements between output pixels beyond their channels.
    gap: usize,
    window: Window,
    output: [usize; 2],
    /// Of a matrix product whether its rows are symmetric; of a convolution, whether one scale is for all channels.
    symmetric: bool,
    is_product: bool,
    fill: Reals,
    weights: Fill,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 5, 6],
            channels: 20,
            groups: 1,
            outputs: 20,
            gap: 0,
            window: Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT },
            output: [5, 6],
            symmetric: false,
            is_product: false,
            fill: Reals::Moderate,
            weights: Fill::Random,
            threads: 1,
            seed: 1,
        }
    }
}

const RANGES: [[f32; 2]; 5] =
    [[f32::MIN, f32::MAX], [0.0, f32::MAX], [0.0, 6.0], [-1.0, 1.0], [f32::NEG_INFINITY, f32::INFINITY]];

impl Case {
    /// A matrix product of so many rows.
    fn product(rows: usize) -> Self {
        Self { image: [1, 1, rows], window: Window::POINT, output: [1, rows], is_product: true, ..Self::default() }
    }

    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let [taps_y, taps_x] = self.window.taps;
        let depth = taps_y * taps_x * self.channels / self.groups;
        let input = random.reals(batch * height * width * self.channels, self.fill);
        let weights = random.bytes(self.outputs * depth, self.weights);
        let count = if self.symmetric && !self.is_product { 1 } else { random.pick(&[1, self.outputs, self.outputs]) };
        // Two scales that are equal make a convolution symmetric.
        let mut scales: Vec<f32> =
            random.reals(count, Reals::Moderate).iter().map(|scale| scale.abs() / 64.0).collect();
        if self.symmetric {
            scales.resize(random.pick(&[1, self.outputs]), scales[0]);
        }
        let biases = random.pick(&[0, self.outputs, self.outputs]);
        let bias = random.reals(biases, self.fill);
        let range = random.pick(&RANGES);
        let pixels = batch * self.output[0] * self.output[1];
        let mut expected = vec![0.0; pixels * self.outputs];
        let of_reference = (as_signed(&weights), &scales[..]);
        let bias_of_reference = (!bias.is_empty()).then_some(&bias[..]);
        let rows = if self.is_product { pixels } else { batch };
        let (symmetric, order) = if self.is_product {
            let symmetry = if self.symmetric { Symmetry::Symmetric } else { Symmetry::Asymmetric };
            let params =
                FloatFullyConnectedParams { batches: rows, input_depth: depth, output_depth: self.outputs, range };
            fully_connected_hybrid((&params, symmetry), &input, of_reference, bias_of_reference, &mut expected);
            (self.symmetric, RealOrder::Rows)
        } else {
            let params = FloatConvParams {
                input_shape: [batch, height, width, self.channels],
                filter_shape: [self.outputs, taps_y, taps_x, self.channels / self.groups],
                output_shape: [batch, self.output[0], self.output[1], self.outputs],
                stride: self.window.stride,
                dilation: self.window.dilation,
                pad_top: self.window.pad_before[0],
                pad_left: self.window.pad_before[1],
                range,
            };
            conv2d_hybrid(&params, &input, of_reference, bias_of_reference, &mut expected);
            let symmetric = symmetry(&scales) == Symmetry::Symmetric;
            (symmetric, if symmetric { RealOrder::Together } else { RealOrder::WeightsFirst })
        };
        let stride = self.outputs + self.gap;
        let part = ConvPart {
            channels: self.outputs,
            weights: Weights { bytes: &weights, signed: true, zero: 0 },
            bias: &[],
            requantize: Requantize::Real(RealScales { weights: &scales, bias: &bias, order, range }),
            output_zero: 0,
            output_min: 0,
            output_max: 0,
            output_offset: 0,
            pixel_stride: 4 * stride,
        };
        let spec = ConvSpec {
            input: Image::dense(batch, height, width, self.channels),
            input_zero: 0,
            window: self.window,
            output: self.output,
            groups: self.groups,
            parts: &[part],
            threads: self.threads,
        };
        let elements = input.len() / rows;
        let of_input = DynamicRangeSpec {
            rows,
            elements,
            symmetric,
            marks_zeros: self.is_product,
            quantized: Quantized::Bytes,
            threads: self.threads,
        };
        for_each_isa(|isa| {
            let (stored, scales) = quantized(isa, &of_input, &input);
            let mut check = |layer: &dyn Layer| {
                let mut output = Guarded::new(pixels, 4 * self.outputs, 4 * stride);
                run_all(layer, &[&stored, &scales], &mut [output.view()]);
                failures.compare(output.dense(0), dense(&expected), || format!("{} {self:?}", layer.kernel()));
            };
            check(&prepare(isa, &spec));
            if let Ok(layer) = prepare_exact(isa, &spec) {
                check(&layer);
            }
        });
    }
}

/// Stored bytes with poison behind them, and scales.
fn quantized(isa: Isa, spec: &DynamicRangeSpec, input: &[f32]) -> (Vec<u8>, Vec<u8>) {
    let (range, quantize) = dynamic_range::prepare(isa, spec);
    let mut ranges = vec![0; range.output_bytes()];
    run_all(&range, &[dense(input)], &mut [&mut ranges]);
    let (mut stored, mut scales) = (vec![0xAB; input.len() + SLACK], vec![0; quantize.scale_bytes()]);
    run_all(&quantize, &[dense(input), &ranges], &mut [&mut stored, &mut scales]);
    (stored, scales)
}

const WEIGHTS: [Fill; 4] = [Fill::Random, Fill::Ends, Fill::Constant(0x80), Fill::Constant(0x7F)];

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=20).chain([63, 64, 65, 130]) {
        for (seed, weights) in (1..).zip(WEIGHTS) {
            for symmetric in [false, true] {
                let case = Case { channels, outputs: 3 * channels + 1, weights, symmetric, seed, ..Case::default() };
                case.check(&mut failures);
                Case { window: Window::POINT, ..case }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn all_kinds_of_numbers_are_exact() {
    let mut failures = Failures::default();
    for fill in Reals::ALL {
        for symmetric in [false, true] {
            for seed in 0..30 {
                Case { fill, symmetric, seed, gap: seed as usize % 3, ..Case::default() }.check(&mut failures);
                Case { fill, symmetric, seed, ..Case::product(7) }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

/// Whole inputs of zeros, whose results are the biases in a product, and single rows of zeros.
#[test]
fn zeros_are_exact() {
    let mut failures = Failures::default();
    for rows in [1, 2, 40] {
        for symmetric in [false, true] {
            for seed in 0..10 {
                let case = Case { symmetric, seed, fill: Reals::Zeros, ..Case::product(rows) };
                case.check(&mut failures);
                Case {
                    image: [2, 5, 6],
                    is_product: false,
                    ..Case { symmetric, seed, fill: Reals::Zeros, ..Case::default() }
                }
                .check(&mut failures);
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..9, 1..16],
        channels in 1..40usize,
        groups in prop::sample::select(&[1, 1, 1, 2, 3][..]),
        outputs in 1..70usize,
        gap in 0..5usize,
        (taps, stride) in ([1..5usize, 1..5], [1..4usize, 1..4]),
        dilation in [1..3usize, 1..3],
        pad_before in [0..4usize, 0..4],
        output in [1..9usize, 1..14],
        (symmetric, is_product) in (any::<bool>(), any::<bool>()),
        fill in prop::sample::select(&Reals::ALL[..]),
        weights in prop::sample::select(&WEIGHTS[..]),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let window = Window { taps, stride, dilation, pad_before };
        let case = match is_product {
            true => Case { channels, outputs, ..Case::product(image[2]) },
            false => {
                // The reference has no groups of symmetric activations.
                let groups = if symmetric { 1 } else { groups };
                Case { image, channels: channels * groups, groups, outputs: outputs * groups, window, output, ..Case::default() }
            }
        };
        Case { gap, symmetric, fill, weights, threads, seed, ..case }.check(&mut failures);
        failures.finish();
    }
}
