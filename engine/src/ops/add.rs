//! ADD with broadcasting.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::add::{self, AddSpec};
use ottava_kernels::strided::Strided;
use ottava_ref::ops::add::AddParams;
use ottava_ref::scales::{self, AddMultipliers};
use ottava_ref::shape::broadcast_shape;
use ottava_ref::{ActivationRange, Operand};

use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::optimize::{Lower, Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// Sum of two tensors, aligned at their last dimensions.
#[derive(Clone, Debug)]
pub(crate) struct Add {
    pub(crate) input_zero_points: [i32; 2],
    pub(crate) multipliers: AddMultipliers,
    pub(crate) output_zero_point: i32,
    pub(crate) activation: ActivationRange,
}

impl Add {
    /// Parameters of the reference.
    pub(crate) fn params(&self) -> AddParams {
        AddParams {
            input_zero_points: self.input_zero_points,
            multipliers: self.multipliers,
            output_zero_point: self.output_zero_point,
            activation: self.activation,
        }
    }
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(2)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::AddOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    let (a, b) = (context.quantization(context.inputs[0])?, context.quantization(context.inputs[1])?);
    let output = context.output_quantization()?;
    Ok(Arc::new(Add {
        input_zero_points: [a.zero_point, b.zero_point],
        multipliers: scales::add::<i8>(a.scale, b.scale, output.scale)?,
        output_zero_point: output.zero_point,
        activation: context.activation(activation)?,
    }))
}

impl Operator for Add {
    fn name(&self) -> &'static str {
        "ADD"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let (a, b) = (shape_of(inputs, 0)?, shape_of(inputs, 1)?);
        let shape = broadcast_shape(a, b);
        Ok(vec![shape.ok_or_else(|| Error::invalid(format!("shapes {a:?} and {b:?} do not broadcast")))?])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (a, b, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let params = self.params();
        with_8_bit!(output.dtype, T => {
            let operands =
                [Operand { shape: a.shape, values: a.bytes_as()? }, Operand { shape: b.shape, values: b.bytes_as()? }];
            ottava_ref::ops::add::add::<T>(&params, operands, output.bytes_as_mut()?);
            Ok(())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Add {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(first), Some(second), output) = (member.inputs[0], member.inputs[1], member.outputs[0]) else {
            return Ok(None);
        };
        if !lowering.suits_kernels(member, 2) {
            return Ok(None);
        }
        let operand = |index: usize, id| {
            let by = [self.multipliers.input1, self.multipliers.input2][index];
            let zero = self.input_zero_points[index] + lowering.offset(id);
            add::Operand { zero, multiplier: (by.mantissa, by.shift) }
        };
        let operands = [operand(0, first), operand(1, second)];
        // Sums do not depend on the order, so the operand that is repeated can be the second.
        let shape = |id| lowering.tensor(id).shape.as_slice();
        let ([wide, narrow], operands) = match shape(first) == shape(output) {
            true => ([first, second], operands),
            false => ([second, first], [operands[1], operands[0]]),
        };
        let count = lowering.tensor(narrow).element_count();
        let channels = shape(output).last().copied().unwrap_or(1);
        let narrow_stride = match shape(narrow) {
            same if same == shape(output) => lowering.image(narrow).pixel_stride,
            [.., last] if count == channels && *last == channels => 0,
            _ if count == 1 => 0,
            _ => return Ok(None),
        };
        if shape(wide) != shape(output) {
            return Ok(None);
        }
        let strided = lowering.strided(wide, output);
        let offset = lowering.offset(output);
        let spec = AddSpec {
            shape: Strided {
                pixels: strided.pixels,
                channels: strided.channels,
                input_strides: [strided.input_strides[0], narrow_stride],
                output_stride: strided.output_stride,
            },
            second_is_scalar: count == 1 && shape(narrow) != shape(output),
            operands,
            multiplier: (self.multipliers.output.mantissa, self.multipliers.output.shift),
            output_zero: self.output_zero_point + offset,
            output_min: self.activation.lo + offset,
            output_max: self.activation.hi + offset,
            output_offset: offset,
            threads: lowering.threads,
        };
        let layer = Box::new(add::prepare(lowering.isa, &spec));
        Ok(Some(Lowered { layer, inputs: vec![wide, narrow], outputs: vec![output], note: None }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
