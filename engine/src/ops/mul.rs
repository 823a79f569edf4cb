//! MUL with broadcasting.

use std::sync::Arc;

use ottava_kernels::mul::{self, MulSpec};
use ottava_kernels::pair16::{self, Function16, Pair16Spec};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
use ottava_ref::ops::arithmetic::Arithmetic;
use ottava_ref::ops::mul::MulParams;
use ottava_ref::scales;

use super::arithmetic::Plain;
use super::binary::{Binary, Function, QUANTIZED_OR_NUMBERS, Stored, evaluate, is_quantized, quantizations};
use super::quantized::kernel_multiplier;
use super::view::{only_output, with_quantized};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::schema::BuiltinOptionsRef;

/// Product of two quantized tensors.
#[derive(Clone, Debug)]
pub(crate) struct Mul(MulParams);

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &QUANTIZED_OR_NUMBERS)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::MulOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    if !is_quantized(context)? {
        let range = context.activation_f32(activation)?;
        return Ok(Binary::operator(Plain { name: "MUL", operation: Arithmetic::Mul, range }));
    }
    let [a, b, output] = quantizations(context)?;
    Ok(Binary::operator(Mul(MulParams {
        input_zero_points: [a.zero_point, b.zero_point],
        multiplier: scales::mul(a.scale, b.scale, output.scale)?,
        output_zero_point: output.zero_point,
        activation: context.activation(activation)?,
    })))
}

impl Function for Mul {
    fn name(&self) -> &'static str {
        "MUL"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        with_quantized!(only_output(outputs)?.dtype, T => evaluate(inputs, outputs, |operands, output| {
            ottava_ref::ops::mul::mul::<T>(&self.0, operands, output);
            Ok(())
        }))
    }

    fn kernel(&self, stored: Stored, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let MulParams { input_zero_points, multiplier, output_zero_point, activation } = self.0;
        let spec = MulSpec {
            pairs: pairs.clone(),
            zeros: input_zero_points.map(|zero| zero + stored.offset),
            multiplier: kernel_multiplier(multiplier),
            output_zero: output_zero_point + stored.offset,
            output_min: activation.lo + stored.offset,
            output_max: activation.hi + stored.offset,
            output_offset: stored.offset,
        };
        Some(Box::new(mul::prepare(stored.isa, &spec)))
    }

    fn kernel_16(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let MulParams { multiplier, activation, .. } = self.0;
        let function = Function16::Mul(kernel_multiplier(multiplier));
        let spec = Pair16Spec { pairs: pairs.clone(), function, min: activation.lo, max: activation.hi };
        Some(Box::new(pair16::prepare(isa, &spec)))
    }
}
