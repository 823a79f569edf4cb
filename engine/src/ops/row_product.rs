//! Shapes of FULLY_CONNECTED: rows of the input times the rows of a matrix.

use super::{InputShapes, shape_of};
use crate::error::{Error, Result};

/// What the products of rows look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowProduct {
    /// K: elements of an input row.
    pub(crate) input_depth: usize,
    /// O: elements of an output row.
    pub(crate) output_depth: usize,
    /// Whether the output keeps the input's leading dimensions, or is `[rows, O]`.
    pub(crate) keep_dimensions: bool,
}

impl RowProduct {
    /// For weights of this shape.
    pub(crate) fn of(weights: &[usize], keep_dimensions: bool) -> Result<Self> {
        let &[output_depth, input_depth] = weights else {
            return Err(Error::invalid(format!("weights of shape {weights:?}, [outputs, inputs] expected")));
        };
        Ok(Self { input_depth, output_depth, keep_dimensions })
    }

    /// Rows of an input of so many elements.
    pub(crate) fn rows(&self, elements: usize) -> usize {
        elements / self.input_depth.max(1)
    }

    /// The output's shape.
    pub(crate) fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let elements: usize = shape.iter().product();
        let rows = self.rows(elements);
        let row_fits = !self.keep_dimensions || shape.last() == Some(&self.input_depth);
        if rows * self.input_depth != elements || !row_fits {
            return Err(Error::invalid(format!("an input of shape {shape:?} for rows of {}", self.input_depth)));
        }
        if !self.keep_dimensions {
            return Ok(vec![vec![rows, self.output_depth]]);
        }
        let mut output = shape.to_vec();
        output.pop();
        output.push(self.output_depth);
        Ok(vec![output])
    }

    /// Multiply-accumulates for outputs of these shapes.
    pub(crate) fn macs(&self, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul(self.input_depth as u64)
    }
}
