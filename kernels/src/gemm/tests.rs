//! Every tile of every instruction set against the scalar reference, bit for bit.

use ottava_ref::activation::ActivationRange;
use ottava_ref::element::Quantized;
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::conv2d::conv2d;

use super::layout::Layout;
use super::table::{Descriptor, KERNELS};
use super::winograd::{Refusal, prepare_exact};
use super::*;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::layer::{Layer, run_tasks};
use crate::memory::SLACK;
use crate::quantization::{Multiplier, Requantize, Weights};
use crate::testing::{assert_listed, for_each_isa, to_reference};
use crate::window::{Image, Window};

mod cases;
mod floats;
mod layouts;
mod reals;
mod tables;
mod winograd;

/// How inputs and weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    Random,
    /// Only the ends of the range.
    Extreme,
    Low,
    High,
    /// Weights near their zero point, few anywhere.
    Bell,
    /// As [`Fill::Bell`], with a few pairs of -128 eight apart, and all inputs -128.
    Pairs,
}

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    /// Channels of the wider tensor around the input, and around the outputs.
    input_gap: usize,
    output_gap: usize,
    window: Window,
    pad_after: [usize; 2],
    groups: usize,
    parts: Vec<usize>,
    signed: bool,
    rectified: bool,
    per_channel: bool,
    float: bool,
    left_shift: bool,
    fill: Fill,
    threads: usize,
    seed: u64,
    /// The input's zero point in the file's domain; drawn where there is none.
    input_zero: Option<i32>,
    /// Values of every input pixel, and weights of every output channel; drawn where there are none.
    pixel: Vec<i8>,
    weights: Vec<i8>,
    /// Whether it is to be computed by way of points as well, where there are kernels for it.
    by_points: Option<bool>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            batch: 1,
            height: 5,
            width: 5,
            channels: 8,
            input_gap: 0,
            output_gap: 0,
            window: Window::POINT,
            pad_after: [0; 2],
            groups: 1,
            parts: vec![16],
            signed: true,
            rectified: true,
            per_channel: true,
            float: false,
            left_shift: false,
            fill: Fill::Random,
            threads: 1,
            seed: 1,
            input_zero: None,
            pixel: Vec::new(),
            weights: Vec::new(),
            by_points: None,
        }
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn byte(&mut self, fill: Fill, signed: bool) -> u8 {
        let (low, high) = if signed { (0x80, 0x7F) } else { (0, 255) };
        match fill {
            Fill::Random | Fill::Bell => (self.next() >> 8) as u8,
            Fill::Extreme => [low, high][self.next() as usize >> 8 & 1],
            Fill::Low | Fill::Pairs => low,
            Fill::High => high,
        }
    }

    fn weight(&mut self, fill: Fill, signed: bool, zero: i32) -> u8 {
        let (low, high) = if signed { (-128, 127) } else { (0, 255) };
        match fill {
            Fill::Bell if !self.next().is_multiple_of(199) => {
                (zero + (self.next() % 128) as i32 - 64).clamp(low, high) as u8
            }
            Fill::Pairs => (zero + (self.next() % 128) as i32 - 64).clamp(low, high) as u8,
            _ => self.byte(fill, signed),
        }
    }
}

/// Everything drawn for one part.
struct PartData {
    channels: usize,
    weights: Vec<u8>,
    weight_zero: i32,
    bias: Vec<i32>,
    multipliers: Vec<Multiplier>,
    scales: Vec<f64>,
    /// In the file's domain.
    output_zero: i32,
    range: ActivationRange,
}

impl Case {
    fn output(&self) -> [usize; 2] {
        let size = [self.height, self.width];
        std::array::from_fn(|axis| {
            let window = &self.window;
            let span = (window.taps[axis] - 1) * window.dilation[axis] + 1;
            let padded = size[axis] + window.pad_before[axis] + self.pad_after[axis];
            if padded < span { 0 } else { (padded - span) / window.stride[axis] + 1 }
        })
    }

    fn file_range(&self) -> (i32, i32) {
        if self.signed { (-128, 127) } else { (0, 255) }
    }

    fn part(&self, random: &mut Random, channels: usize) -> PartData {
        let k = self.window.taps[0] * self.window.taps[1] * self.channels / self.groups;
        let weight_zero =
            if self.signed { 0 } else { [0, 255, (random.next() % 256) as i32][random.next() as usize % 3] };
        let mut weights: Vec<u8> = if self.weights.is_empty() {
            (0..channels * k).map(|_| random.weight(self.fill, self.signed, weight_zero)).collect()
        } else {
            bytemuck::cast_slice(&self.weights.repeat(channels)).to_vec()
        };
        if self.fill == Fill::Pairs {
            for at in [3, channels * k / 2, channels * k - 9] {
                weights[at] = 0x80;
                weights[at + 8] = 0x80;
            }
        }
        let (low, high) = self.file_range();
        let count = if self.per_channel { channels } else { 1 };
        let output_zero = [low, high, (random.next() % 256) as i32 + low][random.next() as usize % 3];
        let range = match random.next() % 3 {
            0 if !self.rectified => ActivationRange { lo: low, hi: high },
            1 => ActivationRange { lo: output_zero, hi: high.min(output_zero + 77) },
            _ if self.rectified => ActivationRange { lo: output_zero, hi: high },
            _ => ActivationRange { lo: low.max(output_zero - 40), hi: high.min(output_zero + 60) },
        };
        // Sums of K products spread over about 2^14 sqrt(K); the multiplier brings them to 8 bits.
        let down = 7 + (k.ilog2() / 2) as i32;
        let multiplier = |random: &mut Random| {
            let mantissa = match random.next() % 5 {
                0 => 1 << 30,
                1 => i32::MAX,
                _ => (random.next() & (i32::MAX as u32)) as i32 | 1 << 30,
            };
            let shift =
                if self.left_shift { 3 - (random.next() % 6) as i32 } else { -down + (random.next() % 4) as i32 };
            Multiplier { mantissa, shift }
        };
        PartData {
            channels,
            weights,
            weight_zero,
            bias: (0..channels)
                .map(|_| match random.next() % 16 {
                    0 => i32::MAX - (random.next() % 100) as i32,
                    1 => i32::MIN + (random.next() % 100) as i32,
                    _ => (random.next() % 40_000) as i32 - 20_000,
                })
                .collect(),
            multipliers: (0..count).map(|_| multiplier(random)).collect(),
            scales: (0..count)
                .map(|_| f64::from(random.next() % 1000 + 1) / if self.left_shift { 1e-4 } else { 4e6 })
                .collect(),
            output_zero,
            range,
        }
    }

    /// Runs the case on every instruction set; the error names the first difference.
    fn check(&self) {
        if self.signed {
            self.check_as::<i8>();
        } else {
            self.check_as::<u8>();
        }
    }

    fn check_as<T: Quantized + bytemuck::Pod>(&self) {
        let output = self.output();
        if output.contains(&0) {
            return;
        }
        let mut random = Random(self.seed);
        let drawn = [self.file_range().0, self.file_range().1, 3][random.next() as usize % 3];
        let input_zero = self.input_zero.unwrap_or(drawn);
        let pixels = self.batch * self.height * self.width;
        let mut input: Vec<u8> = (0..pixels * self.channels).map(|_| random.byte(self.fill, self.signed)).collect();
        if !self.pixel.is_empty() {
            input.copy_from_slice(&bytemuck::cast_slice(&self.pixel).repeat(pixels));
        }
        let parts: Vec<PartData> = self.parts.iter().map(|&channels| self.part(&mut random, channels)).collect();
        let expected: Vec<Vec<u8>> =
            parts.iter().map(|part| self.expected::<T>(part, &input, input_zero, output)).collect();
        for_each_isa(|isa| {
            self.check_isa(isa, &input, input_zero, &parts, &expected);
        });
    }

    fn expected<T: Quantized + bytemuck::Pod>(
        &self,
        part: &PartData,
        input: &[u8],
        input_zero: i32,
        output: [usize; 2],
    ) -> Vec<u8> {
        let multipliers: Vec<_> = part.multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let mut bytes = vec![0u8; self.batch * output[0] * output[1] * part.channels];
        let params = ConvParams {
            input_shape: [self.batch, self.height, self.width, self.channels],
            filter_shape: [part.channels, self.window.taps[0], self.window.taps[1], self.channels / self.groups],
            output_shape: [self.batch, output[0], output[1], part.channels],
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_before[0],
            pad_left: self.window.pad_before[1],
            input_zero_point: input_zero,
            filter_zero_point: part.weight_zero,
            multipliers: &multipliers,
            output_zero_point: part.output_zero,
            activation: part.range,
        };
        let (input, filter): (&[T], &[T]) = (bytemuck::cast_slice(input), bytemuck::cast_slice(&part.weights));
        if self.float {
            // The fully connected form: the reference convolution gives the sums, one rounding the rest.
            fully_connected(part, input, filter, input_zero, bytemuck::cast_slice_mut::<u8, T>(&mut bytes));
        } else {
            conv2d(&params, input, filter, Some(&part.bias), bytemuck::cast_slice_mut::<u8, T>(&mut bytes));
        }
        bytes
    }

    fn check_isa(&self, isa: Isa, input: &[u8], input_zero: i32, parts: &[PartData], expected: &[Vec<u8>]) {
        let storage = isa.storage();
        let (mask, offset) = (storage.xor_mask(self.signed), storage.offset_from(self.signed));
        let stride = self.channels + self.input_gap;
        let pixels = input.len() / self.channels;
        let mut stored = vec![0xA5u8; pixels * stride + SLACK];
        for (pixel, values) in input.chunks_exact(self.channels).enumerate() {
            for (target, value) in stored[pixel * stride..].iter_mut().zip(values) {
                *target = value ^ mask;
            }
        }
        let output = self.output();
        let conv_parts: Vec<ConvPart<'_>> = parts
            .iter()
            .map(|part| ConvPart {
                channels: part.channels,
                weights: Weights { bytes: &part.weights, signed: self.signed, zero: part.weight_zero },
                bias: &part.bias,
                requantize: if self.float {
                    Requantize::Float(&part.scales)
                } else {
                    Requantize::Fixed(&part.multipliers)
                },
                output_zero: part.output_zero + offset,
                output_min: part.range.lo + offset,
                output_max: part.range.hi + offset,
                output_offset: offset,
                pixel_stride: part.channels + self.output_gap,
            })
            .collect();
        let (height, width, channels) = (self.height, self.width, self.channels);
        let spec = ConvSpec {
            input: Image { batch: self.batch, height, width, channels, pixel_stride: stride },
            input_zero: input_zero + offset,
            window: self.window,
            output,
            groups: self.groups,
            parts: &conv_parts,
            threads: self.threads,
        };
        for kernels in tables::of(isa) {
            let bound = Bound::new(kernels, isa);
            let conv = Conv::new(bound, &spec);
            self.check_statistics(bound.descriptor(), &conv.statistics());
            // The tables that are only for tests are in no registry.
            if KERNELS.iter().any(|&row| std::ptr::eq(row, bound.descriptor())) {
                assert_listed(&conv.kernel());
            }
            self.check_layer(&conv, &spec, &stored, mask, expected);
        }
        let by_points = prepare_exact(isa, &spec);
        if let Some(wanted) = self.by_points.filter(|_| !matches!(by_points, Err(Refusal::InstructionSet(_)))) {
            assert_eq!(by_points.is_ok(), wanted, "{:?} of {self:?}", by_points.err());
        }
        if let Ok(by_points) = by_points {
            assert_listed(&by_points.kernel());
            self.check_layer(&by_points, &spec, &stored, mask, expected);
        }
    }

    /// Runs a layer and compares its outputs, between which nothing may be written.
    fn check_layer(&self, layer: &dyn Layer, spec: &ConvSpec<'_>, stored: &[u8], mask: u8, expected: &[Vec<u8>]) {
        let out_pixels = self.batch * spec.output[0] * spec.output[1];
        let mut outputs: Vec<Vec<u8>> =
            spec.parts.iter().map(|part| vec![0x5A; out_pixels * part.pixel_stride + 3]).collect();
        run_tasks(layer, &[stored], &mut outputs.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()).unwrap();
        for (part, (got, expected)) in outputs.iter().zip(expected).enumerate() {
            let (channels, stride) = (spec.parts[part].channels, spec.parts[part].pixel_stride);
            for (at, &byte) in got.iter().enumerate() {
                let (pixel, channel) = (at / stride, at % stride);
                let want = if pixel < out_pixels && channel < channels {
                    expected[pixel * channels + channel] ^ mask
                } else {
                    0x5A
                };
                assert_eq!(byte, want, "{}: part {part} pixel {pixel} channel {channel} of {self:?}", layer.kernel());
            }
        }
    }
}

impl Case {
    /// That the way around 16 bits is the one that the weights ask for.
    fn check_statistics(&self, descriptor: &Descriptor, statistics: &ConvStatistics) {
        let pairs = descriptor.method.layout() == Layout::side_by_side(16);
        if pairs && self.fill == Fill::Pairs {
            assert!(statistics.outliers > 0 && statistics.pair_sums_fit, "a few weights are moved: {self:?}");
        }
        if pairs && self.fill == Fill::Low && self.signed && self.channels >= 16 {
            assert!(statistics.outliers == 0 && !statistics.pair_sums_fit, "many weights are not: {self:?}");
        }
    }
}

fn fully_connected<T: Quantized>(part: &PartData, input: &[T], filter: &[T], input_zero: i32, output: &mut [T]) {
    use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
    let depth = filter.len() / part.channels;
    let params = FullyConnectedParams {
        batches: input.len() / depth,
        input_depth: depth,
        output_depth: part.channels,
        input_zero_point: input_zero,
        filter_zero_point: part.weight_zero,
        requant: FcRequant::F64Round(&part.scales),
        output_zero_point: part.output_zero,
        activation: part.range,
    };
    fully_connected(&params, input, filter, Some(&part.bias), output);
}
