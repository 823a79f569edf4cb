//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::average_pool2d::average_pool2d;
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d};
use ottava_ref::ops::mean::{MeanParams, divide_multiplier, mean};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::requantize16::Range16;
use crate::testing::{Failures, Fill, Guarded, Random, for_each_isa, from_reference, to_reference};
use crate::window::{Image, Window};

/// One input with all parameters of its windows.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    window: Window,
    output: [usize; 2],
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Case {
    fn compare(&self, failures: &mut Failures, spec: &Pool16Spec, input: &[i16], expected: &[i16]) {
        for_each_isa(|isa| {
            let layer = prepare(isa, spec);
            let mut padded = input.to_vec();
            padded.resize(input.len() + 32, 0x7FFF);
            let pixels = expected.len() / self.channels;
            let mut output = Guarded::new(pixels, 2 * self.channels, 2 * self.channels);
            run_all(&layer, &[bytemuck::cast_slice(&padded)], &mut [output.view()]);
            failures.compare(output.dense(0), bytemuck::cast_slice(expected), || {
                format!("{} {:?} {self:?}", layer.kernel(), spec.kind)
            });
        });
    }

    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let [batch, height, width] = self.image;
        let input = random.words(batch * height * width * self.channels, self.fill);
        let [min, max] = random.pick(&[[-32768, 32767], [0, 32767], [-500, 20000]]);
        let params = Pool2dParams {
            input_shape: [batch, height, width, self.channels],
            output_shape: [batch, self.output[0], self.output[1], self.channels],
            filter: self.window.taps,
            stride: self.window.stride,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            activation: ActivationRange { lo: min, hi: max },
        };
        let spec = Pool16Spec {
            kind: Pool16Kind::Maximum,
            input: Image::dense(batch, height, width, self.channels),
            window: self.window,
            output: self.output,
            range: Range16 { min, max },
            threads: self.threads,
        };
        let mut expected = vec![0_i16; batch * self.output[0] * self.output[1] * self.channels];
        max_pool2d(&params, &input, &mut expected);
        self.compare(failures, &spec, &input, &expected);
        average_pool2d(&params, &input, &mut expected);
        self.compare(failures, &Pool16Spec { kind: Pool16Kind::Average, ..spec }, &input, &expected);
        self.check_mean(failures, &mut random, &input);
    }

    /// The mean of all pixels of an image.
    fn check_mean(&self, failures: &mut Failures, random: &mut Random, input: &[i16]) {
        let [batch, height, width] = self.image;
        let multiplier = to_reference(random.multiplier(-3, 3));
        let params = MeanParams {
            input_shape: &[batch, height, width, self.channels],
            reduced: &[false, true, true, false],
            input_zero_point: 0,
            multiplier,
            output_zero_point: 0,
        };
        let mut expected = vec![0_i16; batch * self.channels];
        mean(&params, input, &mut expected);
        let count = height * width;
        let by = divide_multiplier(multiplier, count as u64);
        let spec = Pool16Spec {
            kind: Pool16Kind::Scaled { multiplier: from_reference(by) },
            input: Image::dense(batch, 1, count, self.channels),
            window: Window { taps: [1, count], ..Window::POINT },
            output: [1, 1],
            range: Range16 { min: -32768, max: 32767 },
            threads: self.threads,
        };
        self.compare(failures, &spec, input, &expected);
    }
}

#[test]
fn every_channel_count_and_fill_is_exact() {
    let mut failures = Failures::default();
    let window = Window { taps: [3, 3], stride: [2, 2], pad_before: [1, 1], ..Window::POINT };
    for channels in (1..=40).chain([63, 64, 65]) {
        for fill in Fill::ALL {
            Case { image: [2, 7, 5], channels, window, output: [4, 3], fill, threads: 1, seed: channels as u64 }
                .check(&mut failures);
        }
    }
    failures.finish();
}

#[test]
fn large_windows_are_exact() {
    let mut failures = Failures::default();
    // Averages of up to 64 values are divided in f32.
    for taps in [[1, 1], [1, 2], [7, 7], [1, 63], [8, 8], [5, 13], [11, 11], [40, 50], [5, 13107]] {
        for fill in Fill::ALL {
            let window = Window { taps, ..Window::POINT };
            let image = [1, taps[0], taps[1]];
            Case { image, channels: 17, window, output: [1, 1], fill, threads: 1, seed: 3 }.check(&mut failures);
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_windows_are_exact(
        batch in 1..3usize,
        channels in 1..40usize,
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        before in [0..4usize, 0..4],
        output in [1..6usize, 1..6],
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        // Padding is less than a window, and no window begins past the image.
        let pad_before = [before[0].min(taps[0] - 1), before[1].min(taps[1] - 1)];
        let extent = |axis: usize| (output[axis] - 1) * stride[axis] + 1;
        let window = Window { taps, stride, dilation: [1, 1], pad_before };
        let image = [batch, extent(0), extent(1)];
        Case { image, channels, window, output, fill: Fill::Random, threads, seed }.check(&mut failures);
        failures.finish();
    }
}
