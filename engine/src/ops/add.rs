//! ADD and SUB with broadcasting.

use std::sync::Arc;

use ottava_kernels::add::{self, AddSpec};
use ottava_kernels::pair16::{self, Function16, Pair16Spec, Sum16};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
use ottava_ref::ops::add::{AddParams, PowerOfTwoParams, add_power_of_two, sub_power_of_two};
use ottava_ref::ops::arithmetic::Arithmetic;
use ottava_ref::{ActivationRange, Multiplier, scales};

use super::arithmetic::Plain;
use super::binary::{Binary, Function, QUANTIZED_OR_NUMBERS, Stored, evaluate, is_quantized, quantizations};
use super::quantized::kernel_multiplier;
use super::view::{only_output, with_quantized};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// Sum or difference of two quantized tensors.
#[derive(Clone, Debug)]
pub(crate) struct Add {
    params: AddParams,
    subtract: bool,
}

/// Sum or difference of two 16-bit tensors whose scales are powers of two.
#[derive(Clone, Debug)]
struct PowerOfTwo {
    params: PowerOfTwoParams,
    subtract: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &QUANTIZED_OR_NUMBERS)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::AddOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    let powers = options.map(|options| options.pot_scale_int16()).transpose()?.unwrap_or(true);
    import_either(context, activation, powers, false)
}

pub(crate) fn import_sub(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SubOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    let powers = options.map(|options| options.pot_scale_int16()).transpose()?.unwrap_or(true);
    import_either(context, activation, powers, true)
}

/// `powers`: whether 16-bit scales that are powers of two take the arithmetic for those.
fn import_either(
    context: &mut ImportContext<'_>,
    activation: i8,
    powers: bool,
    subtract: bool,
) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    if !is_quantized(context)? {
        let operation = if subtract { Arithmetic::Sub } else { Arithmetic::Add };
        let range = context.activation_f32(activation)?;
        return Ok(Binary::operator(Plain { name: name(subtract), operation, range }));
    }
    let [a, b, output] = quantizations(context)?;
    let activation: ActivationRange = context.activation(activation)?;
    let wide = context.input(0)?.dtype == DType::I16;
    if wide
        && powers
        && let Some(shifts) = scales::power_of_two_shifts(a.scale, b.scale, output.scale)?
    {
        return Ok(Binary::operator(PowerOfTwo { params: PowerOfTwoParams { shifts, activation }, subtract }));
    }
    let multipliers = match wide {
        true => scales::add::<i16>(a.scale, b.scale, output.scale)?,
        false => scales::add::<i8>(a.scale, b.scale, output.scale)?,
    };
    let params = AddParams {
        input_zero_points: [a.zero_point, b.zero_point],
        multipliers,
        output_zero_point: output.zero_point,
        activation,
    };
    Ok(Binary::operator(Add { params, subtract }))
}

fn name(subtract: bool) -> &'static str {
    if subtract { "SUB" } else { "ADD" }
}

impl Function for Add {
    fn name(&self) -> &'static str {
        name(self.subtract)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let function = self.subtract;
        with_quantized!(only_output(outputs)?.dtype, T => evaluate(inputs, outputs, |operands, output| {
            match function {
                false => ottava_ref::ops::add::add::<T>(&self.params, operands, output),
                true => ottava_ref::ops::add::sub::<T>(&self.params, operands, output),
            }
            Ok(())
        }))
    }

    fn kernel(&self, stored: Stored, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let AddParams { input_zero_points: [zero1, zero2], multipliers, output_zero_point, activation } = self.params;
        let operands = [(zero1, multipliers.input1), (zero2, multipliers.input2)];
        let spec = AddSpec {
            pairs: pairs.clone(),
            subtract: self.subtract,
            operands: operands
                .map(|(zero, by)| add::Operand { zero: zero + stored.offset, multiplier: kernel_multiplier(by) }),
            multiplier: kernel_multiplier(multipliers.output),
            output_zero: output_zero_point + stored.offset,
            output_min: activation.lo + stored.offset,
            output_max: activation.hi + stored.offset,
            output_offset: stored.offset,
        };
        Some(Box::new(add::prepare(stored.isa, &spec)))
    }

    fn kernel_16(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let by = |multiplier: Multiplier| kernel_multiplier(multiplier);
        let AddParams { multipliers, activation, .. } = self.params;
        let operands = [by(multipliers.input1), by(multipliers.input2)];
        let sum = Sum16 { operands, output: by(multipliers.output) };
        let function = if self.subtract { Function16::Sub(sum) } else { Function16::Add(sum) };
        let spec = Pair16Spec { pairs: pairs.clone(), function, min: activation.lo, max: activation.hi };
        Some(Box::new(pair16::prepare(isa, &spec)))
    }
}

impl Function for PowerOfTwo {
    fn name(&self) -> &'static str {
        name(self.subtract)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        evaluate(inputs, outputs, |operands, output| {
            match self.subtract {
                false => add_power_of_two(&self.params, operands, output),
                true => sub_power_of_two(&self.params, operands, output),
            }
            Ok(())
        })
    }
}
