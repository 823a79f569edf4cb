//! TRANSPOSE_CONV: input NHWC, filter OHWI, bias.

use std::sync::Arc;

use ottava_kernels::Layer;
use ottava_kernels::transpose::{self, Transpose16Spec, TransposeSpec};
use ottava_ref::ops::transpose_conv::transpose_conv;

use super::float_conv::{self, Geometry, Kind};
use super::quantized::{ConvQuantization, Operands, conv_types};
use super::view::{input, only_output};
use super::weighted::{Constants, Constants16, WeightedTensors, conv_params, evaluate_weighted};
use super::window::{Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, nhwc_of, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// Most phases of a stride that kernels are prepared for; the reference takes the rest.
const MAX_PHASES: usize = 64;

/// A transposed convolution.
#[derive(Clone, Debug)]
struct TransposeConv {
    /// Windows over the output, one for each pixel of the input.
    window: Window2d,
    /// OHWI.
    filter_shape: [usize; 4],
    quantization: ConvQuantization,
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
    if context.output()?.dtype == DType::F32 {
        return float_conv::import(context, Kind::Transposed, Geometry { window, filter_shape }, activation);
    }
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
        self.window.check_windows(height, width)?;
        let [height, width] = self.window.input;
        Ok(vec![vec![batches, height, width, self.filter_shape[0]]])
    }

    fn macs(&self, inputs: &InputShapes<'_>, _outputs: &[&[usize]]) -> u64 {
        let elements = shape_of(inputs, 2).map_or(0, |shape| shape.iter().product::<usize>());
        (elements as u64).saturating_mul((self.window.taps() * self.filter_shape[0]) as u64)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let output = only_output(outputs)?;
        let shapes = [input(inputs, 2)?.shape, output.shape];
        let params = conv_params(&self.window, self.filter_shape, &self.quantization, shapes)?;
        evaluate_weighted!(transpose_conv(&params), self.quantization.sums, Operands::TRANSPOSE, inputs, output)
    }
}

impl Lower for TransposeConv {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let tensors = WeightedTensors::of(node, Operands::TRANSPOSE, 0)?;
        let WeightedTensors { source, output, .. } = tensors;
        let written = NodeTensors { inputs: vec![Some(source)], ..node.clone() };
        let phases = self.window.stride.into_iter().fold(1, usize::saturating_mul);
        let suits = lowering.suits_kernels(&written, 1) && phases <= MAX_PHASES;
        if !suits || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let input = lowering.image(source);
        let Window2d { filter: taps, stride, pad_top, pad_left, input: extent, .. } = self.window;
        let layer: Box<dyn Layer> = if self.quantization.sums.of_16_bits() {
            let constants = Constants16::new(lowering, tensors, &self.quantization)?;
            let spec = Transpose16Spec {
                input,
                taps,
                stride,
                pad_before: [pad_top, pad_left],
                output: extent,
                channels: self.filter_shape[0],
                weights: constants.weights,
                bias: &constants.bias,
                requantize: constants.requantize(),
                range: constants.range,
                threads: lowering.threads,
            };
            Box::new(lowering.pack(|packing| transpose::prepare16_packed(lowering.isa, &spec, packing))?)
        } else {
            let constants = Constants::new(lowering, tensors, self.filter_shape[0], &self.quantization)?;
            let spec = TransposeSpec {
                input,
                input_zero: self.quantization.input_zero_point + lowering.offset(source),
                taps,
                stride,
                pad_before: [pad_top, pad_left],
                output: extent,
                part: constants.part(),
                threads: lowering.threads,
            };
            Box::new(lowering.pack(|packing| transpose::prepare_packed(lowering.isa, &spec, packing))?)
        };
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
