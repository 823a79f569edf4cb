//! ADD, SUB, MUL and SQUARED_DIFFERENCE of tensors that are not quantized.

use ottava_kernels::pair_f32::{self, PairF32Function, PairF32Spec};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
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

    fn kernel_f32(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let function = match self.operation {
            Arithmetic::Add => PairF32Function::Add,
            Arithmetic::Sub => PairF32Function::Sub,
            Arithmetic::Mul => PairF32Function::Mul,
            Arithmetic::SquaredDifference => PairF32Function::SquaredDifference,
        };
        let spec = PairF32Spec { function, pairs: pairs.clone(), range: bounds(self.range) };
        Some(Box::new(pair_f32::prepare(isa, &spec)))
    }
}
