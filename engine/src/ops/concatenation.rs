//! CONCATENATION along one axis.

use std::sync::Arc;

use ottava_kernels::Layer;
use ottava_kernels::copy::{self, CopySpec};
use ottava_kernels::lut::{self, LutSpec};
use ottava_kernels::strided::Strided;
use ottava_ref::ops::concatenation::{ConcatInput, ConcatenationParams, concatenate, concatenation};

use super::import::ScaleZero;
use super::lookup::byte_table;
use super::movement::{concatenated_parts, lower_parts};
use super::types::EIGHT_BIT;
use super::view::{only_output, with_8_bit, with_size};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors, Parallel, Piece};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, TensorId};

/// Joins tensors along `axis`. An input with the output's scale and zero point is copied, others (uint8 only) are
/// rescaled.
#[derive(Clone, Debug)]
struct Concatenation {
    axis: usize,
    /// Scale and zero point of each input.
    inputs: Vec<ScaleZero>,
    output: ScaleZero,
}

impl Concatenation {
    /// Input `index` as a copy or, between scales, as a table.
    fn piece(&self, lowering: &Lowering<'_>, index: usize, shape: Strided) -> Result<Box<dyn Layer>> {
        let threads = lowering.threads;
        if self.copies(index) {
            return Ok(Box::new(copy::prepare(&CopySpec { shape, threads })));
        }
        // Only uint8 tensors are rescaled; a concatenation of one input is what this one does to it.
        let alone = Self { axis: 0, inputs: vec![self.inputs[index]], output: self.output };
        let masks = [lowering.xor_mask(DType::U8); 2];
        let table = byte_table(&alone, [DType::U8; 2], masks)?;
        let table = table.as_slice().try_into().map_err(|_| Error::internal("a table of 256 bytes"))?;
        Ok(Box::new(lut::prepare(lowering.isa, &LutSpec { table, shape, threads })))
    }
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(usize::MAX)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let count = context.inputs.len();
    context.expect_inputs(count.max(1), count)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ConcatenationOptions(options) => Some(options),
        _ => None,
    })?;
    let (axis, activation) = match options {
        Some(options) => (options.axis()?, options.fused_activation_function()?),
        None => (0, 0),
    };
    if activation != 0 {
        return Err(Error::invalid(format!("fused activation {activation} is not possible here")));
    }
    let rank = context.input(0)?.shape.len();
    let from_start = if axis < 0 { i64::from(axis) + rank as i64 } else { i64::from(axis) };
    let axis = usize::try_from(from_start).ok().filter(|&axis| axis < rank);
    let axis = axis.ok_or_else(|| Error::invalid(format!("axis {from_start} of tensors with {rank} dimensions")))?;
    let dtype = context.output()?.dtype;
    let plain = ScaleZero { scale: 1.0, zero_point: 0 };
    if !EIGHT_BIT.contains(&dtype) {
        // Only 8-bit types have zero points and are ever rescaled; int16 is copied whatever its scales are.
        return Ok(Arc::new(Concatenation { axis, inputs: vec![plain; count], output: plain }));
    }
    let inputs: Vec<_> = context.inputs.iter().map(|&id| context.quantization(id)).collect::<Result<_>>()?;
    let operator = Concatenation { axis, inputs, output: context.output_quantization()? };
    if dtype == DType::I8
        && let Some(index) = (0..count).find(|&index| !operator.copies(index))
    {
        return Err(Error::invalid(format!("int8 input {index} has another scale or zero point than the output")));
    }
    Ok(Arc::new(operator))
}

impl Operator for Concatenation {
    fn name(&self) -> &'static str {
        "CONCATENATION"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let mut output = shape_of(inputs, 0)?.to_vec();
        for index in 1..inputs.len() {
            let shape = shape_of(inputs, index)?;
            let others_equal = |(axis, size): (usize, &usize)| axis == self.axis || *size == output[axis];
            if shape.len() != output.len() || !shape.iter().enumerate().all(others_equal) {
                return Err(Error::invalid(format!("input {index} has shape {shape:?}, the others {output:?}")));
            }
            output[self.axis] = output[self.axis].saturating_add(shape[self.axis]);
        }
        Ok(vec![output])
    }

    fn mixes_batch(&self) -> bool {
        self.axis == 0
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let output = only_output(outputs)?;
        let params = ConcatenationParams {
            outer_count: output.shape[..self.axis].iter().product(),
            output_scale: self.output.scale,
            output_zero_point: self.output.zero_point,
        };
        if !EIGHT_BIT.contains(&output.dtype) {
            return with_size!(output.dtype.size_bytes(), T => {
                let values: Vec<Vec<T>> = inputs.iter().flatten().map(|view| view.values()).collect();
                let parts: Vec<&[T]> = values.iter().map(Vec::as_slice).collect();
                let mut whole = output.zeros::<T>();
                concatenate(params.outer_count, &parts, &mut whole);
                output.store(&whole)
            });
        }
        with_8_bit!(output.dtype, T => {
            let mut operands = Vec::with_capacity(self.inputs.len());
            for (view, &ScaleZero { scale, zero_point }) in inputs.iter().flatten().zip(&self.inputs) {
                operands.push(ConcatInput { data: view.bytes_as::<T>()?, scale, zero_point });
            }
            concatenation(&params, &operands, output.bytes_as_mut()?);
            Ok(())
        })
    }
}

impl Lower for Concatenation {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let output = node.outputs[0];
        let shape = &lowering.tensor(output).shape;
        let last = self.axis + 1 == shape.len();
        if lowering.tensor(output).dtype.size_bytes() != 1 {
            let sources: Vec<TensorId> = node.inputs.iter().flatten().copied().collect();
            let parts = || {
                let shapes: Vec<_> = sources.iter().map(|&id| &lowering.tensor(id).shape[..]).collect();
                concatenated_parts(&shapes, shape, self.axis)
            };
            return lower_parts(lowering, (&sources, &[output]), parts, [0; 8]);
        }
        let sources: Vec<TensorId> = node.inputs.iter().flatten().copied().collect();
        let dense = || sources.iter().chain([&output]).all(|&id| lowering.is_dense(id));
        if !lowering.suits_kernels(node, usize::MAX) || !(last || dense()) {
            return Ok(None);
        }
        let outer: usize = shape[..self.axis].iter().product();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let output_stride = if last { lowering.image(output).pixel_stride } else { shape[self.axis] * inner };
        let (mut pieces, mut inputs, mut output_offset) = (Vec::new(), Vec::new(), 0);
        for (index, &source) in sources.iter().enumerate() {
            let channels = lowering.tensor(source).shape[self.axis] * inner;
            // What placement has put into the output is there already.
            if lowering.places.of(source) != lowering.places.part(output, output_offset, last.then_some(output_stride))
            {
                let input_stride = if last { lowering.image(source).pixel_stride } else { channels };
                let shape = Strided { pixels: outer, channels, input_strides: [input_stride], output_stride };
                let layer = self.piece(lowering, index, shape)?;
                pieces.push(Piece { layer, input: inputs.len(), output: 0, output_offset });
                inputs.push(source);
            }
            output_offset += channels;
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let layer = Box::new(Parallel::new(pieces));
        Ok(Some(Lowered::one(layer, inputs, vec![output])))
    }

    fn concatenates(&self) -> Option<usize> {
        Some(self.axis)
    }

    fn copies(&self, index: usize) -> bool {
        self.inputs[index] == self.output
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
