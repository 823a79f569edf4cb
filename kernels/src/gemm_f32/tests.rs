//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::conv2d::conv2d_f32;
use ottava_ref::ops::fully_connected::{FloatFullyConnectedParams, fully_connected_f32};
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
    /// Channels of a group, in and out.
    depth: [usize; 2],
    groups: usize,
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
            depth: [8, 20],
            groups: 1,
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
        let [inputs, outputs] = self.depth.map(|depth| depth * self.groups);
        let [taps_y, taps_x] = self.window.taps;
        let input = random.reals(batch * height * width * inputs, self.fill);
        let weights = random.reals(outputs * taps_y * taps_x * self.depth[0], self.fill);
        let biases = random.pick(&[0, outputs, outputs]);
        let bias = random.reals(biases, self.fill);
        let range = random.pick(&[[f32::MIN, f32::MAX], [0.0, f32::MAX], [0.0, 6.0], [-1.0, 1.0]]);
        let pixels = batch * self.output[0] * self.output[1];
        let mut expected = vec![0.0; pixels * outputs];
        let params = FloatConvParams {
            input_shape: [batch, height, width, inputs],
            filter_shape: [outputs, taps_y, taps_x, self.depth[0]],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            range,
        };
        conv2d_f32(&params, &input, &weights, (!bias.is_empty()).then_some(&bias[..]), &mut expected);
        let [input_stride, output_stride] = [inputs + self.gaps[0], outputs + self.gaps[1]];
        let stored = spread(&input, inputs, input_stride);
        for_each_isa(|isa| {
            let layer = prepare(
                isa,
                &ConvF32Spec {
                    input: Image { pixel_stride: input_stride, ..Image::dense(batch, height, width, inputs) },
                    window: self.window,
                    output: self.output,
                    groups: self.groups,
                    channels: outputs,
                    pixel_stride: output_stride,
                    weights: &weights,
                    bias: &bias,
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

/// All heights of tiles and numbers of panels, with ragged ends.
#[test]
fn every_tile_is_exact() {
    let mut failures = Failures::default();
    for pixels in (1..=30).chain([83, 84, 85, 170]) {
        for outputs in [1, 7, 16, 17, 32, 33, 47, 80, 129, 144] {
            let case = Case {
                image: [1, 1, pixels],
                depth: [9, outputs],
                window: Window::POINT,
                output: [1, pixels],
                fill: Reals::ALL[(pixels + outputs) % 4],
                threads: 1 + pixels % 4,
                seed: (pixels * 1000 + outputs) as u64,
                ..Case::default()
            };
            case.check(&mut failures);
        }
    }
    failures.finish();
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for inputs in (1..=20).chain([63, 64, 65, 70]) {
        for fill in Reals::ALL {
            Case { depth: [inputs, 37], fill, seed: inputs as u64, ..Case::default() }.check(&mut failures);
        }
    }
    failures.finish();
}

/// The order of a long sum shows in its last bits.
#[test]
fn long_sums_keep_their_order() {
    let mut failures = Failures::default();
    for (taps, inputs) in [([1, 1], 4000), ([3, 3], 448), ([1, 7], 160), ([7, 1], 160), ([5, 5], 48)] {
        let pad_before = taps.map(|taps| taps / 2);
        let window = Window { taps, pad_before, ..Window::POINT };
        Case { image: [1, 3, 4], output: [3, 4], depth: [inputs, 24], window, ..Case::default() }.check(&mut failures);
    }
    failures.finish();
}

#[test]
fn windows_outside_the_image_have_only_their_bias() {
    let mut failures = Failures::default();
    for fill in Reals::ALL {
        let window = Window { taps: [2, 2], pad_before: [3, 4], ..Window::POINT };
        Case { image: [2, 2, 2], output: [8, 9], window, fill, ..Case::default() }.check(&mut failures);
    }
    failures.finish();
}

#[test]
fn fully_connected_layers_are_exact() {
    let mut failures = Failures::default();
    for (rows, inputs, outputs) in [(1, 2048, 1001), (1, 33, 5), (3, 100, 70), (17, 64, 33)] {
        for (seed, fill) in (0..).zip(Reals::ALL) {
            let mut random = Random::new(seed);
            let [input, weights, bias] = [rows * inputs, inputs * outputs, outputs].map(|len| random.reals(len, fill));
            let range = [f32::MIN, f32::MAX];
            let params = FloatFullyConnectedParams { batches: rows, input_depth: inputs, output_depth: outputs, range };
            let mut expected = vec![0.0; rows * outputs];
            fully_connected_f32(&params, &input, &weights, Some(&bias), &mut expected);
            let stored = spread(&input, inputs, inputs);
            for_each_isa(|isa| {
                let layer = prepare(
                    isa,
                    &ConvF32Spec {
                        input: Image::dense(1, 1, rows, inputs),
                        window: Window::POINT,
                        output: [1, rows],
                        groups: 1,
                        channels: outputs,
                        pixel_stride: outputs,
                        weights: &weights,
                        bias: &bias,
                        range,
                        threads: 3,
                    },
                );
                let mut output = Guarded::new(rows, 4 * outputs, 4 * outputs);
                run_all(&layer, &[bytemuck::cast_slice(&stored)], &mut [output.view()]);
                failures.compare(output.dense(0), dense(&expected), || format!("{} {rows}", layer.kernel()));
            });
        }
    }
    failures.finish();
}

/// No task takes much longer than the others, and together they are all outputs: the comparison above shows that.
#[test]
fn work_is_shared_and_tasks_are_short() {
    let prepared = |threads| {
        let spec = ConvF32Spec {
            input: Image::dense(1, 35, 35, 96),
            window: Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT },
            output: [35, 35],
            groups: 1,
            channels: 96,
            pixel_stride: 96,
            weights: &vec![0.0; 96 * 9 * 96],
            bias: &[],
            range: [f32::MIN, f32::MAX],
            threads,
        };
        let mut counts = Vec::new();
        for_each_isa(|isa| counts.push(prepare(isa, &spec).tasks()));
        counts
    };
    assert!(prepared(1).iter().all(|&tasks| tasks >= 5), "{:?}", prepared(1));
    assert!(prepared(4).iter().all(|&tasks| tasks >= 20), "{:?}", prepared(4));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..8, 1..12],
        depth in [1..24usize, 1..70],
        groups in 1..4usize,
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
        Case { image, depth, groups, gaps, window, output, fill, threads, seed }.check(&mut failures);
        failures.finish();
    }
}
