//! Quantization with a scale for each index of one dimension, of tensors that are no weights.

use super::import::{ImportContext, ScaleZero};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// One scale and zero point, or one for each index of a dimension.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    pub(crate) values: Vec<ScaleZero>,
    /// The dimension; no meaning where there is one value only.
    dimension: usize,
}

impl Channels {
    /// The several scales of a tensor, or `None` where it has one.
    pub(crate) fn of(context: &mut ImportContext<'_>, tensor: &Tensor) -> Result<Option<Self>> {
        let Some(quantization) = tensor.quantization.as_ref().filter(|it| it.scale.len() > 1) else {
            return Ok(None);
        };
        let (name, count, dimension) = (&tensor.name, quantization.scale.len(), quantization.dimension);
        if tensor.shape.get(dimension) != Some(&count) || quantization.zero_point.len() != count {
            return Err(Error::invalid(format!("tensor '{name}' has {count} scales along dimension {dimension}")));
        }
        context.budget.charge(size_of::<ScaleZero>() * count)?;
        let (lowest, highest) = tensor.dtype.quantized_range().unwrap_or_default();
        let mut values = Vec::with_capacity(count);
        for (&scale, &zero_point) in quantization.scale.iter().zip(&quantization.zero_point) {
            let fits = i32::try_from(zero_point).ok().filter(|zero_point| (lowest..=highest).contains(zero_point));
            let Some(zero_point) = fits else {
                return Err(Error::invalid(format!("tensor '{name}' has zero point {zero_point}")));
            };
            values.push(ScaleZero { scale, zero_point });
        }
        Ok(Some(Self { values, dimension }))
    }

    /// Requires that a shape has as many indices as there are scales.
    pub(crate) fn check(&self, shape: &[usize]) -> Result<()> {
        let count = self.values.len();
        if shape.get(self.dimension) == Some(&count) {
            return Ok(());
        }
        Err(Error::invalid(format!("{count} scales along dimension {} of shape {shape:?}", self.dimension)))
    }

    /// Elements from one index of the dimension to the next; at least 1.
    pub(crate) fn inner(&self, shape: &[usize]) -> usize {
        shape.iter().skip(self.dimension + 1).product::<usize>().max(1)
    }

    /// Whether the scales belong to dimension 0.
    pub(crate) fn along_batch(&self) -> bool {
        self.dimension == 0
    }
}
