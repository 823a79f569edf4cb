//! FLOOR, CEIL and ROUND of float32.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::rounding::Rounding;

use super::unary::{Function, Unary, map};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::tensor::DType;

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::F32])
}

pub(crate) fn floor(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, "FLOOR", Rounding::Floor)
}

pub(crate) fn ceil(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, "CEIL", Rounding::Ceil)
}

pub(crate) fn round(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, "ROUND", Rounding::Round)
}

fn import(context: &ImportContext<'_>, name: &'static str, rounding: Rounding) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    Ok(Unary::operator(name, rounding))
}

impl Function for Rounding {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        map(x, output, |x, y| self.map(x, y))
    }

    fn real(&self) -> Option<MapF32Function> {
        let rounding = *self;
        Some(Box::new(move |x, y| rounding.map(x, y)))
    }
}
