//! BATCH_MATMUL (`docs/numerics.md` §7.23).

use alloc::vec::Vec;

use super::finish;
use crate::accumulator::Accumulator;
use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::shape::{broadcast_index, broadcast_shape, check_length, coordinates, element_count};

/// Shapes of two stacks of matrices.
#[derive(Clone, Copy, Debug)]
pub struct MatmulShape<'a> {
    /// `[.., rows, depth]`, or `[.., depth, rows]` if adjoint.
    pub left: &'a [usize],
    /// `[.., depth, columns]`, or `[.., columns, depth]` if adjoint.
    pub right: &'a [usize],
    /// Whether the left matrices are stored transposed.
    pub left_adjoint: bool,
    /// Whether the right matrices are stored transposed.
    pub right_adjoint: bool,
}

/// Sizes of the matrices and the leading dimensions of the product.
struct Extents {
    lead: Vec<usize>,
    rows: usize,
    depth: usize,
    columns: usize,
}

impl MatmulShape<'_> {
    /// Shape of the product, or `None` when the operands do not fit each other: fewer than two dimensions, different
    /// depths, or leading dimensions that do not broadcast.
    pub fn output(&self) -> Option<Vec<usize>> {
        let Extents { mut lead, rows, columns, .. } = self.extents()?;
        lead.extend([rows, columns]);
        Some(lead)
    }

    /// Rows of a left matrix, its columns, and the columns of a right matrix, none of them transposed.
    pub fn sizes(&self) -> Option<[usize; 3]> {
        self.extents().map(|extents| [extents.rows, extents.depth, extents.columns])
    }

    /// For each matrix of the product the indices of the left and the right matrix that it is of.
    pub fn products(&self) -> Option<Vec<[usize; 2]>> {
        let Extents { lead, .. } = self.extents()?;
        let (left, _) = self.left.split_last_chunk::<2>()?;
        let (right, _) = self.right.split_last_chunk::<2>()?;
        let of = |batch: usize| {
            let at = coordinates(&lead, batch);
            [broadcast_index(left, &at), broadcast_index(right, &at)]
        };
        Some((0..element_count(&lead)).map(of).collect())
    }

    fn extents(&self) -> Option<Extents> {
        let (left_lead, &[a, b]) = self.left.split_last_chunk()?;
        let (right_lead, &[c, d]) = self.right.split_last_chunk()?;
        let (rows, depth) = if self.left_adjoint { (b, a) } else { (a, b) };
        let (right_depth, columns) = if self.right_adjoint { (d, c) } else { (c, d) };
        let lead = broadcast_shape(left_lead, right_lead)?;
        (depth == right_depth).then_some(Extents { lead, rows, depth, columns })
    }

    /// Sets each output element to what `cell` makes of the indices of its factors, in the order of the depth.
    fn for_each<T>(&self, output: &mut [T], cell: impl Fn(&mut dyn Iterator<Item = (usize, usize)>) -> T) {
        let extents = self.extents();
        assert!(extents.is_some(), "matrices {:?} and {:?} have no product", self.left, self.right);
        let Some(Extents { lead, rows, depth, columns }) = extents else { return };
        check_length("the output", output.len(), element_count(&lead) * rows * columns);
        let (left_lead, right_lead) = (&self.left[..self.left.len() - 2], &self.right[..self.right.len() - 2]);
        let (left_steps, right_steps) = (
            if self.left_adjoint { (1, rows) } else { (depth, 1) },
            if self.right_adjoint { (depth, 1) } else { (1, columns) },
        );
        let mut next = output.iter_mut();
        for batch in 0..element_count(&lead) {
            let at = coordinates(&lead, batch);
            let left = broadcast_index(left_lead, &at) * rows * depth;
            let right = broadcast_index(right_lead, &at) * depth * columns;
            for row in 0..rows {
                for column in 0..columns {
                    let (left, right) = (left + row * left_steps.0, right + column * right_steps.0);
                    let mut factors = (0..depth).map(|k| (left + k * left_steps.1, right + k * right_steps.1));
                    if let Some(out) = next.next() {
                        *out = cell(&mut factors);
                    }
                }
            }
        }
    }
}

/// Parameters of [`batch_matmul`].
#[derive(Clone, Debug)]
pub struct BatchMatmulParams<'a> {
    /// The operands' shapes.
    pub shape: MatmulShape<'a>,
    /// Zero point of the left operand.
    pub left_zero_point: i32,
    /// Zero point of the right operand.
    pub right_zero_point: i32,
    /// From [`crate::scales::matrix_product`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// Products of quantized matrices, clamped to the output's type. `A` is the width of the sums.
///
/// # Panics
/// When a slice does not match its shape or the operands have no product.
pub fn batch_matmul<X: Quantized, Y: Quantized, A: Accumulator>(
    params: &BatchMatmulParams<'_>,
    left: &[X],
    right: &[Y],
    output: &mut [X],
) {
    check_operands(&params.shape, left.len(), right.len());
    params.shape.for_each(output, |factors| {
        let sum = factors.fold(A::default(), |sum, (l, r)| {
            let x = left[l].to_i32().wrapping_sub(params.left_zero_point);
            let y = right[r].to_i32().wrapping_sub(params.right_zero_point);
            sum.add_product(x, y)
        });
        X::from_clamped(finish(sum, params.multiplier, params.output_zero_point, ActivationRange::full::<X>()))
    });
}

/// Products of real matrices, each sum in the order of the depth. Which NaN a sum is depends on the order of operands
/// in instructions, so there is only one, [`f32::NAN`].
///
/// # Panics
/// When a slice does not match its shape or the operands have no product.
pub fn batch_matmul_f32(shape: &MatmulShape<'_>, left: &[f32], right: &[f32], output: &mut [f32]) {
    check_operands(shape, left.len(), right.len());
    shape.for_each(output, |factors| {
        let sum: f32 = factors.fold(0.0, |sum, (l, r)| sum + left[l] * right[r]);
        if sum.is_nan() { f32::NAN } else { sum }
    });
}

fn check_operands(shape: &MatmulShape<'_>, left: usize, right: usize) {
    check_length("the left operand", left, element_count(shape.left));
    check_length("the right operand", right, element_count(shape.right));
}
