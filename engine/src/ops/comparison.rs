//! EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER and GREATER_EQUAL with broadcasting.

use std::sync::Arc;

use ottava_ref::ops::comparison::{Comparison, ComparisonParams, compare, compare_quantized};
use ottava_ref::scales;

use super::binary::{Binary, Function, QUANTIZED_OR_NUMBERS, evaluate};
use super::view::{input, with_quantized};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// Comparison of stored values as they are.
#[derive(Clone, Debug)]
struct Raw(Comparison);

/// Comparison of the real values that quantized ones stand for.
#[derive(Clone, Debug)]
struct Real(ComparisonParams);

/// Orderings.
pub(crate) fn types(types: &TypeList) -> bool {
    let inputs = TypeList { inputs: types.inputs.clone(), outputs: Vec::new() };
    inputs.one_type(2, &QUANTIZED_OR_NUMBERS) && types.output_is(&[DType::Bool])
}

/// EQUAL and NOT_EQUAL.
pub(crate) fn equality_types(list: &TypeList) -> bool {
    let inputs = TypeList { inputs: list.inputs.clone(), outputs: Vec::new() };
    types(list) || inputs.one_type(2, &[DType::Bool]) && list.output_is(&[DType::Bool])
}

macro_rules! imports {
    ($($name:ident => $comparison:ident),*) => {$(
        pub(crate) fn $name(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
            import(context, Comparison::$comparison)
        }
    )*};
}

imports!(
    import_equal => Equal,
    import_not_equal => NotEqual,
    import_less => Less,
    import_less_equal => LessEqual,
    import_greater => Greater,
    import_greater_equal => GreaterEqual
);

/// The options have no fields, so nothing of them is looked at.
fn import(context: &mut ImportContext<'_>, comparison: Comparison) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let (a, b) = (context.input(0)?, context.input(1)?);
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let real = match a.dtype {
        DType::I8 | DType::U8 => true,
        // Orderings of 16-bit values ignore their scales, and so does everything where there are none.
        DType::I16 => equality && (a.quantization.is_some() || b.quantization.is_some()),
        _ => false,
    };
    if !real {
        return Ok(Binary::operator(Raw(comparison)));
    }
    let quantizations = [context.quantization(context.inputs[0])?, context.quantization(context.inputs[1])?];
    let [first, second] = quantizations;
    Ok(Binary::operator(Real(ComparisonParams {
        comparison,
        zero_points: [first.zero_point, second.zero_point],
        multipliers: [scales::comparison(first.scale)?, scales::comparison(second.scale)?],
    })))
}

fn name(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "EQUAL",
        Comparison::NotEqual => "NOT_EQUAL",
        Comparison::Less => "LESS",
        Comparison::LessEqual => "LESS_EQUAL",
        Comparison::Greater => "GREATER",
        Comparison::GreaterEqual => "GREATER_EQUAL",
    }
}

impl Function for Raw {
    fn name(&self) -> &'static str {
        name(self.0)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        macro_rules! run {
            ($T:ty) => {
                evaluate::<$T, u8>(inputs, outputs, |operands, output| {
                    compare(self.0, operands, output);
                    Ok(())
                })
            };
        }
        match input(inputs, 0)?.dtype {
            DType::Bool => run!(u8),
            DType::I16 => run!(i16),
            DType::I32 => run!(i32),
            DType::I64 => run!(i64),
            DType::F32 => run!(f32),
            other => Err(Error::internal(format!("{other} where a comparable type was imported"))),
        }
    }
}

impl Function for Real {
    fn name(&self) -> &'static str {
        name(self.0.comparison)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        with_quantized!(input(inputs, 0)?.dtype, T => evaluate::<T, u8>(inputs, outputs, |operands, output| {
            compare_quantized(&self.0, operands, output);
            Ok(())
        }))
    }
}
