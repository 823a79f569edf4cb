//! CONV_2D: input NHWC, filter OHWI, bias.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::gemm16::{self, Conv16Spec};
use ottava_kernels::{Requantize, Weights, gemm};
use ottava_ref::ops::conv2d::{Conv2dParams, conv2d};

use super::quantized::{Operands, bias_values, kernel_multipliers, range_16, requantize_16, with_sums};
use super::view::{input, only_output};
use super::window::{MAX_BORDER_WORK, WindowOptions};
use super::{ConvQuantization, ImportContext, InputShapes, Operator, TensorView, TensorViewMut, Window2d, nhwc_of};
use crate::error::{Error, Result};
use crate::optimize::{Lower, Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// Convolutions of more groups run on the reference: each group is packed by itself, with corrections of its own.
const MAX_GROUPS: usize = 1 << 14;

/// Convolutions of several groups whose weights take more when each group fills whole panels run on the reference.
const MAX_PANEL_BYTES: usize = 1 << 30;

/// No kernel has wider panels.
const WIDEST_PANEL: usize = 64;

/// A convolution.
#[derive(Clone, Debug)]
pub(crate) struct Conv2d {
    pub(crate) window: Window2d,
    /// OHWI; I is the channels of one group.
    pub(crate) filter_shape: [usize; 4],
    pub(crate) groups: usize,
    pub(crate) quantization: ConvQuantization,
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::Conv2DOptions(options) => Some(options),
        _ => None,
    })?;
    let options = options.ok_or_else(|| Error::invalid("has no options, so its stride is 0"))?;
    let [_, height, width, channels] = nhwc_of(&[Some(&context.input(0)?.shape)], 0)?;
    let filter_shape = nhwc_of(&[None, Some(&context.input(1)?.shape)], 1)?;
    let [filters, filter_h, filter_w, group_channels] = filter_shape;
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
    let quantization = ConvQuantization::import(
        context,
        Operands::USUAL,
        options.fused_activation_function()?,
        options.quantized_bias_type()?,
    )?;
    Ok(Arc::new(Conv2d { window, filter_shape, groups, quantization }))
}

impl Operator for Conv2d {
    fn name(&self) -> &'static str {
        "CONV_2D"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, _] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        let [height, width] = self.window.output;
        Ok(vec![vec![batches, height, width, self.filter_shape[0]]])
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul((self.window.taps() * self.filter_shape[3]) as u64)
    }

    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.window.in_range(self.macs(inputs, outputs))
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let params = Conv2dParams {
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
            conv2d(&params, &x.values::<X>(), filter.bytes_as::<W>()?, bias.as_deref(), &mut values);
            output.store(&values)
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Conv2d {
    /// Whether packed weights stay in proportion: a small file can ask for groups of a single channel.
    fn packs_well(&self) -> bool {
        let [channels, height, width, depth] = self.filter_shape;
        let panels = (channels / self.groups.max(1)).next_multiple_of(WIDEST_PANEL);
        let bytes = [self.groups, height, width, depth].iter().fold(panels, |bytes, &size| bytes.saturating_mul(size));
        self.groups == 1 || (self.groups <= MAX_GROUPS && bytes <= MAX_PANEL_BYTES)
    }

    /// The convolution of int16 activations as a kernel.
    fn lower_16(&self, lowering: &Lowering<'_>, member: &Member) -> Result<Option<Lowered>> {
        let (Some(source), Some(filter)) = (member.inputs[0], member.inputs[1]) else { return Ok(None) };
        let multipliers = kernel_multipliers(&self.quantization.multipliers);
        let spec = Conv16Spec {
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            groups: self.groups,
            channels: self.filter_shape[0],
            weights: bytemuck::cast_slice(lowering.constant(filter)?),
            bias: &lowering.wide_bias(member.inputs.get(2).copied().flatten())?,
            requantize: requantize_16(self.quantization.sums, &multipliers),
            range: range_16(self.quantization.activation),
            threads: lowering.threads,
        };
        let layer = Box::new(gemm16::prepare(lowering.isa, &spec));
        Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![member.outputs[0]], note: None }))
    }
}

impl Lower for Conv2d {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let suits = members.iter().all(|member| lowering.suits_kernels(member, 1));
        if !suits || self.window.border_work() > MAX_BORDER_WORK || !self.packs_well() {
            return Ok(None);
        }
        if self.quantization.sums.of_16_bits() {
            return self.lower_16(lowering, &members[0]);
        }
        let mut inputs = Vec::with_capacity(members.len());
        for member in members {
            let conv = member.operator.as_any().downcast_ref::<Self>();
            let conv = conv.ok_or_else(|| Error::internal("a sibling that is no convolution"))?;
            inputs.push(PartInputs::new(lowering, member, &conv.quantization, conv.filter_shape[0])?);
        }
        let parts: Vec<gemm::ConvPart<'_>> = inputs.iter().map(PartInputs::part).collect();
        let source = members[0].inputs[0].ok_or_else(|| Error::internal("a convolution without input"))?;
        let conv = gemm::prepare(
            lowering.isa,
            &gemm::ConvSpec {
                input: lowering.image(source),
                input_zero: self.quantization.input_zero_point + lowering.offset(source),
                window: self.window.kernel_window(),
                output: self.window.output,
                groups: self.groups,
                parts: &parts,
                threads: lowering.threads,
            },
        );
        let note = conv_note(&conv.statistics());
        let outputs = members.iter().map(|member| member.outputs[0]).collect();
        Ok(Some(Lowered { layer: Box::new(conv), inputs: vec![source], outputs, note }))
    }

    fn padded(&self, before: [usize; 2], total: [usize; 2]) -> Option<Arc<dyn Operator>> {
        Some(Arc::new(Self { window: self.window.padded(before, total), ..self.clone() }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}

/// What is worth telling about a packed convolution.
fn conv_note(statistics: &gemm::ConvStatistics) -> Option<String> {
    let mut notes = Vec::new();
    if statistics.border_classes > 1 {
        notes.push(format!("{} border classes", statistics.border_classes));
    }
    if let Some(joined) = statistics.joined {
        let share = |count: usize| 100.0 * count as f64 / joined.lines.max(1) as f64;
        let groups: Vec<String> = joined.joined.iter().map(|&lines| format!("{:.0}", share(lines))).collect();
        notes.push(format!(
            "weight lines alone and joined by 2 to {}: {} %, {:.1} % repair others",
            groups.len(),
            groups.join(" + "),
            share(joined.repairs)
        ));
    }
    if statistics.corrects_row_sums {
        notes.push("sums of activations for weight zero points".to_owned());
    }
    if statistics.excess > 0 {
        notes.push(format!("weights beyond eight bits: {}", statistics.excess));
    }
    (!notes.is_empty()).then(|| notes.join(", "))
}

/// The constants of one convolution in the form that kernels take.
struct PartInputs<'a> {
    weights: Weights<'a>,
    bias: Vec<i32>,
    multipliers: Vec<ottava_kernels::Multiplier>,
    channels: usize,
    zero: i32,
    range: [i32; 2],
    offset: i32,
    pixel_stride: usize,
}

impl<'a> PartInputs<'a> {
    fn new(
        lowering: &'a Lowering<'_>,
        member: &Member,
        quantization: &ConvQuantization,
        channels: usize,
    ) -> Result<Self> {
        let filter = member.inputs[1].ok_or_else(|| Error::internal("a convolution without filter"))?;
        let output = member.outputs[0];
        let offset = lowering.offset(output);
        let zero = quantization.filter_zero_point;
        Ok(Self {
            weights: Weights { bytes: lowering.constant(filter)?, signed: lowering.is_signed(filter), zero },
            bias: lowering.bias(member.inputs.get(2).copied().flatten())?,
            multipliers: kernel_multipliers(&quantization.multipliers),
            channels,
            zero: quantization.output_zero_point + offset,
            range: [quantization.activation.lo + offset, quantization.activation.hi + offset],
            offset,
            pixel_stride: lowering.image(output).pixel_stride,
        })
    }

    fn part(&self) -> gemm::ConvPart<'_> {
        gemm::ConvPart {
            channels: self.channels,
            weights: self.weights,
            bias: &self.bias,
            requantize: Requantize::Fixed(&self.multipliers),
            output_zero: self.zero,
            output_min: self.range[0],
            output_max: self.range[1],
            output_offset: self.offset,
            pixel_stride: self.pixel_stride,
        }
    }
}
