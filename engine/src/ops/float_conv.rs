//! CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV of float32. Filters and biases may be computed, as where they come from
//! float16 constants.

use std::sync::Arc;

use ottava_kernels::depthwise_f32::{self, DepthwiseF32Spec};
use ottava_kernels::gemm_f32::{self, ConvF32Spec};
use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::conv2d::conv2d_f32;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d_f32;
use ottava_ref::ops::transpose_conv::transpose_conv_f32;

use super::binary::bounds;
use super::quantized::Operands;
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::weighted::{WeightedTensors, has_real_constants, packs_well, real_bias, real_filter};
use super::window::Window2d;
use super::{ImportContext, InputShapes, Lower, Operator, nhwc_of, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

/// Which of the convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Filter OHWI.
    Usual,
    /// Filter 1HWO.
    Depthwise,
    /// Filter OHWI, windows over the output.
    Transposed,
}

/// Where a convolution's windows lie, and the shape of its filter.
pub(crate) struct Geometry {
    pub(crate) window: Window2d,
    pub(crate) filter_shape: [usize; 4],
}

/// A convolution of real numbers.
#[derive(Clone, Debug)]
struct FloatConv {
    kind: Kind,
    /// Over the input; over the output where the convolution is transposed.
    window: Window2d,
    filter_shape: [usize; 4],
    /// Bounds of the fused activation, finite.
    range: [f32; 2],
}

/// The operator with the fused activation of this code. The geometry is checked, the operands are of float32.
pub(crate) fn import(
    context: &ImportContext<'_>,
    kind: Kind,
    geometry: Geometry,
    activation: i8,
) -> Result<Arc<dyn Operator>> {
    let Geometry { window, filter_shape } = geometry;
    check_bias(context, kind.operands(), filter_shape[kind.operands().channels])?;
    let range = bounds(context.activation_f32(activation)?);
    Ok(Arc::new(FloatConv { kind, window, filter_shape, range }))
}

/// The bias, where there is one: one element for each output channel.
pub(crate) fn check_bias(context: &ImportContext<'_>, operands: Operands, channels: usize) -> Result<()> {
    match context.optional_input(operands.bias) {
        Some(bias) if bias.element_count() != channels => {
            Err(Error::invalid(format!("bias '{}' has shape {:?}, {channels} expected", bias.name, bias.shape)))
        }
        _ => Ok(()),
    }
}

impl Kind {
    fn operands(self) -> Operands {
        match self {
            Self::Usual => Operands::USUAL,
            Self::Depthwise => Operands::DEPTHWISE,
            Self::Transposed => Operands::TRANSPOSE,
        }
    }
}

impl Operator for FloatConv {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Usual => "CONV_2D",
            Kind::Depthwise => "DEPTHWISE_CONV_2D",
            Kind::Transposed => "TRANSPOSE_CONV",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let Operands { input, channels, .. } = self.kind.operands();
        let [batches, height, width, _] = nhwc_of(inputs, input)?;
        let [height, width] = match self.kind {
            Kind::Transposed => {
                self.window.check_windows(height, width)?;
                self.window.input
            }
            Kind::Usual | Kind::Depthwise => {
                self.window.check_input(height, width)?;
                self.window.output
            }
        };
        Ok(vec![vec![batches, height, width, self.filter_shape[channels]]])
    }

    fn macs(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements = |shape: &[usize]| shape.iter().fold(1, |all: u64, &size| all.saturating_mul(size as u64));
        let all = |count: u64, each: usize| count.saturating_mul((self.window.taps().saturating_mul(each)) as u64);
        let output = outputs.first().map_or(0, |shape| elements(shape));
        match self.kind {
            Kind::Usual => all(output, self.filter_shape[3]),
            Kind::Depthwise => all(output, 1),
            Kind::Transposed => all(shape_of(inputs, 2).map_or(0, elements), self.filter_shape[0]),
        }
    }

    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let macs = self.macs(inputs, outputs);
        if self.kind == Kind::Transposed { macs } else { self.window.in_range(macs) }
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (operands, output) = (self.kind.operands(), only_output(outputs)?);
        let (x, filter) = (input(inputs, operands.input)?, input(inputs, operands.filter)?);
        let bias = inputs.get(operands.bias).copied().flatten().map(|bias| bias.reals());
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
        let function = match self.kind {
            Kind::Usual => conv2d_f32,
            Kind::Depthwise => depthwise_conv2d_f32,
            Kind::Transposed => transpose_conv_f32,
        };
        let mut values = output.zeros::<f32>();
        function(&params, &x.values::<f32>(), &filter.reals(), bias.as_deref(), &mut values);
        output.store(&values)
    }
}

/// Padding is not taken over from PAD: a product with its zeros is not nothing where the weight is infinite.
impl Lower for FloatConv {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        match self.kind {
            Kind::Depthwise => self.lower_depthwise(lowering, node),
            Kind::Usual => self.lower_usual(lowering, node),
            Kind::Transposed => Ok(None),
        }
    }

    fn reads_halves(&self, index: usize) -> bool {
        let Operands { filter, bias, .. } = self.kind.operands();
        [filter, bias].contains(&index)
    }
}

impl FloatConv {
    /// A convolution over all channels of a group, with constant filters.
    fn lower_usual(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let tensors = WeightedTensors::of(node, Operands::USUAL, 0)?;
        let WeightedTensors { source, output, .. } = tensors;
        let input = lowering.image(source);
        let groups = input.channels / self.filter_shape[3].max(1);
        let constant = has_real_constants(lowering, tensors) && packs_well(groups, self.filter_shape, DType::F32);
        if !constant || !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let spec = ConvF32Spec {
            input,
            window: self.window.kernel_window(),
            output: self.window.output,
            groups,
            channels: self.filter_shape[0],
            pixel_stride: lowering.image(output).pixel_stride,
            weights: &real_filter(lowering, tensors)?,
            bias: &real_bias(lowering, tensors)?,
            range: self.range,
            threads: lowering.threads,
        };
        Ok(Some(lower_conv(lowering, &spec, tensors)?))
    }

    /// A depthwise convolution with constant filters.
    fn lower_depthwise(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let tensors = WeightedTensors::of(node, Operands::DEPTHWISE, 0)?;
        let constant = has_real_constants(lowering, tensors);
        if !constant || !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        lowering.never_packed()?;
        let WeightedTensors { source, output, .. } = tensors;
        let spec = DepthwiseF32Spec {
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            channels: self.filter_shape[3],
            pixel_stride: lowering.image(output).pixel_stride,
            weights: &real_filter(lowering, tensors)?,
            bias: &real_bias(lowering, tensors)?,
            scales: &[],
            range: self.range,
            threads: lowering.threads,
        };
        let layer = Box::new(depthwise_f32::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }
}

/// A convolution, or a matrix product, as a kernel.
pub(crate) fn lower_conv(lowering: &Lowering<'_>, spec: &ConvF32Spec<'_>, tensors: WeightedTensors) -> Result<Lowered> {
    let layer = Box::new(lowering.pack(|packing| gemm_f32::prepare_packed(lowering.isa, spec, packing))?);
    Ok(Lowered::one(layer, vec![tensors.source], vec![tensors.output]))
}
