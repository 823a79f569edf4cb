//! MAX_POOL_2D (`docs/numerics.md` §7.2), and the window walk shared with AVERAGE_POOL_2D.

use alloc::vec::Vec;

use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::geometry::{Axis, tap_position};
use crate::number::Number;
use crate::shape::{check_length, element_count};

/// Parameters of [`max_pool2d`] and [`super::average_pool2d::average_pool2d`], and with `[f32; 2]` as the range those
/// of their float32 forms.
#[derive(Clone, Debug)]
pub struct Pool2dParams<R = ActivationRange> {
    /// NHWC.
    pub input_shape: [usize; 4],
    /// NHWC; batches and channels as the input.
    pub output_shape: [usize; 4],
    /// Extent of the window, vertical and horizontal.
    pub filter: [usize; 2],
    /// Step between windows, vertical and horizontal.
    pub stride: [usize; 2],
    /// Rows of padding above the input.
    pub pad_top: usize,
    /// Columns of padding left of the input.
    pub pad_left: usize,
    /// Range of the fused activation.
    pub activation: R,
}

/// Largest raw value inside the image, clamped. A window without any gives the type's minimum,
/// clamped. Nothing is requantized.
///
/// # Panics
/// When a slice does not match its shape or the shapes do not match each other.
pub fn max_pool2d<X: Quantized>(params: &Pool2dParams, input: &[X], output: &mut [X]) {
    for_each_window(params, input, output, |window| {
        let largest = window.iter().map(|x| x.to_i32()).max();
        X::from_clamped(params.activation.clamp(largest.unwrap_or(X::MIN)))
    });
}

/// [`max_pool2d`] of real numbers (`docs/numerics.md` §14). NaN is never larger, and a window without anything larger
/// gives the least finite number.
///
/// # Panics
/// As [`max_pool2d`].
pub fn max_pool2d_f32(params: &Pool2dParams<[f32; 2]>, input: &[f32], output: &mut [f32]) {
    for_each_window(params, input, output, |window| {
        let largest = window.iter().fold(f32::MIN, |largest, &x| if largest < x { x } else { largest });
        largest.clamp_to(params.activation)
    });
}

/// Sets each output element to `reduce` of the input elements its window covers.
pub(crate) fn for_each_window<R, X: Copy>(
    params: &Pool2dParams<R>,
    input: &[X],
    output: &mut [X],
    reduce: impl Fn(&[X]) -> X,
) {
    check_length("the input", input.len(), element_count(&params.input_shape));
    check_length("the output", output.len(), element_count(&params.output_shape));
    let [batches, input_h, input_w, channels] = params.input_shape;
    let [output_batches, output_h, output_w, output_c] = params.output_shape;
    assert_eq!(batches, output_batches, "batches of input and output");
    assert_eq!(channels, output_c, "channels of input and output");
    let axis = |i: usize, pad_before: usize| Axis {
        input: params.input_shape[1 + i],
        stride: params.stride[i],
        dilation: 1,
        pad_before,
    };
    let (vertical, horizontal) = (axis(0, params.pad_top), axis(1, params.pad_left));

    let mut next = output.iter_mut();
    let mut window = Vec::new();
    for batch in 0..batches {
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..channels {
                    window.clear();
                    for y in (0..params.filter[0]).filter_map(|tap| tap_position(&vertical, output_y, tap)) {
                        for x in (0..params.filter[1]).filter_map(|tap| tap_position(&horizontal, output_x, tap)) {
                            let at = ((batch * input_h + y) * input_w + x) * channels + channel;
                            window.push(input[at]);
                        }
                    }
                    if let Some(out) = next.next() {
                        *out = reduce(&window);
                    }
                }
            }
        }
    }
}
