//! Operators on the rows of the last dimension: L2_NORMALIZATION and LOG_SOFTMAX.

use std::sync::Arc;

use ottava_ref::ops::float_rows::{l2_normalization_f32, log_softmax_f32};
use ottava_ref::ops::l2_normalization::l2_normalization;
use ottava_ref::ops::log_softmax::{LogSoftmaxParams, log_softmax};

use super::unary::{affine_ends, lower_rows, map};
use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// The longest rows whose sums fit the reference's 32 bits: of squares, and of exponentials.
const MAX_DEPTH: [usize; 2] = [33_025, 4095];

/// What becomes of a row.
#[derive(Clone, Debug)]
enum Function {
    L2Normalization { input_zero_point: i32 },
    RealL2Normalization,
    LogSoftmax(LogSoftmaxParams),
    RealLogSoftmax,
}

/// An operator that treats each row of `depth` elements by itself.
#[derive(Clone, Debug)]
struct Rows {
    function: Function,
    depth: usize,
    rank: usize,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(1) || types.one_type(1, &[DType::F32])
}

pub(crate) fn import_l2_normalization(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::L2NormOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    if activation != 0 {
        return Err(Error::invalid(format!("fused activation {activation} is not possible here")));
    }
    if context.input(0)?.dtype == DType::F32 {
        return operator(context, Function::RealL2Normalization);
    }
    let [(_, input_zero_point), output] = affine_ends(context)?;
    let middle = if context.output()?.dtype == DType::I8 { 0 } else { 128 };
    expect_output(output, (1.0 / 128.0, middle))?;
    operator(context, Function::L2Normalization { input_zero_point })
}

pub(crate) fn import_log_softmax(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    if context.input(0)?.dtype == DType::F32 {
        return operator(context, Function::RealLogSoftmax);
    }
    let [(input_scale, _), output] = affine_ends(context)?;
    let greatest = if context.output()?.dtype == DType::I8 { 127 } else { 255 };
    expect_output(output, (1.0 / 16.0, greatest))?;
    operator(context, Function::LogSoftmax(LogSoftmaxParams::new(input_scale)?))
}

fn expect_output(output: (f32, i32), expected: (f32, i32)) -> Result<()> {
    if output == expected {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the output has scale {} and zero point {}; {} and {} expected",
        output.0, output.1, expected.0, expected.1
    )))
}

fn operator(context: &ImportContext<'_>, function: Function) -> Result<Arc<dyn Operator>> {
    let shape = &context.input(0)?.shape;
    let depth = *shape.last().ok_or_else(|| Error::invalid("rows of a scalar"))?;
    let most = match function {
        Function::L2Normalization { .. } => MAX_DEPTH[0],
        Function::LogSoftmax(_) => MAX_DEPTH[1],
        Function::RealL2Normalization | Function::RealLogSoftmax => usize::MAX,
    };
    if depth > most {
        return Err(Error::unsupported(format!("rows of {depth} elements; at most {most} are exact")));
    }
    Ok(Arc::new(Rows { function, depth, rank: shape.len() }))
}

impl Operator for Rows {
    fn name(&self) -> &'static str {
        match self.function {
            Function::L2Normalization { .. } | Function::RealL2Normalization => "L2_NORMALIZATION",
            Function::LogSoftmax(_) | Function::RealLogSoftmax => "LOG_SOFTMAX",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn mixes_batch(&self) -> bool {
        self.rank == 1
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        // Rows without elements are no rows.
        let depth = self.depth.max(1);
        match &self.function {
            Function::L2Normalization { input_zero_point } => {
                with_8_bit!(x.dtype, T => {
                    map::<T, T>(&x, output, |x, y| l2_normalization(*input_zero_point, depth, x, y))
                })
            }
            Function::LogSoftmax(params) => {
                with_8_bit!(x.dtype, T => map::<T, T>(&x, output, |x, y| log_softmax(params, depth, x, y)))
            }
            Function::RealL2Normalization => map(&x, output, |x, y| l2_normalization_f32(depth, x, y)),
            Function::RealLogSoftmax => map(&x, output, |x, y| log_softmax_f32(depth, x, y)),
        }
    }
}

impl Lower for Rows {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let depth = self.depth;
        match self.function {
            Function::RealL2Normalization => {
                lower_rows(lowering, node, depth, Box::new(move |x, y| l2_normalization_f32(depth, x, y)))
            }
            Function::RealLogSoftmax => {
                lower_rows(lowering, node, depth, Box::new(move |x, y| log_softmax_f32(depth, x, y)))
            }
            Function::L2Normalization { .. } | Function::LogSoftmax(_) => Ok(None),
        }
    }
}
