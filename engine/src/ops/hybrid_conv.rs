//! CONV_2D and DEPTHWISE_CONV_2D of float32 activations and int8 weights: dynamic range quantization.

use std::sync::Arc;

use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::hybrid_conv2d::{conv2d_hybrid, symmetry};
use ottava_ref::ops::hybrid_depthwise_conv2d::depthwise_conv2d_hybrid;

use super::binary::bounds;
use super::float_conv::{Geometry, Kind, check_bias};
use super::quantized::{Filter, Operands};
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::window::Window2d;
use super::{ImportContext, InputShapes, Lower, Operator, nhwc_of};
use crate::error::{Error, Result};

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
impl Lower for HybridConv {}
