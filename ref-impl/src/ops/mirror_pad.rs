//! MIRROR_PAD (`docs/numerics.md` §7.6).

use alloc::vec::Vec;

use crate::shape::{check_length, element_count, fill_by, index_of};

/// How a border mirrors the tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// Without the edge: the mirror is the middle of the first element.
    Reflect,
    /// With the edge: the mirror lies before the first element.
    Symmetric,
}

impl Mirror {
    /// The most that an axis of `size` elements can be padded on one side.
    pub fn most(self, size: usize) -> usize {
        match self {
            Self::Reflect => size.saturating_sub(1),
            Self::Symmetric => size,
        }
    }

    /// Index in an axis of `size` elements that is shown at `at`, where `before` elements of border come first.
    ///
    /// # Panics
    /// When a border is wider than [`Mirror::most`].
    pub fn source(self, at: usize, before: usize, size: usize) -> usize {
        let edge = match self {
            Self::Reflect => 1,
            Self::Symmetric => 0,
        };
        if at < before {
            before - at - 1 + edge
        } else if at < before + size {
            at - before
        } else {
            size - 1 - edge - (at - before - size)
        }
    }
}

/// Surrounds the input with its mirror image, `paddings` elements before and after each dimension.
///
/// # Panics
/// When a slice does not match its shape, `paddings` has another rank than the input, or a border is wider than
/// [`Mirror::most`].
pub fn mirror_pad<X: Copy>(mirror: Mirror, shape: &[usize], paddings: &[[usize; 2]], input: &[X], output: &mut [X]) {
    assert_eq!(paddings.len(), shape.len(), "rank of the paddings");
    let padded: Vec<usize> = shape.iter().zip(paddings).map(|(size, [before, after])| before + size + after).collect();
    check_length("the input", input.len(), element_count(shape));
    check_length("the output", output.len(), element_count(&padded));
    fill_by(&padded, output, |at| {
        let source = |axis: usize| mirror.source(at[axis], paddings[axis][0], shape[axis]);
        input[index_of(shape, &(0..shape.len()).map(source).collect::<Vec<_>>())]
    });
}
