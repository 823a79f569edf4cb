//! What the elementwise operators of two operands have in common: operands that repeat along their dimensions of size 1
//! (aligned at the last one), and kernels for quantized elements.

use std::fmt::Debug;
use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::shape::{broadcast_shape, element_count};
use ottava_ref::{Number, Operand, Pair};

use super::import::ScaleZero;
use super::types::QUANTIZED;
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

mod function;
mod lower;

pub(crate) use function::{Function, Stored};

/// Element types of the operators that run on plain numbers too.
pub(crate) const NUMBERS: [DType; 3] = [DType::F32, DType::I32, DType::I64];

/// All quantized types and plain numbers.
pub(crate) const QUANTIZED_OR_NUMBERS: [DType; 6] =
    [DType::I8, DType::U8, DType::I16, DType::F32, DType::I32, DType::I64];

/// An elementwise operator of two operands.
#[derive(Debug)]
pub(crate) struct Binary<F>(F);

impl<F: Function> Binary<F> {
    pub(crate) fn operator(function: F) -> Arc<dyn Operator> {
        Arc::new(Self(function))
    }
}

impl<F: Function> Operator for Binary<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let (a, b) = (shape_of(inputs, 0)?, shape_of(inputs, 1)?);
        let shape = broadcast_shape(a, b);
        let shape = shape.ok_or_else(|| Error::invalid(format!("shapes {a:?} and {b:?} do not broadcast")))?;
        if shape != a && !self.0.grows() {
            return Err(Error::invalid(format!("shape {b:?} does not broadcast to {a:?}")));
        }
        Ok(vec![shape])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        self.0.reference(inputs, outputs)
    }
}

impl<F: Function> Lower for Binary<F> {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        lower::lower(&self.0, lowering, node)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}

/// Whether the first operand is quantized.
pub(crate) fn is_quantized(context: &ImportContext<'_>) -> Result<bool> {
    Ok(QUANTIZED.contains(&context.input(0)?.dtype))
}

/// Scales and zero points of both operands and the output. Those of 16-bit tensors have no zero point.
pub(crate) fn quantizations(context: &ImportContext<'_>) -> Result<[ScaleZero; 3]> {
    let all = [
        context.quantization(context.inputs[0])?,
        context.quantization(context.inputs[1])?,
        context.output_quantization()?,
    ];
    let wide = context.input(0)?.dtype == DType::I16;
    match all.iter().find(|quantization| wide && quantization.zero_point != 0) {
        None => Ok(all),
        Some(quantization) => {
            let zero_point = quantization.zero_point;
            Err(Error::invalid(format!("an int16 tensor has zero point {zero_point}, 0 expected")))
        }
    }
}

/// Runs `function` on two operands of one element type.
pub(crate) fn evaluate<T: Pod, Y: Pod + Default>(
    inputs: &[Option<TensorView<'_>>],
    outputs: &mut [TensorViewMut<'_>],
    function: impl FnOnce(Pair<'_, T>, &mut [Y]) -> ottava_ref::Result<()>,
) -> Result<()> {
    let (a, b, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
    let (first, second) = (a.values::<T>(), b.values::<T>());
    let mut results = vec![Y::default(); element_count(output.shape)];
    let operands = [Operand { shape: a.shape, values: &first }, Operand { shape: b.shape, values: &second }];
    function(operands, &mut results)?;
    output.store(&results)
}

/// The bounds of a fused activation for plain numbers, none of them infinite.
pub(crate) fn bounds<T: Number>(range: [f32; 2]) -> [T; 2] {
    range.map(|bound| T::bound(bound.clamp(f32::MIN, f32::MAX)))
}

/// Runs an expression with a type alias for the plain number that `$dtype` is.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::tensor::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::tensor::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::tensor::DType::I64 => {
                type $T = i64;
                $body
            }
            other => Err($crate::Error::internal(format!("{other} where a number was imported"))),
        }
    };
}
pub(crate) use with_number;
