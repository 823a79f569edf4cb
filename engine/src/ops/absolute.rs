//! ABS and NEG.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::absolute::{AbsoluteParams, absolute, magnitude, negate};

use super::unary::{Function, Unary, affine_ends, map};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// What becomes of the sign.
#[derive(Clone, Debug)]
enum Sign {
    /// The real value's is dropped.
    Dropped(AbsoluteParams),
    /// That of numbers without quantization is dropped.
    DroppedPlain,
    /// The stored value's is turned, whatever it means.
    Turned,
    /// That of float32 is dropped.
    DroppedReal,
    /// That of float32 is turned.
    TurnedReal,
}

pub(crate) fn abs_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::I16, DType::I32, DType::F32])
}

pub(crate) fn neg_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::I16, DType::I32, DType::I64, DType::F32])
}

pub(crate) fn abs(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let sign = match context.input(0)?.dtype {
        DType::I8 | DType::I16 => {
            let [input, output] = affine_ends(context)?;
            Sign::Dropped(AbsoluteParams::new(input, output)?)
        }
        DType::F32 => Sign::DroppedReal,
        _ => Sign::DroppedPlain,
    };
    Ok(Unary::operator("ABS", sign))
}

pub(crate) fn neg(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let real = context.input(0)?.dtype == DType::F32;
    Ok(Unary::operator("NEG", if real { Sign::TurnedReal } else { Sign::Turned }))
}

impl Function for Sign {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        match (self, x.dtype) {
            (Self::Dropped(params), DType::I8) => map::<i8, i8>(x, output, |x, y| absolute(params, x, y)),
            (Self::Dropped(params), DType::I16) => map::<i16, i16>(x, output, |x, y| absolute(params, x, y)),
            (Self::DroppedPlain, DType::I32) => map::<i32, i32>(x, output, magnitude),
            (Self::DroppedReal, DType::F32) => map::<f32, f32>(x, output, magnitude),
            (Self::Turned, DType::I8) => map::<i8, i8>(x, output, negate),
            (Self::Turned, DType::I16) => map::<i16, i16>(x, output, negate),
            (Self::Turned, DType::I32) => map::<i32, i32>(x, output, negate),
            (Self::Turned, DType::I64) => map::<i64, i64>(x, output, negate),
            (Self::TurnedReal, DType::F32) => map::<f32, f32>(x, output, negate),
            (_, other) => Err(Error::internal(format!("{other} where another type was imported"))),
        }
    }

    fn real(&self) -> Option<MapF32Function> {
        match self {
            Self::DroppedReal => Some(Box::new(magnitude)),
            Self::TurnedReal => Some(Box::new(negate)),
            Self::Dropped(_) | Self::DroppedPlain | Self::Turned => None,
        }
    }
}
