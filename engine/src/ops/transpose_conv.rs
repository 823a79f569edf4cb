//! TRANSPOSE_CONV: input NHWC, filter OHWI, bias.

use std::sync::Arc;

use ottava_kernels::gemm::ConvPart;
use ottava_kernels::transpose::{self, Transpose16Spec, TransposeSpec};
use ottava_kernels::{Requantize, Weights};
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::transpose_conv::transpose_conv;

use super::quantized::{
    ConvQuantization, Operands, bias_values, conv_types, kernel_multipliers, range_16, requantize_16, with_sums,
};
use super::view::{input, only_output};
use super::window::{Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, nhwc_of, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, TensorId};

/// Most phases of a stride that kernels are prepared for; the reference takes the rest.
const MAX_PHASES: usize = 64;

/// A transposed convolution.
#[derive(Clone, Debug)]
pub(crate) struct TransposeConv {
    /// Windows over the output, one for each pixel of the input.
    pub(crate) window: Window2d,
    /// OHWI.
    pub(crate) filter_shape: [usize; 4],
    pub(crate) quantization: ConvQuantization,
}

/// As convolutions, behind the output's shape.
pub(crate) fn types(types: &TypeList) -> bool {
    let operand = |index: usize| types.inputs.get(index).copied().flatten();
    let usual = TypeList { inputs: vec![operand(2), operand(1), operand(3)], outputs: types.outputs.clone() };
    types.input_is(0, &[DType::I32]) && conv_types(&usual)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 4)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::TransposeConvOptions(options) => Some(options),
        _ => None,
    })?;
    let options = options.ok_or_else(|| Error::invalid("has no options, so its stride is 0"))?;
    let [batch, height, width, channels] = nhwc_of(&[Some(&context.input(2)?.shape)], 0)?;
    let filter_shape = nhwc_of(&[None, Some(&context.input(1)?.shape)], 1)?;
    let [filters, filter_h, filter_w, filter_channels] = filter_shape;
    let output = context.integers(0)?;
    let sizes = <[i64; 4]>::try_from(output).map_err(|output| Error::invalid(format!("output shape {output:?}")))?;
    let sizes = sizes.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    if filter_channels != channels || sizes[0] != batch || sizes[3] != filters || sizes.contains(&usize::MAX) {
        return Err(Error::invalid(format!(
            "a filter of shape {filter_shape:?} on {batch} images of {channels} channels does not make {sizes:?}"
        )));
    }
    let steps = WindowOptions {
        padding: options.padding()?,
        stride: [options.stride_h()?, options.stride_w()?],
        dilation: [1, 1],
    };
    let window = Window2d::new(&steps, [sizes[1], sizes[2]], [filter_h, filter_w])?;
    if window.output != [height, width] {
        return Err(Error::invalid(format!(
            "an output of {} x {} has {:?} windows, the input has {height} x {width} pixels",
            sizes[1], sizes[2], window.output
        )));
    }
    let activation = options.fused_activation_function()?;
    let quantization =
        ConvQuantization::import(context, Operands::TRANSPOSE, activation, options.quantized_bias_type()?)?;
    Ok(Arc::new(TransposeConv { window, filter_shape, quantization }))
}

impl Operator for TransposeConv {
    fn name(&self) -> &'static str {
        "TRANSPOSE_CONV"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, _] = nhwc_of(inputs, 2)?;
        if [height, width] != self.window.output {
            let [h, w] = self.window.output;
            return Err(Error::invalid(format!("an image of {height} x {width} where {h} x {w} was imported")));
        }
        let [height, width] = self.window.input;
        Ok(vec![vec![batches, height, width, self.filter_shape[0]]])
    }

    fn macs(&self, inputs: &InputShapes<'_>, _outputs: &[&[usize]]) -> u64 {
        let elements = shape_of(inputs, 2).map_or(0, |shape| shape.iter().product::<usize>());
        (elements as u64).saturating_mul((self.window.taps() * self.filter_shape[0]) as u64)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 2)?, input(inputs, 1)?, only_output(outputs)?);
        let params = ConvParams {
            input_shape: nhwc_of(&[Some(x.shape)], 0)?,
            filter_shape: self.filter_shape,
            output_shape: nhwc_of(&[Some(output.shape)], 0)?,
            stride: self.window.stride,
            dilation: [1; 2],
            pad_top: self.window.pad_top,
            pad_left: self.window.pad_left,
            input_zero_point: self.quantization.input_zero_point,
            filter_zero_point: self.quantization.filter_zero_point,
            multipliers: &self.quantization.multipliers,
            output_zero_point: self.quantization.output_zero_point,
            activation: self.quantization.activation,
        };
        with_sums!(self.quantization.sums, x.dtype, X, W, A => {
            let mut values = vec![X::default(); output.bytes.len() / size_of::<X>()];
            let bias = bias_values::<A>(inputs, 3);
            transpose_conv(&params, &x.values::<X>(), filter.bytes_as::<W>()?, bias.as_deref(), &mut values);
            output.store(&values)
        })
    }
}

impl TransposeConv {
    /// The convolution of int16 activations as a kernel.
    fn lower_16(
        &self,
        lowering: &Lowering<'_>,
        node: &NodeTensors,
        [source, filter]: [TensorId; 2],
    ) -> Result<Option<Lowered>> {
        let multipliers = kernel_multipliers(&self.quantization.multipliers);
        let spec = Transpose16Spec {
            input: lowering.image(source),
            taps: self.window.filter,
            stride: self.window.stride,
            pad_before: [self.window.pad_top, self.window.pad_left],
            output: self.window.input,
            channels: self.filter_shape[0],
            weights: bytemuck::cast_slice(lowering.constant(filter)?),
            bias: &lowering.wide_bias(node.inputs.get(3).copied().flatten())?,
            requantize: requantize_16(self.quantization.sums, &multipliers),
            range: range_16(self.quantization.activation),
            threads: lowering.threads,
        };
        let layer = Box::new(transpose::prepare16(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![node.outputs[0]])))
    }
}

impl Lower for TransposeConv {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), Some(filter)) = (node.inputs[2], node.inputs[1]) else { return Ok(None) };
        let written = NodeTensors { inputs: vec![Some(source)], ..node.clone() };
        let phases = self.window.stride.into_iter().fold(1, usize::saturating_mul);
        let suits = lowering.suits_kernels(&written, 1) && phases <= MAX_PHASES;
        if !suits || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        if self.quantization.sums.of_16_bits() {
            return self.lower_16(lowering, node, [source, filter]);
        }
        let output = node.outputs[0];
        let offset = lowering.offset(output);
        let quantization = &self.quantization;
        let part = ConvPart {
            channels: self.filter_shape[0],
            weights: Weights {
                bytes: lowering.constant(filter)?,
                signed: lowering.is_signed(filter),
                zero: quantization.filter_zero_point,
            },
            bias: &lowering.bias(node.inputs.get(3).copied().flatten())?,
            requantize: Requantize::Fixed(&kernel_multipliers(&quantization.multipliers)),
            output_zero: quantization.output_zero_point + offset,
            output_min: quantization.activation.lo + offset,
            output_max: quantization.activation.hi + offset,
            output_offset: offset,
            pixel_stride: lowering.image(output).pixel_stride,
        };
        let spec = TransposeSpec {
            input: lowering.image(source),
            input_zero: quantization.input_zero_point + lowering.offset(source),
            taps: self.window.filter,
            stride: self.window.stride,
            pad_before: [self.window.pad_top, self.window.pad_left],
            output: self.window.input,
            part,
            threads: lowering.threads,
        };
        let layer = Box::new(transpose::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
