//! PAD (`docs/numerics.md` §7.6).

use alloc::vec::Vec;

use crate::shape::{check_length, coordinates, element_count};

/// Parameters of [`pad`].
#[derive(Clone, Debug)]
pub struct PadParams<'a, X> {
    /// Shape of the input.
    pub input_shape: &'a [usize],
    /// Elements added before and after each dimension.
    pub paddings: &'a [[usize; 2]],
    /// The stored value of the border: the output's zero point for PAD.
    pub fill: X,
}

/// Surrounds the input with `fill`; stored values are copied as they are.
///
/// # Panics
/// When a slice does not match its shape or `paddings` has another rank than the input.
pub fn pad<X: Copy>(params: &PadParams<'_, X>, input: &[X], output: &mut [X]) {
    let shape = params.input_shape;
    assert_eq!(params.paddings.len(), shape.len(), "rank of the paddings");
    let padded: Vec<usize> =
        shape.iter().zip(params.paddings).map(|(size, [before, after])| before + size + after).collect();
    check_length("the input", input.len(), element_count(shape));
    check_length("the output", output.len(), element_count(&padded));
    for (index, out) in output.iter_mut().enumerate() {
        let mut source = Some(0);
        for (axis, at) in coordinates(&padded, index).into_iter().enumerate() {
            let inside = at.checked_sub(params.paddings[axis][0]).filter(|&at| at < shape[axis]);
            source = source.zip(inside).map(|(index, at)| index * shape[axis] + at);
        }
        *out = source.map_or(params.fill, |index| input[index]);
    }
}
