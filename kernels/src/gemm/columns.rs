//! How sixteen output channels end: requantization, clamp and destination.

use super::{ConvPart, Requantize};
use crate::arch::LANES;

/// The last step of a panel.
#[derive(Clone, Debug)]
pub(crate) enum Finish {
    /// The clamp's lower end is the output zero point, so that negative sums all become it and
    /// requantization may assume sums of at least 0. Every right shift is at least 1, so that
    /// adding the zero point cannot overflow.
    Rectified,
    /// Both signs.
    Signed,
    /// One rounding of the product with a double, as FULLY_CONNECTED has it.
    Float(Box<[f64; LANES]>),
}

/// Sixteen output channels of one part.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) mantissa: [i32; LANES],
    pub(crate) left: [i32; LANES],
    pub(crate) right: [i32; LANES],
    pub(crate) finish: Finish,
    /// Weight zero point, in the signed weights' domain.
    pub(crate) weight_zero: i32,
    /// Output zero point, in the file's domain.
    pub(crate) zero: i32,
    /// Least output, in the file's domain.
    pub(crate) min: i32,
    /// Greatest output, in the file's domain.
    pub(crate) max: i32,
    /// What stored outputs have more.
    pub(crate) offset_stored: i32,
    /// Channels that exist; the others are padding.
    pub(crate) count: usize,
    /// Which part the channels belong to.
    pub(crate) part: usize,
    /// First channel within the part's output.
    pub(crate) offset: usize,
    /// Bytes between the part's output pixels.
    pub(crate) pixel_stride: usize,
}

impl Columns {
    /// Channels `first..first + count` of a part.
    pub(crate) fn new(part: &ConvPart<'_>, index: usize, first: usize, count: usize) -> Self {
        let mut columns = Self {
            mantissa: [0; LANES],
            left: [0; LANES],
            right: [0; LANES],
            finish: Finish::Signed,
            weight_zero: part.weights.signed_zero(),
            zero: part.output_zero - part.output_offset,
            min: part.output_min - part.output_offset,
            max: part.output_max - part.output_offset,
            offset_stored: part.output_offset,
            count,
            part: index,
            offset: first,
            pixel_stride: part.pixel_stride,
        };
        match part.requantize {
            Requantize::Fixed(multipliers) => {
                for lane in 0..count {
                    let (mantissa, shift) = multipliers[if multipliers.len() == 1 { 0 } else { first + lane }];
                    columns.mantissa[lane] = mantissa;
                    columns.left[lane] = shift.max(0);
                    columns.right[lane] = (-shift).max(0);
                }
                if part.output_min == part.output_zero && columns.right[..count].iter().all(|&right| right >= 1) {
                    columns.finish = Finish::Rectified;
                }
            }
            Requantize::Float(scales) => {
                let mut lanes = [0.0; LANES];
                for (lane, scale) in lanes.iter_mut().enumerate().take(count) {
                    *scale = scales[if scales.len() == 1 { 0 } else { first + lane }];
                }
                columns.finish = Finish::Float(Box::new(lanes));
            }
        }
        columns
    }
}
