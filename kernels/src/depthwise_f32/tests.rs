//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d_f32;
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::reals::{Reals, dense, spread};
use crate::testing::{Failures, Guarded, Random, for_each_isa};
use crate::window::{Image, Window};

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    multiplier: usize,
    /// Elements between pixels beyond their channels, of input and output.
    gaps: [usize; 2],
    window: Window,
    output: [usize; 2],
    fill: Reals,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 5, 6],
            channels: 20,
            multiplier: 1,
            gaps: [0; 2],
            window: Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT },
            output: [5, 6],
            fill: Reals::Moderate,
            threads: 1,
            seed: 1,
        }
    }
}

impl Case {
    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let outputs = self.channels * self.multiplier;
        let [taps_y, taps_x] = self.window.taps;
        let input = random.reals(batch * height * width * self.channels, self.fill);
        let weights = random.reals(taps_y * taps_x * outputs, self.fill);
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
        depthwise_conv2d_f32(&params, &input, &weights, (!bias.is_empty()).then_some(&bias[..]), &mut expected);
        let [pixel_stride, output_stride] = [self.channels + self.gaps[0], outputs + self.gaps[1]];
        let stored = spread(&input, self.channels, pixel_stride);
        for_each_isa(|isa| {
            let layer = prepare(
                isa,
                &DepthwiseF32Spec {
                    input: Image { pixel_stride, ..Image::dense(batch, height, width, self.channels) },
                    window: self.window,
                    output: self.output,
                    channels: outputs,
                    pixel_stride: output_stride,
                    weights: &weights,
                    bias: &bias,
                    scales: &[],
                    range,
                    threads: self.threads,
                },
            );
            let mut output = Guarded::new(pixels, 4 * outputs, 4 * output_stride);
            run_all(&layer, &[bytemuck::cast_slice(&stored)], &mut [output.view()]);
            failures.compare(output.dense(0), dense(&expected), || format!("{} {self:?}", layer.kernel()));
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([63, 64, 65, 130]) {
        for multiplier in 1..=3 {
            Case { channels, multiplier, seed: channels as u64, ..Case::default() }.check(&mut failures);
        }
    }
    failures.finish();
}

#[test]
fn every_width_is_exact() {
    let mut failures = Failures::default();
    for width in 1..=27_usize {
        for stride in 1..=2 {
            for fill in Reals::ALL {
                let window = Window { taps: [3, 3], pad_before: [1, 1], stride: [stride; 2], ..Window::POINT };
                let output = [4usize.div_ceil(stride), width.div_ceil(stride)];
                let case = Case { image: [1, 4, width], channels: 37, window, output, fill, ..Case::default() };
                case.check(&mut failures);
            }
        }
    }
    failures.finish();
}

/// Wide rows of many channels are computed block by block, as long as the image is not too large for that.
#[test]
fn blocks_of_channels_are_exact() {
    let mut failures = Failures::default();
    for (width, channels) in [(40, 150), (70, 40), (9, 700), (400, 300)] {
        for multiplier in 1..=2 {
            for threads in [1, 3] {
                let (image, output) = ([1, 3, width], [3, width]);
                Case { image, channels, multiplier, output, threads, ..Case::default() }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..8, 1..12],
        channels in 1..40usize,
        multiplier in 1..3usize,
        gaps in [0..9usize, 0..9],
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        dilation in [1..3usize, 1..3],
        pad_before in [0..4usize, 0..4],
        output in [1..7usize, 1..14],
        fill in prop::sample::select(&Reals::ALL[..]),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let window = Window { taps, stride, dilation, pad_before };
        Case { image, channels, multiplier, gaps, window, output, fill, threads, seed }.check(&mut failures);
        failures.finish();
    }
}
