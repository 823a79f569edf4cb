//! CONV_2D: input NHWC, filter OHWI, bias.

use std::sync::Arc;

use ottava_kernels::gemm::{self, ConvSpec};
use ottava_kernels::gemm16::{self, Conv16Spec};
use ottava_ref::ops::conv2d::conv2d;

use super::conv_kernels::prepare;
use super::float_conv::{self, Geometry, Kind};
use super::hybrid_conv;
use super::operator::PointConvolution;
use super::quantized::{ConvFilters, ConvQuantization, Operands};
use super::view::input;
use super::weighted::{Constants, Constants16, WeightedTensors, conv_params, evaluate_weighted, packs_well};
use super::window::{ImagePadding, Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, nhwc_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A convolution, or several that read the same tensor: behind it come the filter and the bias of each.
#[derive(Clone, Debug)]
struct Conv2d {
    window: Window2d,
    /// I: the channels of one group.
    depth: usize,
    groups: usize,
    /// At least one.
    filters: Vec<ConvFilters>,
}

/// One operator that computes what all of these convolutions of one tensor compute. It reads the tensor, then the filter
/// and the bias of each.
pub(crate) fn merge(convolutions: &[PointConvolution<'_>]) -> Option<Arc<dyn Operator>> {
    let first = convolutions.first()?;
    let filters = convolutions.iter().flat_map(|convolution| convolution.filters).cloned().collect();
    Some(Arc::new(Conv2d { window: first.window.clone(), depth: first.depth, groups: 1, filters }))
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::Conv2DOptions(options) => Some(options),
        _ => None,
    })?;
    let options = options.ok_or_else(|| Error::invalid("has no options, so its stride is 0"))?;
    let [_, height, width, channels] = nhwc_of(&[Some(&context.input(0)?.shape)], 0)?;
    let [filters, filter_h, filter_w, group_channels] = nhwc_of(&[None, Some(&context.input(1)?.shape)], 1)?;
    let groups = channels / group_channels;
    if groups == 0 || groups * group_channels != channels || filters % groups != 0 {
        return Err(Error::invalid(format!(
            "filters of {group_channels} channels, {filters} of them, do not divide an image of {channels} channels"
        )));
    }
    let steps = WindowOptions {
        padding: options.padding()?,
        stride: [options.stride_h()?, options.stride_w()?],
        dilation: [options.dilation_h_factor()?, options.dilation_w_factor()?],
    };
    let window = Window2d::new(&steps, [height, width], [filter_h, filter_w])?;
    let activation = options.fused_activation_function()?;
    if context.output()?.dtype == DType::F32 {
        let filter_shape = [filters, filter_h, filter_w, group_channels];
        let geometry = Geometry { window, filter_shape };
        return match context.input(1)?.dtype {
            DType::I8 => hybrid_conv::import(context, Kind::Usual, geometry, activation),
            _ => float_conv::import(context, Kind::Usual, geometry, activation),
        };
    }
    let quantization = ConvQuantization::import(context, Operands::USUAL, activation, options.quantized_bias_type()?)?;
    let filters = vec![ConvFilters { channels: filters, quantization }];
    Ok(Arc::new(Conv2d { window, depth: group_channels, groups, filters }))
}

impl Operator for Conv2d {
    fn name(&self) -> &'static str {
        "CONV_2D"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, _] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        let [height, width] = self.window.output;
        Ok(self.filters.iter().map(|filters| vec![batches, height, width, filters.channels]).collect())
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().map(|shape| shape.iter().product::<usize>()).sum();
        (elements as u64).saturating_mul((self.window.taps() * self.depth) as u64)
    }

    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.window.in_range(self.macs(inputs, outputs))
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let [height, width] = self.window.filter;
        for (index, (filters, output)) in self.filters.iter().zip(outputs).enumerate() {
            let operands = Operands::sibling(index);
            let shapes = [input(inputs, operands.input)?.shape, output.shape];
            let filter_shape = [filters.channels, height, width, self.depth];
            let params = conv_params(&self.window, filter_shape, &filters.quantization, shapes)?;
            evaluate_weighted!(conv2d(&params), filters.quantization.sums, operands, inputs, output)?;
        }
        Ok(())
    }
}

impl Conv2d {
    /// The convolution of int16 activations as a kernel.
    fn lower_16(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let ConvFilters { channels, quantization } = &self.filters[0];
        let tensors = WeightedTensors::of(node, Operands::USUAL, 0)?;
        let constants = Constants16::new(lowering, tensors, quantization)?;
        let spec = Conv16Spec {
            input: lowering.image(tensors.source),
            window: self.window.kernel_window(),
            output: self.window.output,
            groups: self.groups,
            channels: *channels,
            weights: constants.weights,
            bias: &constants.bias,
            requantize: constants.requantize(),
            range: constants.range,
            threads: lowering.threads,
        };
        let layer = Box::new(lowering.pack(|packing| gemm16::prepare_packed(lowering.isa, &spec, packing))?);
        Ok(Some(Lowered::one(layer, vec![tensors.source], vec![tensors.output])))
    }
}

impl Lower for Conv2d {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let [height, width] = self.window.filter;
        let filter_shape = [self.filters[0].channels, height, width, self.depth];
        let suits = lowering.suits_kernels(node, 1) && packs_well(self.groups, filter_shape, DType::I8);
        if !suits || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let quantization = &self.filters[0].quantization;
        if quantization.sums.of_16_bits() {
            return self.lower_16(lowering, node);
        }
        let tensors = (0..self.filters.len()).map(|index| WeightedTensors::of(node, Operands::sibling(index), index));
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        let constants = self.filters.iter().zip(&tensors).map(|(ConvFilters { channels, quantization }, &tensors)| {
            Constants::new(lowering, tensors, *channels, quantization)
        });
        let constants = constants.collect::<Result<Vec<_>>>()?;
        let parts: Vec<gemm::ConvPart<'_>> = constants.iter().map(Constants::part).collect();
        let source = tensors[0].source;
        let spec = ConvSpec {
            input: lowering.image(source),
            input_zero: quantization.input_zero_point + lowering.offset(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            groups: self.groups,
            parts: &parts,
            threads: lowering.threads,
        };
        let (layer, note) = prepare(lowering, &spec)?;
        Ok(Some(Lowered { note, ..Lowered::one(layer, vec![source], node.outputs.clone()) }))
    }

    fn padded(&self, padding: ImagePadding) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { window: self.window.padded(padding), ..self.clone() }))
    }

    fn point_convolution(&self) -> Option<PointConvolution<'_>> {
        let eight_bit = self.filters.iter().all(|filters| !filters.quantization.sums.of_16_bits());
        let point = self.groups == 1 && self.window.taps() == 1;
        (eight_bit && point).then_some(PointConvolution {
            window: &self.window,
            depth: self.depth,
            filters: &self.filters,
        })
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
