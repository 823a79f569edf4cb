//! What a mean is to do.

use crate::quantization::Multiplier;
use crate::window::Image;

/// What a mean is to do.
///
/// Other reductions of neighbouring dimensions are images too: what stands before them is the batch,
/// what follows the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanSpec {
    /// The input; height and width are reduced.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// `(mantissa, shift)` of a sum, the count divided in; the shift within -31 to 31.
    pub multiplier: Multiplier,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values; results that overflow 32 bits wrap
    /// where the file's would.
    pub output_offset: i32,
    /// Bytes from one image's output to the next; at least the channels.
    pub output_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
