//! SOFTMAX on int16 tensors (`docs/numerics.md` §7.14b).

use crate::error::Result;
use crate::fixed::Multiplier;
use crate::ops::interpolated::Interpolated;

/// Parameters of [`softmax16`]; both zero points are 0, the output scale is 1/32768.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Softmax16Params {
    /// Brings a difference of stored values to units of 10/65535.
    pub multiplier: Multiplier,
    exponential: Interpolated,
    reciprocal: Interpolated,
}

impl Softmax16Params {
    /// From the operator's `beta` and the scale of its input.
    ///
    /// # Errors
    /// When they give a multiplier that is not finite or too large.
    pub fn new(beta: f32, input_scale: f32) -> Result<Self> {
        const RANGE: f64 = 65535.0;
        let result = (2.0 / RANGE, 0);
        Ok(Self {
            multiplier: Multiplier::from_f64(f64::from(input_scale * beta) / (10.0 / RANGE))?,
            exponential: Interpolated::in_f64((10.0 / RANGE, i16::MAX.into()), result, libm::exp),
            reciprocal: Interpolated::in_f64((1.0 / RANGE, i16::MIN.into()), result, |x| 1.0 / (1.0 + x)),
        })
    }

    /// `e^(diff · beta · scale)` in Q0.15 for a difference `diff <= 0` of stored values.
    fn exponential(&self, diff: i32) -> i32 {
        let shifted = self.multiplier.apply(diff).wrapping_add(i16::MAX.into());
        self.exponential.look(saturate(shifted)).into()
    }
}

/// Softmax over the last dimension.
///
/// # Panics
/// When `depth` is 0 or does not divide the input, or input and output differ in length.
pub fn softmax16(params: &Softmax16Params, depth: usize, input: &[i16], output: &mut [i16]) {
    assert!(depth > 0 && input.len().is_multiple_of(depth), "rows of {depth} elements do not divide {}", input.len());
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (row, out_row) in input.chunks(depth).zip(output.chunks_mut(depth)) {
        let largest = row.iter().copied().max().unwrap_or(i16::MIN);
        let exponential = |x: &i16| params.exponential(i32::from(*x) - i32::from(largest));
        let sum = row.iter().fold(0_i32, |sum, x| sum.saturating_add(exponential(x)));
        // The largest element alone makes the sum positive.
        let leading = sum.leading_zeros().clamp(1, 30);
        let normalized = (((i64::from(sum) << (leading - 1)) + (1 << 13)) >> 14) as i32;
        let reciprocal = i64::from(params.reciprocal.look(saturate(normalized - (1 << 15) - (1 << 16))));
        for (x, out) in row.iter().zip(out_row) {
            let product = i64::from(exponential(x)) * reciprocal;
            let result = (product + (1 << (30 - leading))) >> (31 - leading);
            *out = result.clamp(0, i16::MAX.into()) as i16;
        }
    }
}

fn saturate(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
