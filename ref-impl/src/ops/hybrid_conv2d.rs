//! CONV_2D of float32 activations and int8 weights (`docs/numerics.md` §15).

use alloc::vec;

use super::conv_params::{FloatConvParams, finish_hybrid};
use super::conv2d::check_channels;
use super::dynamic_range::{RowScale, Symmetry, dot, quantize_row};
use super::{check_per_channel, per_channel};
use crate::geometry::tap_position;

/// [`super::conv2d::conv2d`] of real numbers that become int8 image by image. Filters with one scale, or with equal ones, take
/// symmetric activations, others asymmetric ones.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or there is neither one scale nor one for each
/// output channel.
pub fn conv2d_hybrid(
    params: &FloatConvParams,
    input: &[f32],
    (filter, scales): (&[i8], &[f32]),
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let geometry = params.geometry();
    geometry.check_hybrid([input, output], filter, bias);
    check_channels(&geometry);
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, group_c] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;
    check_per_channel("scales", scales.len(), output_c);
    let (vertical, horizontal) = geometry.axes();
    let group_outputs = output_c / (input_c / group_c);
    let symmetry = symmetry(scales);

    let mut next = output.iter_mut();
    let image_size = input_h * input_w * input_c;
    for batch in 0..batches {
        let mut image = vec![0; image_size];
        let of_image = quantize_row(symmetry, &input[batch * image_size..][..image_size], &mut image);
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..output_c {
                    let first_c = channel / group_outputs * group_c;
                    let mut sum = 0i32;
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = (y * input_w + x) * input_c + first_c;
                            let tap = ((channel * filter_h + filter_y) * filter_w + filter_x) * group_c;
                            let (xs, ws) = (&image[at..at + group_c], &filter[tap..tap + group_c]);
                            sum = sum.wrapping_add(dot(xs, ws, of_image.zero_point));
                        }
                    }
                    let scaled = scale(symmetry, sum, per_channel(scales, channel), of_image);
                    if let Some(out) = next.next() {
                        *out = finish_hybrid(scaled, bias, channel, params.range);
                    }
                }
            }
        }
    }
}

/// How a convolution with filters of these scales quantizes its activations.
pub fn symmetry(scales: &[f32]) -> Symmetry {
    let equal = scales.iter().all(|scale| Some(scale) == scales.first());
    if equal { Symmetry::Symmetric } else { Symmetry::Asymmetric }
}

/// The real value of a sum: symmetric forms multiply the two scales first, and add to 0.
fn scale(symmetry: Symmetry, sum: i32, of_filter: f32, of_image: RowScale) -> f32 {
    match symmetry {
        Symmetry::Symmetric => 0.0 + sum as f32 * (of_image.scale * of_filter),
        Symmetry::Asymmetric => sum as f32 * of_filter * of_image.scale,
    }
}
