//! One module per operator, each with its params struct and one function over slices.

pub mod absolute;
pub mod add;
pub mod arg_min_max;
pub mod arithmetic;
pub mod average_pool2d;
pub mod batch_matmul;
pub mod cast;
pub mod comparison;
pub mod concatenation;
pub mod conv2d;
pub mod conv_params;
pub mod depthwise_conv2d;
pub mod dequantize;
pub mod detection_postprocess;
pub mod div;
pub mod dynamic_range;
pub mod float_rows;
pub mod floor_mod;
pub mod fully_connected;
pub mod gather;
pub mod hard_swish;
pub mod hybrid_conv2d;
pub mod hybrid_depthwise_conv2d;
pub mod hybrid_fully_connected;
pub mod interpolated;
pub mod l2_normalization;
pub mod log_softmax;
pub mod logic;
pub mod max_pool2d;
pub mod maximum_minimum;
pub mod mean;
pub mod mirror_pad;
pub mod mul;
pub mod pad;
pub mod partial_sort;
pub mod pow;
pub mod prelu;
pub mod quantize;
pub mod real_function;
pub mod reduction;
pub mod relu;
pub mod requantize;
pub mod resize_bilinear;
pub mod resize_nearest_neighbor;
pub mod rounding;
pub mod select;
pub mod sigmoid16;
pub mod slice;
pub mod softmax;
pub mod softmax16;
pub mod space_to_batch_nd;
pub mod space_to_depth;
pub mod split;
pub mod square_root;
pub mod squared_difference;
pub mod tile;
pub mod topk_v2;
pub mod transpose;
pub mod transpose_conv;

use crate::accumulator::Accumulator;
use crate::activation::ActivationRange;
use crate::fixed::Multiplier;

/// The end of every convolution: requantize, add the output zero point, clamp.
pub(crate) fn finish<A: Accumulator>(
    accumulator: A,
    multiplier: Multiplier,
    output_zero_point: i32,
    activation: ActivationRange,
) -> i32 {
    activation.clamp(accumulator.requantize(multiplier).wrapping_add(output_zero_point))
}

/// The multiplier of channel `channel`: one for all, or one each.
pub(crate) fn per_channel<T: Copy>(values: &[T], channel: usize) -> T {
    if values.len() == 1 { values[0] } else { values[channel] }
}

/// Asserts that there is one value for all channels or one for each.
pub(crate) fn check_per_channel(what: &str, length: usize, channels: usize) {
    assert!(length == 1 || length == channels, "{length} {what} for {channels} channels: 1 or {channels} are needed");
}
