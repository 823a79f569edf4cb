//! DEPTHWISE_CONV_2D: input NHWC, filter 1HWO, bias.

use std::sync::Arc;

use ottava_kernels::Layer;
use ottava_kernels::depthwise::{self, DepthwiseSpec};
use ottava_kernels::depthwise16::{self, Depthwise16Spec};
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d;

use super::float_conv::{self, Geometry, Kind};
use super::hybrid_conv;
use super::quantized::{ConvQuantization, Operands};
use super::view::{input, only_output};
use super::weighted::{Constants, Constants16, WeightedTensors, conv_params, evaluate_weighted};
use super::window::{ImagePadding, Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, nhwc_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A depthwise convolution: output channel `c` reads input channel `c / (O / C)` only.
#[derive(Clone, Debug)]
struct DepthwiseConv2d {
    window: Window2d,
    /// 1HWO.
    filter_shape: [usize; 4],
    quantization: ConvQuantization,
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
    let activation = options.fused_activation_function()?;
    if context.output()?.dtype == DType::F32 {
        let geometry = Geometry { window, filter_shape };
        return match context.input(1)?.dtype {
            DType::I8 => hybrid_conv::import(context, Kind::Depthwise, geometry, activation),
            _ => float_conv::import(context, Kind::Depthwise, geometry, activation),
        };
    }
    let quantization = ConvQuantization::import(context, Operands::DEPTHWISE, activation, 0)?;
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
        let output = only_output(outputs)?;
        let shapes = [input(inputs, 0)?.shape, output.shape];
        let params = conv_params(&self.window, self.filter_shape, &self.quantization, shapes)?;
        evaluate_weighted!(depthwise_conv2d(&params), self.quantization.sums, Operands::DEPTHWISE, inputs, output)
    }
}

impl Lower for DepthwiseConv2d {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        if !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        lowering.never_packed()?;
        let tensors = WeightedTensors::of(node, Operands::DEPTHWISE, 0)?;
        let WeightedTensors { source, output, .. } = tensors;
        let (input, window) = (lowering.image(source), self.window.kernel_window());
        let layer: Box<dyn Layer> = if self.quantization.sums.of_16_bits() {
            let constants = Constants16::new(lowering, tensors, &self.quantization)?;
            let spec = Depthwise16Spec {
                input,
                window,
                output: self.window.output,
                channels: self.filter_shape[3],
                weights: constants.weights,
                bias: &constants.bias,
                requantize: constants.requantize(),
                range: constants.range,
                threads: lowering.threads,
            };
            Box::new(depthwise16::prepare(lowering.isa, &spec))
        } else {
            let constants = Constants::new(lowering, tensors, self.filter_shape[3], &self.quantization)?;
            let part = constants.part();
            let spec = DepthwiseSpec {
                input,
                input_zero: self.quantization.input_zero_point + lowering.offset(source),
                window,
                output: self.window.output,
                channels: part.channels,
                weights: part.weights,
                bias: part.bias,
                requantize: part.requantize,
                output_zero: part.output_zero,
                output_min: part.output_min,
                output_max: part.output_max,
                output_offset: part.output_offset,
                pixel_stride: part.pixel_stride,
                threads: lowering.threads,
            };
            Box::new(depthwise::prepare(lowering.isa, &spec))
        };
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn padded(&self, padding: ImagePadding) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { window: self.window.padded(padding), ..self.clone() }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
