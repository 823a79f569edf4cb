//! ADD, SUB, MUL and SQUARED_DIFFERENCE of tensors that are not quantized.

use ottava_ref::ops::arithmetic::{Arithmetic, arithmetic};

use super::binary::{Function, bounds, evaluate, with_number};
use super::view::only_output;
use super::{TensorView, TensorViewMut};
use crate::error::Result;

/// Arithmetic on plain numbers.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) name: &'static str,
    pub(crate) operation: Arithmetic,
    /// Bounds of the fused activation; infinite where there is none to apply, not even the type's own.
    pub(crate) range: [f32; 2],
}

impl Function for Plain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let dtype = only_output(outputs)?.dtype;
        with_number!(dtype, T => evaluate(inputs, outputs, |operands, output| {
            arithmetic::<T>(self.operation, bounds(self.range), operands, output);
            Ok(())
        }))
    }
}
