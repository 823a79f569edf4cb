//! Depthwise convolutions of dynamic range, from float32 to float32, against the scalar reference.

use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::hybrid_depthwise_conv2d::depthwise_conv2d_hybrid;
use proptest::prelude::*;

use super::*;
use crate::dynamic_range::{self, DynamicRangeSpec, Quantized};
use crate::layer::{Layer, run_all};
use crate::memory::SLACK;
use crate::testing::reals::{Reals, dense};
use crate::testing::{Failures, Fill, Guarded, Random, as_signed, for_each_isa};
use crate::window::{Image, Window};

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    multiplier: usize,
    window: Window,
    output: [usize; 2],
    fill: Reals,
    weights: Fill,
    threads: usize,
    seed: u64,
}

impl Case {
    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let outputs = self.channels * self.multiplier;
        let [taps_y, taps_x] = self.window.taps;
        let input = random.reals(batch * height * width * self.channels, self.fill);
        let weights = random.bytes(taps_y * taps_x * outputs, self.weights);
        let scales: Vec<f32> = random.reals(outputs, Reals::Moderate).iter().map(|scale| scale / 64.0).collect();
        let biases = random.pick(&[0, outputs, outputs]);
        let bias = random.reals(biases, self.fill);
        let range = random.pick(&[[f32::MIN, f32::MAX], [0.0, f32::MAX], [0.0, 6.0], [-1.0, 1.0]]);
        let pixels = batch * self.output[0] * self.output[1];
        let mut expected = vec![0.0; pixels * outputs];
        let params = FloatConvParams {
            input_shape: [batch, height, width, self.channels],
            filter_shape: [1, taps_y, taps_x, outputs],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            range,
        };
        let of_reference = (as_signed(&weights), &scales[..]);
        depthwise_conv2d_hybrid(&params, &input, of_reference, (!bias.is_empty()).then_some(&bias[..]), &mut expected);
        let weights: Vec<f32> = as_signed(&weights).iter().map(|&weight| f32::from(weight)).collect();
        let activations = DynamicRangeSpec {
            rows: batch,
            elements: input.len() / batch,
            symmetric: false,
            marks_zeros: false,
            quantized: Quantized::WholeNumbers,
            threads: self.threads,
        };
        for_each_isa(|isa| {
            let (range_layer, quantize) = dynamic_range::prepare(isa, &activations);
            let mut ranges = vec![0; range_layer.output_bytes()];
            run_all(&range_layer, &[dense(&input)], &mut [&mut ranges]);
            let mut whole = vec![f32::NAN; input.len() + SLACK / size_of::<f32>()];
            let mut of_images = vec![0; quantize.scale_bytes()];
            let stored = bytemuck::cast_slice_mut(&mut whole);
            run_all(&quantize, &[dense(&input), &ranges], &mut [stored, &mut of_images]);
            let spec = DepthwiseF32Spec {
                input: Image::dense(batch, height, width, self.channels),
                window: self.window,
                output: self.output,
                channels: outputs,
                pixel_stride: outputs,
                weights: &weights,
                bias: &bias,
                scales: &scales,
                range,
                threads: self.threads,
            };
            let layer = prepare(isa, &spec);
            let mut output = Guarded::new(pixels, 4 * outputs, 4 * outputs);
            run_all(&layer, &[dense(&whole), &of_images], &mut [output.view()]);
            failures.compare(output.dense(0), dense(&expected), || format!("{} {self:?}", layer.kernel()));
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..4usize, 1..8, 1..20],
        channels in 1..40usize,
        multiplier in 1..3usize,
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        dilation in [1..3usize, 1..3],
        pad_before in [0..4usize, 0..4],
        output in [1..7usize, 1..20],
        fill in prop::sample::select(&[Reals::Bits, Reals::Moderate, Reals::Ends, Reals::Small, Reals::Zeros][..]),
        weights in prop::sample::select(&[Fill::Random, Fill::Ends, Fill::Constant(0x80), Fill::Constant(0x7F)][..]),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let window = Window { taps, stride, dilation, pad_before };
        Case { image, channels, multiplier, window, output, fill, weights, threads, seed }.check(&mut failures);
        failures.finish();
    }
}

/// The largest window has the largest sums that are exact.
#[test]
fn the_largest_sums_are_exact() {
    let mut failures = Failures::default();
    for seed in 0..8 {
        let window = Window { taps: [2, MOST_EXACT_TAPS / 2], ..Window::POINT };
        let case = Case {
            image: [1, 2, MOST_EXACT_TAPS / 2 + 3],
            channels: 3,
            multiplier: 1,
            window,
            output: [1, 4],
            fill: [Reals::Moderate, Reals::Ends][seed as usize % 2],
            weights: [Fill::Constant(0x80), Fill::Ends][seed as usize / 2 % 2],
            threads: 1,
            seed,
        };
        case.check(&mut failures);
    }
    failures.finish();
}
