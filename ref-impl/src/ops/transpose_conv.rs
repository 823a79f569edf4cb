//! TRANSPOSE_CONV (`docs/numerics.md` §5b).

use alloc::vec;

use super::conv_params::{ConvParams, FloatConvParams, Geometry, Lengths, finish_f32, fused_dot};
use super::{finish, per_channel};
use crate::accumulator::Accumulator;
use crate::element::Quantized;

/// Transposed 2-D convolution: input pixel `(y, x)` adds its products with the filter to the output window whose first
/// element is `(y · stride - pad_top, x · stride - pad_left)`; products outside the output are dropped. The filter
/// is OHWI; I is the input's channels.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or `multipliers` has neither one element
/// nor one per output channel.
pub fn transpose_conv<X: Quantized, W: Quantized, A: Accumulator>(
    params: &ConvParams<'_>,
    input: &[X],
    filter: &[W],
    bias: Option<&[A]>,
    output: &mut [X],
) {
    params.check(&Lengths {
        input: input.len(),
        filter: filter.len(),
        bias: bias.map(<[A]>::len),
        output: output.len(),
    });
    let geometry = params.geometry();
    check_channels(&geometry, params.dilation);
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, _] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;

    let mut sums = vec![A::default(); output.len()];
    for batch in 0..batches {
        for (y, x) in (0..input_h).flat_map(|y| (0..input_w).map(move |x| (y, x))) {
            let pixel = ((batch * input_h + y) * input_w + x) * input_c;
            let pixel = &input[pixel..pixel + input_c];
            for filter_y in 0..filter_h {
                let Some(output_y) = geometry.target(0, y, filter_y) else {
                    continue;
                };
                for filter_x in 0..filter_w {
                    let Some(output_x) = geometry.target(1, x, filter_x) else {
                        continue;
                    };
                    let at = ((batch * output_h + output_y) * output_w + output_x) * output_c;
                    for (channel, sum) in sums[at..at + output_c].iter_mut().enumerate() {
                        let tap = ((channel * filter_h + filter_y) * filter_w + filter_x) * input_c;
                        for (x, w) in pixel.iter().zip(&filter[tap..tap + input_c]) {
                            let x = x.to_i32().wrapping_sub(params.input_zero_point);
                            let w = w.to_i32().wrapping_sub(params.filter_zero_point);
                            *sum = sum.add_product(x, w);
                        }
                    }
                }
            }
        }
    }

    for (index, (out, &sum)) in output.iter_mut().zip(&sums).enumerate() {
        let channel = index % output_c;
        let sum = sum.add(bias.map_or(A::default(), |bias| bias[channel]));
        let multiplier = per_channel(params.multipliers, channel);
        *out = X::from_clamped(finish(sum, multiplier, params.output_zero_point, params.activation));
    }
}

/// [`transpose_conv`] of real numbers (`docs/numerics.md` §14): each sum begins with 0 and takes the products with the
/// input's pixels in their order, those of a pixel in the order of its channels, each fused, then the bias.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not match each other.
pub fn transpose_conv_f32(
    params: &FloatConvParams,
    input: &[f32],
    filter: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let geometry = params.geometry();
    geometry.check_floats([input, filter, output], bias);
    check_channels(&geometry, params.dilation);
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, _] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;

    output.fill(0.0);
    for batch in 0..batches {
        for (y, x) in (0..input_h).flat_map(|y| (0..input_w).map(move |x| (y, x))) {
            let pixel = ((batch * input_h + y) * input_w + x) * input_c;
            let pixel = &input[pixel..pixel + input_c];
            for filter_y in 0..filter_h {
                let Some(output_y) = geometry.target(0, y, filter_y) else {
                    continue;
                };
                for filter_x in 0..filter_w {
                    let Some(output_x) = geometry.target(1, x, filter_x) else {
                        continue;
                    };
                    let at = ((batch * output_h + output_y) * output_w + output_x) * output_c;
                    for (channel, sum) in output[at..at + output_c].iter_mut().enumerate() {
                        let tap = ((channel * filter_h + filter_y) * filter_w + filter_x) * input_c;
                        *sum = fused_dot(*sum, pixel, &filter[tap..tap + input_c]);
                    }
                }
            }
        }
    }
    for (index, sum) in output.iter_mut().enumerate() {
        *sum = finish_f32(*sum, bias, index % output_c, params.range);
    }
}

fn check_channels(geometry: &Geometry, dilation: [usize; 2]) {
    assert_eq!(dilation, [1; 2], "transposed windows have no gaps");
    assert_eq!(geometry.input_shape[3], geometry.filter_shape[3], "channels of input and filter");
    assert_eq!(geometry.filter_shape[0], geometry.output_shape[3], "filters and output channels");
}
