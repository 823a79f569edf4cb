//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::conv2d::conv2d;
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::quantization::Multiplier;
use crate::requantize16::{Range16, Requantize16};
use crate::testing::{Failures, Fill, Guarded, Random, for_each_isa, to_reference};
use crate::window::{Image, Window};

/// How sums are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scaling {
    Wide,
    Narrow,
    WideFloat,
    NarrowFloat,
}

const SCALINGS: [Scaling; 4] = [Scaling::Wide, Scaling::Narrow, Scaling::WideFloat, Scaling::NarrowFloat];

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    /// Channels of a group, in and out.
    depth: [usize; 2],
    groups: usize,
    window: Window,
    output: [usize; 2],
    scaling: Scaling,
    bias_bits: u32,
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            image: [1, 5, 6],
            depth: [8, 20],
            groups: 1,
            window: Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT },
            output: [5, 6],
            scaling: Scaling::Wide,
            bias_bits: 20,
            fill: Fill::Random,
            threads: 1,
            seed: 1,
        }
    }
}

/// Constants of a case.
struct Data {
    input: Vec<i16>,
    weights: Vec<i8>,
    bias: Vec<i64>,
    multipliers: Vec<Multiplier>,
    scales: Vec<f64>,
    range: Range16,
}

impl Case {
    fn channels(&self) -> [usize; 2] {
        self.depth.map(|depth| depth * self.groups)
    }

    fn data(&self) -> Data {
        let mut random = Random::new(self.seed);
        let [inputs, outputs] = self.channels();
        let taps = self.window.taps[0] * self.window.taps[1];
        let elements: usize = self.image.iter().product::<usize>() * inputs;
        let input = random.words(elements, self.fill);
        let weights = random.bytes(outputs * taps * self.depth[0], self.fill).iter().map(|&byte| byte as i8).collect();
        let bound = (1_i64 << self.bias_bits) - 1;
        let bias = (0..outputs)
            .map(|_| (i64::from(random.next()) << 20 ^ i64::from(random.next())) % (bound + 1) - bound / 2)
            .collect();
        let multipliers: Vec<_> = (0..outputs).map(|_| random.multiplier(-20, 3)).collect();
        let scales = multipliers.iter().map(|by| f64::from(by.mantissa) * f64::from(by.shift - 31).exp2()).collect();
        let range = random.pick(&[[-32768, 32767], [0, 32767], [-500, 20000]]);
        Data { input, weights, bias, multipliers, scales, range: Range16 { min: range[0], max: range[1] } }
    }

    fn expected(&self, data: &Data) -> Vec<i16> {
        let [inputs, outputs] = self.channels();
        let [batch, height, width] = self.image;
        let mut output = vec![0_i16; batch * self.output[0] * self.output[1] * outputs];
        let activation = ActivationRange { lo: data.range.min, hi: data.range.max };
        let multipliers: Vec<_> = data.multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let narrow_bias: Vec<i32> = data.bias.iter().map(|&bias| bias as i32).collect();
        if matches!(self.scaling, Scaling::WideFloat | Scaling::NarrowFloat) {
            let params = FullyConnectedParams {
                batches: batch * height * width,
                input_depth: inputs,
                output_depth: outputs,
                input_zero_point: 0,
                filter_zero_point: 0,
                requant: FcRequant::F64Round(&data.scales),
                output_zero_point: 0,
                activation,
            };
            if self.scaling == Scaling::WideFloat {
                fully_connected(&params, &data.input, &data.weights, Some(&data.bias), &mut output);
            } else {
                fully_connected(&params, &data.input, &data.weights, Some(&narrow_bias), &mut output);
            }
            return output;
        }
        let params = ConvParams {
            input_shape: [batch, height, width, inputs],
            filter_shape: [outputs, self.window.taps[0], self.window.taps[1], self.depth[0]],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            input_zero_point: 0,
            filter_zero_point: 0,
            multipliers: &multipliers,
            output_zero_point: 0,
            activation,
        };
        if self.scaling == Scaling::Wide {
            conv2d(&params, &data.input, &data.weights, Some(&data.bias), &mut output);
        } else {
            conv2d(&params, &data.input, &data.weights, Some(&narrow_bias), &mut output);
        }
        output
    }

    fn check(&self, failures: &mut Failures) {
        let data = self.data();
        let expected: Vec<u8> = self.expected(&data).iter().flat_map(|value| value.to_le_bytes()).collect();
        let [inputs, outputs] = self.channels();
        let [batch, height, width] = self.image;
        let bias: Vec<i64> = match self.scaling {
            Scaling::Wide | Scaling::WideFloat => data.bias.clone(),
            Scaling::Narrow | Scaling::NarrowFloat => data.bias.iter().map(|&bias| i64::from(bias as i32)).collect(),
        };
        for_each_isa(|isa| {
            let layer = prepare(
                isa,
                &Conv16Spec {
                    input: Image::dense(batch, height, width, inputs),
                    window: self.window,
                    output: self.output,
                    groups: self.groups,
                    channels: outputs,
                    weights: &data.weights,
                    bias: &bias,
                    requantize: match self.scaling {
                        Scaling::Wide => Requantize16::Wide(&data.multipliers),
                        Scaling::Narrow => Requantize16::Narrow(&data.multipliers),
                        Scaling::WideFloat => Requantize16::WideFloat(&data.scales),
                        Scaling::NarrowFloat => Requantize16::NarrowFloat(&data.scales),
                    },
                    range: data.range,
                    threads: self.threads,
                },
            );
            for poison in [0x00, 0x80, 0xFF] {
                let mut input = data.input.clone();
                input.resize(input.len() + 32, i16::from_le_bytes([poison; 2]));
                let pixels = batch * self.output[0] * self.output[1];
                let mut output = Guarded::new(pixels, 2 * outputs, 2 * outputs);
                run_all(&layer, &[bytemuck::cast_slice(&input)], &mut [output.view()]);
                failures.compare(output.dense(0), &expected, || format!("{} {self:?}", layer.kernel()));
            }
        });
    }
}

/// Rows of one pixel, as FULLY_CONNECTED has them.
fn matrix(rows: usize, depth: [usize; 2], scaling: Scaling) -> Case {
    Case { image: [1, 1, rows], depth, window: Window::POINT, output: [1, rows], scaling, ..Case::default() }
}

#[test]
fn every_size_of_tile_is_exact() {
    let mut failures = Failures::default();
    for rows in (1..=30).chain([95, 96, 97, 200]) {
        for depth in [[1, 1], [2, 16], [7, 17], [33, 40]] {
            for scaling in SCALINGS {
                Case { seed: rows as u64, ..matrix(rows, depth, scaling) }.check(&mut failures);
            }
        }
    }
    failures.finish();
}

#[test]
fn sums_beyond_32_bits_are_exact() {
    let mut failures = Failures::default();
    // 254 to 256 pairs are about as many as 32 bits hold when all products are -32768 times -128.
    for depth in [507, 508, 509, 510, 511, 512, 513, 1020, 1022, 3000] {
        for fill in Fill::ALL {
            for scaling in SCALINGS {
                Case { fill, bias_bits: 40, ..matrix(3, [depth, 5], scaling) }.check(&mut failures);
            }
        }
    }
    // Halves of activations are multiplied where fewer than 2^16 products are added up.
    for depth in [65535, 65536] {
        for fill in Fill::ALL {
            Case { fill, bias_bits: 40, ..matrix(2, [depth, 2], Scaling::Wide) }.check(&mut failures);
        }
    }
    for fill in Fill::ALL {
        let window = Window { taps: [3, 3], pad_before: [1, 1], ..Window::POINT };
        Case { depth: [130, 17], window, fill, ..Case::default() }.check(&mut failures);
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_convolutions_are_exact(
        image in [1..3usize, 1..8, 1..8],
        depth in [1..20usize, 1..40],
        groups in 1..4usize,
        taps in [1..5usize, 1..5],
        stride in [1..4usize, 1..4],
        dilation in [1..3usize, 1..3],
        pad_before in [0..4usize, 0..4],
        output in [1..7usize, 1..7],
        narrow in any::<bool>(),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let window = Window { taps, stride, dilation, pad_before };
        let scaling = if narrow { Scaling::Narrow } else { Scaling::Wide };
        Case { image, depth, groups, window, output, scaling, threads, seed, ..Case::default() }.check(&mut failures);
        failures.finish();
    }
}
