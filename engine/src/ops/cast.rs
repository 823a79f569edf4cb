//! CAST between types of numbers.

use std::sync::Arc;

use half::f16;
use ottava_ref::ops::cast::{Number, cast};

use super::unary::{Function, Unary};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// The types that numbers come in.
const NUMBERS: [DType; 12] = [
    DType::Bool,
    DType::I8,
    DType::U8,
    DType::I16,
    DType::U16,
    DType::I32,
    DType::U32,
    DType::I64,
    DType::U64,
    DType::F16,
    DType::F32,
    DType::F64,
];

/// Stored values to another type; scales and zero points do not count.
#[derive(Clone, Copy, Debug)]
struct Cast;

pub(crate) fn types(types: &TypeList) -> bool {
    types.input_is(0, &NUMBERS) && types.output_is(&NUMBERS)
}

/// The types that the options name are not looked at: the tensors have theirs.
pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    Ok(Unary::operator("CAST", Cast))
}

/// Runs an expression with the elements of a tensor; half floats are read as floats, which hold them exactly.
macro_rules! with_elements {
    ($x:expr, $values:ident => $body:expr) => {
        match $x.dtype {
            DType::Bool => with_elements!(@ $values = $x.values::<u8>().into_iter().map(|byte| byte != 0), $body),
            DType::I8 => with_elements!(@ $values = $x.values::<i8>(), $body),
            DType::U8 => with_elements!(@ $values = $x.values::<u8>(), $body),
            DType::I16 => with_elements!(@ $values = $x.values::<i16>(), $body),
            DType::U16 => with_elements!(@ $values = $x.values::<u16>(), $body),
            DType::I32 => with_elements!(@ $values = $x.values::<i32>(), $body),
            DType::U32 => with_elements!(@ $values = $x.values::<u32>(), $body),
            DType::I64 => with_elements!(@ $values = $x.values::<i64>(), $body),
            DType::U64 => with_elements!(@ $values = $x.values::<u64>(), $body),
            DType::F16 => with_elements!(@ $values = $x.values::<f16>().into_iter().map(f32::from), $body),
            DType::F32 => with_elements!(@ $values = $x.values::<f32>(), $body),
            DType::F64 => with_elements!(@ $values = $x.values::<f64>(), $body),
            other => Err(Error::internal(format!("{other} is no number"))),
        }
    };
    (@ $values:ident = $elements:expr, $body:expr) => {{
        let $values: Vec<_> = $elements.into_iter().collect();
        $body
    }};
}

/// The elements as another type.
fn converted<X: Number, Y: Number + Default>(values: &[X]) -> Vec<Y> {
    let mut results = vec![Y::default(); values.len()];
    cast(values, &mut results);
    results
}

fn store<X: Number>(values: &[X], output: &mut TensorViewMut<'_>) -> Result<()> {
    match output.dtype {
        DType::Bool => {
            let bytes: Vec<u8> = converted::<X, bool>(values).into_iter().map(u8::from).collect();
            output.store(&bytes)
        }
        DType::I8 => output.store(&converted::<X, i8>(values)),
        DType::U8 => output.store(&converted::<X, u8>(values)),
        DType::I16 => output.store(&converted::<X, i16>(values)),
        DType::U16 => output.store(&converted::<X, u16>(values)),
        DType::I32 => output.store(&converted::<X, i32>(values)),
        DType::U32 => output.store(&converted::<X, u32>(values)),
        DType::I64 => output.store(&converted::<X, i64>(values)),
        DType::U64 => output.store(&converted::<X, u64>(values)),
        // Rounded to a float first, as the reference does.
        DType::F16 => {
            let halves: Vec<f16> = converted::<X, f32>(values).into_iter().map(f16::from_f32).collect();
            output.store(&halves)
        }
        DType::F32 => output.store(&converted::<X, f32>(values)),
        DType::F64 => output.store(&converted::<X, f64>(values)),
        other => Err(Error::internal(format!("{other} is no number"))),
    }
}

impl Function for Cast {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        if x.dtype == output.dtype {
            return output.store(x.bytes);
        }
        with_elements!(x, values => store(&values, output))
    }
}
