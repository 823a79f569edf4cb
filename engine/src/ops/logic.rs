//! LOGICAL_AND and LOGICAL_OR with broadcasting, and LOGICAL_NOT.

use std::sync::Arc;

use ottava_ref::ops::logic::{Logic, logic, logical_not};

use super::binary::{Binary, Function, evaluate};
use super::unary::{self, Unary, map};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::tensor::DType;

/// The function of one truth value.
#[derive(Clone, Debug)]
struct Not;

/// Two operands.
pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::Bool])
}

/// One operand.
pub(crate) fn not_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::Bool])
}

pub(crate) fn and(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    Ok(Binary::operator(Logic::And))
}

pub(crate) fn or(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    Ok(Binary::operator(Logic::Or))
}

pub(crate) fn not(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    Ok(Unary::operator("LOGICAL_NOT", Not))
}

impl Function for Logic {
    fn name(&self) -> &'static str {
        match self {
            Self::And => "LOGICAL_AND",
            Self::Or => "LOGICAL_OR",
        }
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        evaluate::<u8, u8>(inputs, outputs, |operands, output| {
            logic(*self, operands, output);
            Ok(())
        })
    }
}

impl unary::Function for Not {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        map(x, output, logical_not)
    }
}
