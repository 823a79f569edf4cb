//! CONV_2D and DEPTHWISE_CONV_2D of float32 activations and int8 weights: dynamic range quantization.

use std::sync::Arc;

use ottava_kernels::depthwise_f32::{self, DepthwiseF32Spec, MOST_EXACT_TAPS};
use ottava_kernels::dynamic_range::{DynamicRangeSpec, Quantized};
use ottava_kernels::gemm::ConvSpec;
use ottava_kernels::{Image, RealOrder, RealScales};
use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::hybrid_conv2d::{conv2d_hybrid, symmetry};
use ottava_ref::ops::hybrid_depthwise_conv2d::depthwise_conv2d_hybrid;

use super::binary::bounds;
use super::conv_kernels::prepare;
use super::float_conv::{Geometry, Kind, check_bias};
use super::quantized::{Filter, Operands};
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::weighted::{WeightedTensors, has_real_constants, packs_well, real_bias};
use super::window::Window2d;
use super::{ImportContext, InputShapes, Lower, Operator, hybrid_step, nhwc_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

/// A convolution whose activations become int8 image by image.
#[derive(Clone, Debug)]
struct HybridConv {
    depthwise: bool,
    window: Window2d,
    filter_shape: [usize; 4],
    /// Of the filter: one, or one for each output channel.
    scales: Vec<f32>,
    /// Bounds of the fused activation, finite.
    range: [f32; 2],
}

/// The operator with the fused activation of this code. The geometry is checked, and the kind is not a transposed one.
pub(crate) fn import(
    context: &mut ImportContext<'_>,
    kind: Kind,
    geometry: Geometry,
    activation: i8,
) -> Result<Arc<dyn Operator>> {
    let Geometry { window, filter_shape } = geometry;
    let depthwise = kind == Kind::Depthwise;
    let operands = if depthwise { Operands::DEPTHWISE } else { Operands::USUAL };
    let channels = filter_shape[operands.channels];
    let scales = filter_scales(context, operands)?;
    check_bias(context, operands, channels)?;
    let grouped = !depthwise && nhwc_of(&[Some(&context.input(0)?.shape)], 0)?[3] != filter_shape[3];
    if grouped && symmetry(&scales) == Symmetry::Symmetric {
        return Err(Error::unsupported("groups of float32 activations with a single scale for all int8 filters"));
    }
    if depthwise && scales.len() != channels {
        return Err(Error::invalid(format!("{} scales for {channels} channels of int8 filters", scales.len())));
    }
    let range = bounds(context.activation_f32(activation)?);
    Ok(Arc::new(HybridConv { depthwise, window, filter_shape, scales, range }))
}

/// The scales of a constant int8 filter without zero points.
pub(crate) fn filter_scales(context: &mut ImportContext<'_>, operands: Operands) -> Result<Vec<f32>> {
    let filter = Filter::of(context, operands)?;
    filter.no_zero_points(context.input(operands.filter)?)?;
    Ok(filter.scales.to_vec())
}

impl Operator for HybridConv {
    fn name(&self) -> &'static str {
        if self.depthwise { "DEPTHWISE_CONV_2D" } else { "CONV_2D" }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, _] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        let [height, width] = self.window.output;
        let channels = if self.depthwise { self.filter_shape[3] } else { self.filter_shape[0] };
        Ok(vec![vec![batches, height, width, channels]])
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let each = if self.depthwise { 1 } else { self.filter_shape[3] };
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul(self.window.taps().saturating_mul(each) as u64)
    }

    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.window.in_range(self.macs(inputs, outputs))
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let bias = inputs.get(2).copied().flatten().map(|bias| bias.values::<f32>());
        let params = FloatConvParams {
            input_shape: nhwc_of(&[Some(x.shape)], 0)?,
            filter_shape: self.filter_shape,
            output_shape: nhwc_of(&[Some(output.shape)], 0)?,
            stride: self.window.stride,
            dilation: self.window.dilation,
            pad_top: self.window.pad_top,
            pad_left: self.window.pad_left,
            range: self.range,
        };
        let function = if self.depthwise { depthwise_conv2d_hybrid } else { conv2d_hybrid };
        let mut values = output.zeros::<f32>();
        let filter = (filter.bytes_as::<i8>()?, self.scales.as_slice());
        function(&params, &x.values::<f32>(), filter, bias.as_deref(), &mut values);
        output.store(&values)
    }
}

/// Padding is not taken over from PAD: its zeros are elements of the image, whose last few are rounded in another way.
impl Lower for HybridConv {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let operands = if self.depthwise { Operands::DEPTHWISE } else { Operands::USUAL };
        let tensors = WeightedTensors::of(node, operands, 0)?;
        let suits = has_real_constants(lowering, tensors) && lowering.suits_kernels(node, 1);
        if !suits || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        if self.depthwise { self.lower_depthwise(lowering, tensors) } else { self.lower_usual(lowering, tensors) }
    }
}

impl HybridConv {
    /// The activations of an input with a scale for each image.
    fn activations(lowering: &Lowering<'_>, input: Image, symmetric: bool) -> DynamicRangeSpec {
        DynamicRangeSpec {
            rows: input.batch,
            elements: input.pixels() / input.batch * input.channels,
            symmetric,
            marks_zeros: false,
            quantized: Quantized::Bytes,
            threads: lowering.threads,
        }
    }

    /// A convolution that is not depthwise, of constants.
    fn lower_usual(&self, lowering: &Lowering<'_>, tensors: WeightedTensors) -> Result<Option<Lowered>> {
        let WeightedTensors { source, filter, output, .. } = tensors;
        let input = lowering.image(source);
        let [channels, _, _, depth] = self.filter_shape;
        let groups = input.channels / depth;
        if !packs_well(groups, self.filter_shape, DType::I8) {
            return Ok(None);
        }
        let symmetric = symmetry(&self.scales) == Symmetry::Symmetric;
        let order = if symmetric { RealOrder::Together } else { RealOrder::WeightsFirst };
        let bias = real_bias(lowering, tensors)?;
        let scales = RealScales { weights: &self.scales, bias: &bias, order, range: self.range };
        let spec = ConvSpec {
            input,
            input_zero: 0,
            window: self.window.kernel_window(),
            output: self.window.output,
            groups,
            parts: &[hybrid_step::part(channels, lowering.weights(filter)?, scales)],
            threads: lowering.threads,
        };
        let activations = Self::activations(lowering, input, symmetric);
        let products = prepare(lowering, &spec)?;
        Ok(Some(hybrid_step::lower(lowering, &activations, [source, output], products)))
    }

    /// A depthwise convolution of constants: sums of whole numbers are exact as floats.
    fn lower_depthwise(&self, lowering: &Lowering<'_>, tensors: WeightedTensors) -> Result<Option<Lowered>> {
        if self.window.taps() > MOST_EXACT_TAPS {
            return Ok(None);
        }
        lowering.never_packed()?;
        let WeightedTensors { source, filter, output, .. } = tensors;
        let input = lowering.image(source);
        let weights: Vec<f32> = lowering.weights(filter)?.iter().map(|&byte| f32::from(byte as i8)).collect();
        let channels = self.filter_shape[3];
        let spec = DepthwiseF32Spec {
            input,
            window: self.window.kernel_window(),
            output: self.window.output,
            channels,
            pixel_stride: channels,
            weights: &weights,
            bias: &real_bias(lowering, tensors)?,
            scales: &self.scales,
            range: self.range,
            threads: lowering.threads,
        };
        let activations =
            DynamicRangeSpec { quantized: Quantized::WholeNumbers, ..Self::activations(lowering, input, false) };
        let layer = Box::new(depthwise_f32::prepare(lowering.isa, &spec));
        Ok(Some(hybrid_step::lower(lowering, &activations, [source, output], (layer, None))))
    }
}
