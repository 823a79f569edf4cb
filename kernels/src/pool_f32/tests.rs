//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::average_pool2d::average_pool2d_f32;
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d_f32};
use ottava_ref::ops::reduction::{self, Reduction};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::reals::{Reals, dense, spread};
use crate::testing::{Failures, Guarded, Random, for_each_isa};
use crate::window::{Image, Window};

/// One pool with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    kind: PoolF32Kind,
    image: [usize; 3],
    channels: usize,
    /// Elements between pixels beyond their channels, of input and output.
    gaps: [usize; 2],
    window: Window,
    output: [usize; 2],
    fill: Reals,
    threads: usize,
    seed: u64,
}

impl Case {
    fn input(&self) -> Vec<f32> {
        Random::new(self.seed).reals(self.image.iter().product::<usize>() * self.channels, self.fill)
    }

    /// A pool of the operators, which are averages and maxima.
    fn check_pool(&self, failures: &mut Failures) {
        let [batch, height, width] = self.image;
        let [output_h, output_w] = self.output;
        let range = Random::new(self.seed).pick(&[[f32::MIN, f32::MAX], [0.0, 6.0]]);
        let params = Pool2dParams {
            input_shape: [batch, height, width, self.channels],
            output_shape: [batch, output_h, output_w, self.channels],
            filter: self.window.taps,
            stride: self.window.stride,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            activation: range,
        };
        let mut expected = vec![0.0; batch * output_h * output_w * self.channels];
        match self.kind {
            PoolF32Kind::Average => average_pool2d_f32(&params, &self.input(), &mut expected),
            _ => max_pool2d_f32(&params, &self.input(), &mut expected),
        }
        self.compare(range, &expected, failures);
    }

    /// A reduction of whole images to pixels.
    fn check_reduction(&self, failures: &mut Failures) {
        let [batch, height, width] = self.image;
        let shape = [batch, height, width, self.channels];
        let of = Reduction { input_shape: &shape, reduced: &[false, true, true, false] };
        let mut expected = vec![0.0; batch * self.channels];
        let input = self.input();
        match self.kind {
            PoolF32Kind::Sum => reduction::sum_of_numbers(&of, &input, &mut expected),
            PoolF32Kind::Average => reduction::mean_of_floats(&of, &input, &mut expected),
            PoolF32Kind::Maximum => reduction::reduce_max(&of, &input, &mut expected),
            PoolF32Kind::Minimum => reduction::reduce_min(&of, &input, &mut expected),
        }
        let window = Window { taps: [height, width], ..Window::POINT };
        let whole = Self { window, output: [1, 1], ..self.clone() };
        whole.compare([f32::NEG_INFINITY, f32::INFINITY], &expected, failures);
    }

    fn compare(&self, range: [f32; 2], expected: &[f32], failures: &mut Failures) {
        let [batch, height, width] = self.image;
        let [pixel_stride, output_stride] = self.gaps.map(|gap| self.channels + gap);
        let stored = spread(&self.input(), self.channels, pixel_stride);
        for_each_isa(|isa| {
            let layer = prepare(
                isa,
                &PoolF32Spec {
                    kind: self.kind,
                    input: Image { pixel_stride, ..Image::dense(batch, height, width, self.channels) },
                    window: self.window,
                    output: self.output,
                    pixel_stride: output_stride,
                    range,
                    threads: self.threads,
                },
            );
            let pixels = batch * self.output[0] * self.output[1];
            let mut output = Guarded::new(pixels, 4 * self.channels, 4 * output_stride);
            run_all(&layer, &[bytemuck::cast_slice(&stored)], &mut [output.view()]);
            failures.compare(output.dense(0), dense(expected), || format!("{} {self:?}", layer.kernel()));
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([63, 64, 65, 130, 600]) {
        for kind in PoolF32Kind::ALL {
            for fill in Reals::ALL {
                let window = Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT };
                let (image, output) = ([1, 3, 14], [3, 14]);
                let (gaps, threads, seed) = ([0; 2], 1, channels as u64);
                let case = Case { kind, image, channels, gaps, window, output, fill, threads, seed };
                if matches!(kind, PoolF32Kind::Average | PoolF32Kind::Maximum) {
                    case.check_pool(&mut failures);
                }
                case.check_reduction(&mut failures);
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_pools_are_exact(
        image in [1..3usize, 1..8, 1..12],
        channels in 1..40usize,
        gaps in [0..9usize, 0..9],
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        pad in [0..4usize, 0..4],
        average in any::<bool>(),
        fill in prop::sample::select(&Reals::ALL[..]),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let pad_before = [pad[0].min(taps[0] - 1), pad[1].min(taps[1] - 1)];
        // As many windows as begin inside the image or above it.
        let output = [0, 1].map(|axis| (image[1 + axis] + pad_before[axis] - 1) / stride[axis] + 1);
        let window = Window { taps, stride, pad_before, ..Window::POINT };
        let kind = if average { PoolF32Kind::Average } else { PoolF32Kind::Maximum };
        let case = Case { kind, image, channels, gaps, window, output, fill, threads, seed };
        case.check_pool(&mut failures);
        case.check_reduction(&mut failures);
        failures.finish();
    }
}
