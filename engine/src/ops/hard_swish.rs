//! HARD_SWISH.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::hard_swish::{HardSwishParams, hard_swish, hard_swish_f32};

use super::unary::{Function, Unary, affine_ends, map};
use super::view::with_8_bit;
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::tensor::DType;

/// The function of real numbers, which has no parameters.
#[derive(Clone, Debug)]
struct RealHardSwish;

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(1) || types.one_type(1, &[DType::F32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    if context.input(0)?.dtype == DType::F32 {
        return Ok(Unary::operator("HARD_SWISH", RealHardSwish));
    }
    let [input, output] = affine_ends(context)?;
    Ok(Unary::operator("HARD_SWISH", HardSwishParams::new(input, output)?))
}

impl Function for HardSwishParams {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        with_8_bit!(x.dtype, T => map::<T, T>(x, output, |x, y| hard_swish(self, x, y)))
    }
}

impl Function for RealHardSwish {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        map(x, output, hard_swish_f32)
    }

    fn real(&self) -> Option<MapF32Function> {
        Some(Box::new(hard_swish_f32))
    }
}
