//! DEPTHWISE_CONV_2D of float32 activations and int8 weights (`docs/numerics.md` §15).

use alloc::vec;

use super::conv_params::{FloatConvParams, finish_hybrid};
use super::depthwise_conv2d::check_channels;
use super::dynamic_range::{Symmetry, dot, quantize_row};
use crate::geometry::tap_position;

/// [`super::depthwise_conv2d::depthwise_conv2d`] of real numbers that become int8 image by image, with a zero point.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or there is not one scale for each output
/// channel.
pub fn depthwise_conv2d_hybrid(
    params: &FloatConvParams,
    input: &[f32],
    (filter, scales): (&[i8], &[f32]),
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let geometry = params.geometry();
    geometry.check_hybrid([input, output], filter, bias);
    check_channels(&geometry);
    let [_, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, _] = params.filter_shape;
    let [batches, output_h, output_w, output_c] = params.output_shape;
    assert_eq!(scales.len(), output_c, "scales of a depthwise filter");
    let (vertical, horizontal) = geometry.axes();
    let depth_multiplier = output_c / input_c;

    let mut next = output.iter_mut();
    let image_size = input_h * input_w * input_c;
    for batch in 0..batches {
        let mut image = vec![0; image_size];
        let row = &input[batch * image_size..][..image_size];
        let of_image = quantize_row(Symmetry::Asymmetric, row, &mut image);
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for (channel, scale) in scales.iter().enumerate() {
                    let input_channel = channel / depth_multiplier;
                    let mut sum = 0i32;
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = (y * input_w + x) * input_c + input_channel;
                            let tap = (filter_y * filter_w + filter_x) * output_c + channel;
                            sum = sum.wrapping_add(dot(&image[at..=at], &filter[tap..=tap], of_image.zero_point));
                        }
                    }
                    let scaled = sum as f32 * (scale * of_image.scale);
                    if let Some(out) = next.next() {
                        *out = finish_hybrid(scaled, bias, channel, params.range);
                    }
                }
            }
        }
    }
}
