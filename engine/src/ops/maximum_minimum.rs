//! MAXIMUM and MINIMUM with broadcasting; stored values are compared as they are.

use std::sync::Arc;

use ottava_kernels::extremum::{self, ExtremumSpec};
use ottava_kernels::pair_f32::{self, PairF32Function, PairF32Spec};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
use ottava_ref::ops::maximum_minimum::{maximum, minimum};

use super::binary::{Binary, Function, NUMBERS, QUANTIZED_OR_NUMBERS, Stored, evaluate, with_number};
use super::view::{only_output, with_quantized};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::schema::BuiltinOptionsRef;

/// The greater or the lesser of each pair.
#[derive(Clone, Debug)]
struct Extremum {
    maximum: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &QUANTIZED_OR_NUMBERS)
}

pub(crate) fn import_maximum(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, true)
}

pub(crate) fn import_minimum(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, false)
}

fn import(context: &mut ImportContext<'_>, maximum: bool) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    context.options(|options| match options {
        BuiltinOptionsRef::MaximumMinimumOptions(options) => Some(options),
        _ => None,
    })?;
    Ok(Binary::operator(Extremum { maximum }))
}

impl Function for Extremum {
    fn name(&self) -> &'static str {
        if self.maximum { "MAXIMUM" } else { "MINIMUM" }
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let dtype = only_output(outputs)?.dtype;
        if NUMBERS.contains(&dtype) {
            with_number!(dtype, T => evaluate::<T, T>(inputs, outputs, |operands, output| {
                if self.maximum { maximum(operands, output) } else { minimum(operands, output) }
                Ok(())
            }))
        } else {
            with_quantized!(dtype, T => evaluate::<T, T>(inputs, outputs, |operands, output| {
                if self.maximum { maximum(operands, output) } else { minimum(operands, output) }
                Ok(())
            }))
        }
    }

    fn kernel(&self, stored: Stored, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let spec = ExtremumSpec { pairs: pairs.clone(), maximum: self.maximum };
        Some(Box::new(extremum::prepare(stored.isa, &spec)))
    }

    fn kernel_f32(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let function = if self.maximum { PairF32Function::Maximum } else { PairF32Function::Minimum };
        let spec = PairF32Spec { function, pairs: pairs.clone(), range: [f32::MIN, f32::MAX] };
        Some(Box::new(pair_f32::prepare(isa, &spec)))
    }
}
