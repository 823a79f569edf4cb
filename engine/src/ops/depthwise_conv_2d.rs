//! DEPTHWISE_CONV_2D: input NHWC, filter 1HWO, bias.

use std::sync::Arc;

use ottava_kernels::depthwise::{self, DepthwiseSpec};
use ottava_kernels::depthwise16::{self, Depthwise16Spec};
use ottava_kernels::{Requantize, Weights};
use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d;

use super::quantized::{
    ConvQuantization, Operands, bias_values, kernel_multipliers, range_16, requantize_16, with_sums,
};
use super::view::{input, only_output};
use super::window::{ImagePadding, Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, nhwc_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;

/// A depthwise convolution: output channel `c` reads input channel `c / (O / C)` only.
#[derive(Clone, Debug)]
pub(crate) struct DepthwiseConv2d {
    pub(crate) window: Window2d,
    /// 1HWO.
    pub(crate) filter_shape: [usize; 4],
    pub(crate) quantization: ConvQuantization,
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::DepthwiseConv2DOptions(options) => Some(options),
        _ => None,
    })?;
    let options = options.ok_or_else(|| Error::invalid("has no options, so its stride is 0"))?;
    let [_, height, width, channels] = nhwc_of(&[Some(&context.input(0)?.shape)], 0)?;
    let filter_shape = nhwc_of(&[None, Some(&context.input(1)?.shape)], 1)?;
    let [one, filter_h, filter_w, filters] = filter_shape;
    // The depth multiplier follows from the shapes; the reference ignores the option, so that is no reason to refuse.
    let depth_multiplier = filters / channels;
    if one != 1 || depth_multiplier == 0 || depth_multiplier * channels != filters {
        return Err(Error::invalid(format!("a filter of shape {filter_shape:?} on an image of {channels} channels")));
    }
    let steps = WindowOptions {
        padding: options.padding()?,
        stride: [options.stride_h()?, options.stride_w()?],
        dilation: [options.dilation_h_factor()?, options.dilation_w_factor()?],
    };
    let window = Window2d::new(&steps, [height, width], [filter_h, filter_w])?;
    let quantization = ConvQuantization::import(context, Operands::DEPTHWISE, options.fused_activation_function()?, 0)?;
    if quantization.sums.of_16_bits() && context.optional_input(2).is_none() {
        return Err(Error::invalid("has no bias, which int16 activations need"));
    }
    Ok(Arc::new(DepthwiseConv2d { window, filter_shape, quantization }))
}

impl Operator for DepthwiseConv2d {
    fn name(&self) -> &'static str {
        "DEPTHWISE_CONV_2D"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, _] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        let [height, width] = self.window.output;
        Ok(vec![vec![batches, height, width, self.filter_shape[3]]])
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul(self.window.taps() as u64)
    }

    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.window.in_range(self.macs(inputs, outputs))
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let params = ConvParams {
            input_shape: nhwc_of(&[Some(x.shape)], 0)?,
            filter_shape: self.filter_shape,
            output_shape: nhwc_of(&[Some(output.shape)], 0)?,
            stride: self.window.stride,
            dilation: self.window.dilation,
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
            let bias = bias_values::<A>(inputs, 2);
            depthwise_conv2d(&params, &x.values::<X>(), filter.bytes_as::<W>()?, bias.as_deref(), &mut values);
            output.store(&values)
        })
    }
}

impl Lower for DepthwiseConv2d {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), Some(filter)) = (node.inputs[0], node.inputs[1]) else { return Ok(None) };
        if !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let output = node.outputs[0];
        let offset = lowering.offset(output);
        let quantization = &self.quantization;
        let multipliers = kernel_multipliers(&quantization.multipliers);
        if quantization.sums.of_16_bits() {
            let spec = Depthwise16Spec {
                input: lowering.image(source),
                window: self.window.kernel_window(),
                output: self.window.output,
                channels: self.filter_shape[3],
                weights: bytemuck::cast_slice(lowering.constant(filter)?),
                bias: &lowering.wide_bias(node.inputs.get(2).copied().flatten())?,
                requantize: requantize_16(quantization.sums, &multipliers),
                range: range_16(quantization.activation),
                threads: lowering.threads,
            };
            let layer = Box::new(depthwise16::prepare(lowering.isa, &spec));
            return Ok(Some(Lowered::one(layer, vec![source], vec![output])));
        }
        let weights = Weights {
            bytes: lowering.constant(filter)?,
            signed: lowering.is_signed(filter),
            zero: quantization.filter_zero_point,
        };
        let layer = depthwise::prepare(
            lowering.isa,
            &DepthwiseSpec {
                input: lowering.image(source),
                input_zero: quantization.input_zero_point + lowering.offset(source),
                window: self.window.kernel_window(),
                output: self.window.output,
                channels: self.filter_shape[3],
                weights,
                bias: &lowering.bias(node.inputs.get(2).copied().flatten())?,
                requantize: Requantize::Fixed(&multipliers),
                output_zero: quantization.output_zero_point + offset,
                output_min: quantization.activation.lo + offset,
                output_max: quantization.activation.hi + offset,
                output_offset: offset,
                pixel_stride: lowering.image(output).pixel_stride,
                threads: lowering.threads,
            },
        );
        Ok(Some(Lowered::one(Box::new(layer), vec![source], vec![output])))
    }

    fn padded(&self, padding: ImagePadding) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { window: self.window.padded(padding), ..self.clone() }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
