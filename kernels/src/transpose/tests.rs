//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::transpose_conv::transpose_conv;
use proptest::prelude::*;

use super::*;
use crate::layer::run_all;
use crate::quantization::Requantize;
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored, to_reference};

/// One convolution with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    image: [usize; 3],
    channels: [usize; 2],
    taps: [usize; 2],
    stride: [usize; 2],
    pad_before: [usize; 2],
    output: [usize; 2],
    gap: usize,
    signed: bool,
    threads: usize,
    seed: u64,
}

impl Case {
    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let ([batch, height, width], [inputs, outputs]) = (self.image, self.channels);
        let input = random.bytes(batch * height * width * inputs, Fill::Random);
        let weights = random.bytes(outputs * self.taps[0] * self.taps[1] * inputs, Fill::Random);
        let bias: Vec<i32> = (0..outputs).map(|_| random.within(-30_000, 30_000)).collect();
        let (low, high) = if self.signed { (-128, 127) } else { (0, 255) };
        let zeros = [random.within(low, high), random.within(low, high)];
        let filter_zero = if self.signed { 0 } else { random.within(low, high) };
        let multipliers: Vec<_> = (0..outputs).map(|_| random.multiplier(-14, -6)).collect();
        let applied: Vec<_> = multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let params = ConvParams {
            input_shape: [batch, height, width, inputs],
            filter_shape: [outputs, self.taps[0], self.taps[1], inputs],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.stride,
            dilation: [1; 2],
            pad_top: self.pad_before[0],
            pad_left: self.pad_before[1],
            input_zero_point: zeros[0],
            filter_zero_point: filter_zero,
            multipliers: &applied,
            output_zero_point: zeros[1],
            activation: ActivationRange { lo: low, hi: high },
        };
        let pixels = batch * self.output[0] * self.output[1];
        let expected = if self.signed {
            let mut output = vec![0_i8; pixels * outputs];
            transpose_conv(&params, as_signed(&input), as_signed(&weights), Some(&bias), &mut output);
            as_bytes(&output).to_vec()
        } else {
            let mut output = vec![0_u8; pixels * outputs];
            transpose_conv(&params, &input, &weights, Some(&bias), &mut output);
            output
        };
        for_each_isa(|isa| {
            let (offset, mask) = (isa.storage().offset_from(self.signed), isa.storage().xor_mask(self.signed));
            let strides = [inputs + self.gap, outputs + self.gap];
            let part = ConvPart {
                channels: outputs,
                weights: Weights { bytes: &weights, signed: self.signed, zero: filter_zero },
                bias: &bias,
                requantize: Requantize::Fixed(&multipliers),
                output_zero: zeros[1] + offset,
                output_min: low + offset,
                output_max: high + offset,
                output_offset: offset,
                pixel_stride: strides[1],
            };
            let layer = prepare(
                isa,
                &TransposeSpec {
                    input: Image { batch, height, width, channels: inputs, pixel_stride: strides[0] },
                    input_zero: zeros[0] + offset,
                    taps: self.taps,
                    stride: self.stride,
                    pad_before: self.pad_before,
                    output: self.output,
                    part,
                    threads: self.threads,
                },
            );
            let bytes = stored(&input, inputs, strides[0], mask, 0xA5);
            let mut output = Guarded::new(pixels, outputs, strides[1]);
            run_all(&layer, &[&bytes], &mut [output.view()]);
            failures.compare(output.dense(mask), &expected, || format!("{} {self:?}", layer.kernel()));
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_transposed_convolutions_are_exact(
        image in [1..3usize, 1..7, 1..7],
        channels in [1..20usize, 1..40],
        taps in [1..6usize, 1..6],
        stride in [1..6usize, 1..6],
        pad_before in [0..3usize, 0..3],
        output in [1..14usize, 1..14],
        gap in 0..3usize,
        signed in any::<bool>(),
        threads in 1..4usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let case = Case { image, channels, taps, stride, pad_before, output, gap, signed, threads, seed };
        case.check(&mut failures);
        case.check_16(&mut failures);
        failures.finish();
    }
}

impl Case {
    /// The same with 16-bit activations, which have no zero points, gaps or signs.
    fn check_16(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let ([batch, height, width], [inputs, outputs]) = (self.image, self.channels);
        let bytes = random.bytes(2 * batch * height * width * inputs, Fill::Random);
        let mut input: Vec<i16> = bytes.as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let weights = random.bytes(outputs * self.taps[0] * self.taps[1] * inputs, Fill::Random);
        let bias: Vec<i64> = (0..outputs).map(|_| i64::from(random.next())).collect();
        let multipliers: Vec<_> = (0..outputs).map(|_| random.multiplier(-14, -6)).collect();
        let applied: Vec<_> = multipliers.iter().map(|&multiplier| to_reference(multiplier)).collect();
        let params = ConvParams {
            input_shape: [batch, height, width, inputs],
            filter_shape: [outputs, self.taps[0], self.taps[1], inputs],
            output_shape: [batch, self.output[0], self.output[1], outputs],
            stride: self.stride,
            dilation: [1; 2],
            pad_top: self.pad_before[0],
            pad_left: self.pad_before[1],
            input_zero_point: 0,
            filter_zero_point: 0,
            multipliers: &applied,
            output_zero_point: 0,
            activation: ActivationRange { lo: -32768, hi: 32767 },
        };
        let pixels = batch * self.output[0] * self.output[1];
        let mut expected = vec![0_i16; pixels * outputs];
        transpose_conv(&params, &input, as_signed(&weights), Some(&bias), &mut expected);
        input.resize(input.len() + 32, -1);
        for_each_isa(|isa| {
            let layer = prepare16(
                isa,
                &Transpose16Spec {
                    input: Image::dense(batch, height, width, inputs),
                    taps: self.taps,
                    stride: self.stride,
                    pad_before: self.pad_before,
                    output: self.output,
                    channels: outputs,
                    weights: as_signed(&weights),
                    bias: &bias,
                    requantize: Requantize16::Wide(&multipliers),
                    range: Range16 { min: -32768, max: 32767 },
                    threads: self.threads,
                },
            );
            let mut output = Guarded::new(pixels, 2 * outputs, 2 * outputs);
            run_all(&layer, &[bytemuck::cast_slice(&input)], &mut [output.view()]);
            failures
                .compare(output.dense(0), bytemuck::cast_slice(&expected), || format!("{} {self:?}", layer.kernel()));
        });
    }
}
