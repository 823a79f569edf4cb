//! L2_NORMALIZATION of rows on 8-bit tensors (`docs/numerics.md` §7.22).

use crate::element::Quantized;
use crate::fixed::{Multiplier, inverse_sqrt};

/// Fraction bits of the output, whose scale is 1/128.
const OUTPUT_BITS: i32 = 7;

/// Divides each row of `depth` elements by its length; the output has scale 1/128 and the middle of
/// its type as its zero point.
///
/// # Panics
/// When `depth` is 0 or does not divide the input, or input and output differ in length.
pub fn l2_normalization<X: Quantized>(input_zero_point: i32, depth: usize, input: &[X], output: &mut [X]) {
    assert!(depth > 0 && input.len().is_multiple_of(depth), "rows of {depth} elements do not divide {}", input.len());
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (row, out_row) in input.chunks(depth).zip(output.chunks_mut(depth)) {
        let centred = |x: &X| x.to_i32().wrapping_sub(input_zero_point);
        let squared = row.iter().map(centred).fold(0_i32, |sum, v| sum.saturating_add(v.saturating_mul(v)));
        let Multiplier { mantissa, shift } = inverse_sqrt(squared);
        for (x, out) in row.iter().zip(out_row) {
            let v = centred(x);
            let (scaled, zero_point) = if X::MIN < 0 {
                (Multiplier { mantissa, shift: shift + OUTPUT_BITS }.apply(v), 0)
            } else {
                (Multiplier { mantissa, shift }.apply_below_one(v << OUTPUT_BITS), 128)
            };
            *out = X::from_clamped(scaled.wrapping_add(zero_point));
        }
    }
}
