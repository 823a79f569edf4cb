//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d;
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::requantize16::{Range16, Requantize16};
use crate::testing::{Failures, Fill, Guarded, Random, for_each_isa, to_reference};
use crate::window::{Image, Window};

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: usize,
    multiplier: usize,
    window: Window,
    output: [usize; 2],
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 5, 6],
            channels: 20,
            multiplier: 1,
            window: Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT },
            output: [5, 6],
            fill: Fill::Random,
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
        let mut input = random.words(batch * height * width * self.channels, self.fill);
        let weights: Vec<i8> =
            random.bytes(taps_y * taps_x * outputs, self.fill).iter().map(|&byte| byte as i8).collect();
        let bias: Vec<i64> = (0..outputs).map(|_| i64::from(random.next()) * i64::from(random.within(-9, 9))).collect();
        let multipliers: Vec<_> = (0..outputs).map(|_| random.multiplier(-20, 3)).collect();
        let [min, max] = random.pick(&[[-32768, 32767], [0, 32767], [-500, 20000]]);
        let mut expected = vec![0_i16; batch * self.output[0] * self.output[1] * outputs];
        let applied: Vec<_> = multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let params = ConvParams {
            input_shape: [batch, height, width, self.channels],
            filter_shape: [1, taps_y, taps_x, outputs],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            input_zero_point: 0,
            filter_zero_point: 0,
            multipliers: &applied,
            output_zero_point: 0,
            activation: ActivationRange { lo: min, hi: max },
        };
        depthwise_conv2d(&params, &input, &weights, Some(&bias), &mut expected);
        input.resize(input.len() + 32, 0x7F80);
        for_each_isa(|isa| {
            let layer = prepare(
                isa,
                &Depthwise16Spec {
                    input: Image::dense(batch, height, width, self.channels),
                    window: self.window,
                    output: self.output,
                    channels: outputs,
                    weights: &weights,
                    bias: &bias,
                    requantize: Requantize16::Wide(&multipliers),
                    range: Range16 { min, max },
                    threads: self.threads,
                },
            );
            let mut output = Guarded::new(batch * self.output[0] * self.output[1], 2 * outputs, 2 * outputs);
            run_all(&layer, &[bytemuck::cast_slice(&input)], &mut [output.view()]);
            failures
                .compare(output.dense(0), bytemuck::cast_slice(&expected), || format!("{} {self:?}", layer.kernel()));
        });
    }
}

#[test]
fn every_channel_count_is_exact() {
    let mut failures = Failures::default();
    for channels in (1..=40).chain([63, 64, 65]) {
        for multiplier in 1..=3 {
            Case { channels, multiplier, seed: channels as u64, ..Case::default() }.check(&mut failures);
        }
    }
    failures.finish();
}

#[test]
fn sums_beyond_32_bits_are_exact() {
    let mut failures = Failures::default();
    for taps in [[1, 510], [1, 511], [1, 512], [30, 40]] {
        for fill in Fill::ALL {
            let window = Window { taps, ..Window::POINT };
            let image = [1, taps[0], taps[1]];
            Case { image, channels: 3, window, output: [1, 1], fill, ..Case::default() }.check(&mut failures);
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..8, 1..8],
        channels in 1..40usize,
        multiplier in 1..3usize,
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        dilation in [1..3usize, 1..3],
        pad_before in [0..4usize, 0..4],
        output in [1..7usize, 1..7],
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let window = Window { taps, stride, dilation, pad_before };
        Case { image, channels, multiplier, window, output, threads, seed, ..Case::default() }.check(&mut failures);
        failures.finish();
    }
}
