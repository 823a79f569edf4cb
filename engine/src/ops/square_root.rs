//! SQRT and RSQRT.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::interpolated::Interpolated;
use ottava_ref::ops::real_function::{RealFunction, RealFunctionParams};
use ottava_ref::ops::square_root::{self, ReciprocalSqrtParams};

use super::real_function::between;
use super::unary::{Function, Unary, affine_ends, map, try_map};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::tensor::DType;

/// A root or its reciprocal; negative elements are refused.
#[derive(Clone, Debug)]
enum Root {
    Sqrt(RealFunctionParams),
    Real,
    Reciprocal(ReciprocalSqrtParams),
    Reciprocal16(Interpolated),
    ReciprocalReal,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::I16, DType::F32])
}

pub(crate) fn sqrt(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    if context.input(0)?.dtype == DType::F32 {
        return Ok(Unary::operator("SQRT", Root::Real));
    }
    let [input, output] = affine_ends(context)?;
    Ok(Unary::operator("SQRT", Root::Sqrt(between(input, output))))
}

pub(crate) fn rsqrt(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let root = if context.input(0)?.dtype == DType::F32 {
        Root::ReciprocalReal
    } else {
        let [input, output] = affine_ends(context)?;
        if context.input(0)?.dtype == DType::I16 {
            let function = RealFunction::reciprocal_sqrt::<i16>(output.0);
            Root::Reciprocal16(Interpolated::in_f32(input, output, |x| function.apply(x)))
        } else {
            Root::Reciprocal(ReciprocalSqrtParams::new(input, output)?)
        }
    };
    Ok(Unary::operator("RSQRT", root))
}

impl Function for Root {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        match self {
            Self::Sqrt(params) if x.dtype == DType::I16 => {
                try_map::<i16, i16>(x, output, |x, y| square_root::sqrt(params, x, y))
            }
            Self::Sqrt(params) => try_map::<i8, i8>(x, output, |x, y| square_root::sqrt(params, x, y)),
            Self::Real => map(x, output, square_root::sqrt_f32),
            Self::Reciprocal(params) => try_map::<i8, i8>(x, output, |x, y| square_root::reciprocal_sqrt(params, x, y)),
            Self::Reciprocal16(table) => try_map(x, output, |x, y| square_root::reciprocal_sqrt16(table, x, y)),
            Self::ReciprocalReal => map(x, output, square_root::reciprocal_sqrt_f32),
        }
    }

    fn real(&self) -> Option<MapF32Function> {
        match self {
            Self::Real => Some(Box::new(square_root::sqrt_f32)),
            Self::ReciprocalReal => Some(Box::new(square_root::reciprocal_sqrt_f32)),
            Self::Sqrt(_) | Self::Reciprocal(_) | Self::Reciprocal16(_) => None,
        }
    }
}
