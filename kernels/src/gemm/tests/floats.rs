//! Sums that are scaled in floats: every sum, and which convolutions they are.

use super::*;

/// Inputs of a sweep: every pair of bytes is a pixel.
const SIDE: usize = 256;

/// A 1x1 convolution of two channels, of which weights of (127, 1) or (-128, 1) make every sum from 0 to 128 · 255.
struct Sweep {
    multipliers: Vec<Multiplier>,
    bias: Vec<i32>,
    weights: Vec<u8>,
    input_zero: i32,
    output_zero: i32,
    range: ActivationRange,
}

impl Sweep {
    /// Multipliers are about `2^most_shift` and down to an eighth of that.
    fn new(channels: usize, seed: u64, rectified: bool, most_shift: i32) -> Self {
        let mut random = Random(seed);
        let multipliers = (0..channels)
            .map(|channel| {
                // Outputs from a few to all of the range, and ties.
                let mantissa = if rectified && channel % 4 == 0 {
                    1 << 30
                } else {
                    (random.next() & i32::MAX as u32) as i32 | 1 << 30
                };
                Multiplier { mantissa, shift: most_shift - (random.next() % 3) as i32 }
            })
            .collect();
        let output_zero = if rectified { -128 } else { (random.next() % 256) as i32 - 128 };
        Self {
            multipliers,
            bias: (0..channels).map(|_| (random.next() % 60_000) as i32 - 30_000).collect(),
            weights: (0..channels).flat_map(|_| [[127u8, 0x80][random.next() as usize % 2], 1]).collect(),
            input_zero: (random.next() % 256) as i32 - 128,
            output_zero,
            range: if rectified { ActivationRange { lo: -128, hi: 127 } } else { ActivationRange { lo: -100, hi: 90 } },
        }
    }

    fn expected(&self, input: &[u8]) -> Vec<u8> {
        let multipliers: Vec<_> = self.multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let channels = self.bias.len();
        let params = ConvParams {
            input_shape: [1, SIDE, SIDE, 2],
            filter_shape: [channels, 1, 1, 2],
            output_shape: [1, SIDE, SIDE, channels],
            stride: [1; 2],
            dilation: [1; 2],
            pad_top: 0,
            pad_left: 0,
            input_zero_point: self.input_zero,
            filter_zero_point: 0,
            multipliers: &multipliers,
            output_zero_point: self.output_zero,
            activation: self.range,
        };
        let mut bytes = vec![0u8; SIDE * SIDE * channels];
        let [input, filter]: [&[i8]; 2] = [bytemuck::cast_slice(input), bytemuck::cast_slice(&self.weights)];
        conv2d(&params, input, filter, Some(&self.bias), bytemuck::cast_slice_mut::<u8, i8>(&mut bytes));
        bytes
    }

    /// The outputs on an instruction set, as in the file, and how many panels are scaled in floats.
    fn run(&self, bound: Bound<Descriptor>, input: &[u8]) -> (Vec<u8>, usize) {
        let storage = bound.descriptor().isa.storage();
        let (mask, offset) = (storage.xor_mask(true), storage.offset_from(true));
        let mut stored: Vec<u8> = input.iter().map(|byte| byte ^ mask).collect();
        stored.resize(input.len() + SLACK, 0);
        let channels = self.bias.len();
        let part = ConvPart {
            channels,
            weights: Weights { bytes: &self.weights, signed: true, zero: 0 },
            bias: &self.bias,
            requantize: Requantize::Fixed(&self.multipliers),
            output_zero: self.output_zero + offset,
            output_min: self.range.lo + offset,
            output_max: self.range.hi + offset,
            output_offset: offset,
            pixel_stride: channels,
        };
        let spec = ConvSpec {
            input: Image { batch: 1, height: SIDE, width: SIDE, channels: 2, pixel_stride: 2 },
            input_zero: self.input_zero + offset,
            window: Window::POINT,
            output: [SIDE; 2],
            groups: 1,
            parts: &[part],
            threads: 1,
        };
        let conv = Conv::new(bound, &spec);
        let mut output = vec![0u8; SIDE * SIDE * channels];
        run_tasks(&conv, &[&stored], &mut [&mut output]).unwrap();
        output.iter_mut().for_each(|byte| *byte ^= mask);
        (output, conv.statistics().panels_in_floats)
    }
}

#[test]
fn every_sum_is_scaled_as_in_integers() {
    let input: Vec<u8> = (0..SIDE * SIDE).flat_map(|pixel| [(pixel / SIDE) as u8, (pixel % SIDE) as u8]).collect();
    for (seed, channels) in [16, 32, 48, 64, 19].into_iter().enumerate() {
        // Of small multipliers only some have floats.
        for (rectified, most_shift) in [(true, -2), (false, -2), (true, -6), (false, -6), (true, -9)] {
            let sweep = Sweep::new(channels, seed as u64, rectified, most_shift);
            let expected = sweep.expected(&input);
            for_each_isa(|isa| {
                let bound = Bound::new(KERNELS, isa);
                let (got, in_floats) = sweep.run(bound, &input);
                let wanted = if bound.descriptor().float_depth > 0 { channels.div_ceil(16) } else { 0 };
                assert!(in_floats <= wanted, "{isa}: {in_floats} panels in floats");
                assert!(most_shift < -2 || in_floats == wanted, "{isa}: {in_floats} panels in floats, not {wanted}");
                let different = got.iter().zip(&expected).position(|(got, expected)| got != expected);
                assert_eq!(different, None, "{isa}: the first byte of {channels} channels that differs");
            });
        }
    }
}

/// A sum that may leave 24 bits is scaled in integers, whatever the others of its tile are.
#[test]
fn sums_that_are_no_floats_are_not_scaled_as_such() {
    let input: Vec<u8> = (0..SIDE * SIDE).flat_map(|pixel| [(pixel / SIDE) as u8, (pixel % SIDE) as u8]).collect();
    for (bias, in_floats) in [((1 << 24) - 1 - 65_536, true), ((1 << 24) - 1, false), (i32::MIN, false)] {
        let mut sweep = Sweep::new(64, 9, true, -2);
        sweep.bias[37] = bias;
        let expected = sweep.expected(&input);
        for_each_isa(|isa| {
            let bound = Bound::new(KERNELS, isa);
            let (got, panels) = sweep.run(bound, &input);
            let descriptor = bound.descriptor();
            // The panels of its tile are scaled alike.
            let wanted = if in_floats { 4 } else { 4 - descriptor.method.max_panels() };
            assert_eq!(panels, if descriptor.float_depth > 0 { wanted } else { 0 }, "{isa}: bias {bias}");
            assert!(got == expected, "{isa}: bias {bias}");
        });
    }
}
