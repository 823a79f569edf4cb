//! PRELU: what is negative is multiplied by a slope of its own.

use std::sync::Arc;

use ottava_kernels::pair_f32::{self, PairF32Function, PairF32Spec};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
use ottava_ref::ops::prelu::{PreluParams, prelu, prelu_f32};
use ottava_ref::{Operand, scales};

use super::binary::{Binary, Function, evaluate, is_quantized};
use super::view::{input, only_output};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// PRELU of a quantized tensor.
#[derive(Clone, Debug)]
struct Prelu(PreluParams);

/// PRELU of real numbers.
#[derive(Clone, Debug)]
struct PlainPrelu;

/// Slopes are of the input's type; those of 16-bit inputs have 8 bits.
pub(crate) fn types(types: &TypeList) -> bool {
    let wide = types.one_type(1, &[DType::I16]) && types.input_is(1, &[DType::I8]);
    wide || types.one_type(2, &[DType::I8, DType::U8, DType::F32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    if !is_quantized(context)? {
        return Ok(Binary::operator(PlainPrelu));
    }
    let x = context.quantization(context.inputs[0])?;
    let alpha = context.quantization(context.inputs[1])?;
    let output = context.output_quantization()?;
    Ok(Binary::operator(Prelu(PreluParams {
        input_zero_point: x.zero_point,
        alpha_zero_point: alpha.zero_point,
        identity: scales::prelu_identity(x.scale, output.scale)?,
        product: scales::mul(x.scale, alpha.scale, output.scale)?,
        output_zero_point: output.zero_point,
    })))
}

impl Function for Prelu {
    fn name(&self) -> &'static str {
        "PRELU"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        match only_output(outputs)?.dtype {
            DType::I8 => evaluate(inputs, outputs, |[x, alpha], output| {
                prelu::<i8, i8>(&self.0, x, alpha, output);
                Ok(())
            }),
            DType::U8 => evaluate(inputs, outputs, |[x, alpha], output| {
                prelu::<u8, u8>(&self.0, x, alpha, output);
                Ok(())
            }),
            DType::I16 => {
                let (x, alpha, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
                let (values, slopes) = (x.values::<i16>(), alpha.values::<i8>());
                let mut results = vec![0; values.len()];
                let slopes = Operand { shape: alpha.shape, values: &slopes };
                prelu(&self.0, Operand { shape: x.shape, values: &values }, slopes, &mut results);
                output.store(&results)
            }
            other => Err(Error::internal(format!("{other} where a quantized type was imported"))),
        }
    }

    fn grows(&self) -> bool {
        false
    }
}

impl Function for PlainPrelu {
    fn name(&self) -> &'static str {
        "PRELU"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        evaluate(inputs, outputs, |operands, output| {
            prelu_f32(operands, output);
            Ok(())
        })
    }

    fn kernel_f32(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let range = [f32::MIN, f32::MAX];
        let spec = PairF32Spec { function: PairF32Function::Prelu, pairs: pairs.clone(), range };
        Some(Box::new(pair_f32::prepare(isa, &spec)))
    }

    fn grows(&self) -> bool {
        false
    }
}
