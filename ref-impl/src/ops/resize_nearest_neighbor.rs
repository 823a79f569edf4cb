//! RESIZE_NEAREST_NEIGHBOR (`docs/numerics.md` §7.18).

use alloc::vec::Vec;

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::ops::resize_bilinear::Sampling;
use crate::shape::{check_length, element_count, fill_by, index_of};

/// Index of the input element that each output element of an axis shows.
pub fn nearest(sampling: &Sampling) -> Vec<usize> {
    let scale = match sampling.align_corners && sampling.output > 1 {
        true => sampling.input.saturating_sub(1) as f32 / (sampling.output - 1) as f32,
        false => sampling.input as f32 / sampling.output as f32,
    };
    let offset = if sampling.half_pixel_centers { 0.5 } else { 0.0 };
    let last = sampling.input.saturating_sub(1);
    (0..sampling.output)
        .map(|index| {
            let position = (index as f32 + offset) * scale;
            let whole = if sampling.align_corners { position.round() } else { position.floor() };
            (whole.max(0.0) as usize).min(last)
        })
        .collect()
}

/// Shows for each output pixel the input pixel `rows[y]`, `columns[x]`; see [`nearest`].
///
/// # Panics
/// When a slice does not match its shape or an index is outside the input.
pub fn resize_nearest_neighbor<X: Copy>(
    input_shape: [usize; 4],
    [rows, columns]: [&[usize]; 2],
    input: &[X],
    output: &mut [X],
) {
    let [batches, _, _, channels] = input_shape;
    let shape = [batches, rows.len(), columns.len(), channels];
    check_length("the input", input.len(), element_count(&input_shape));
    check_length("the output", output.len(), element_count(&shape));
    fill_by(&shape, output, |at| input[index_of(&input_shape, &[at[0], rows[at[1]], columns[at[2]], at[3]])]);
}
