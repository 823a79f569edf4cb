//! What the operators with weights share: the call of the reference, and their constants as kernels take them.

use std::borrow::Cow;

use half::f16;
use ottava_kernels::gemm::ConvPart;
use ottava_kernels::{Multiplier, Range16, Requantize, Requantize16, Weights};
use ottava_ref::ops::conv_params::ConvParams;

use super::quantized::{ConvQuantization, Operands, Sums, kernel_multipliers, range_16};
use super::shapes::nhwc_of;
use super::window::Window2d;
use crate::error::{Error, Result};
use crate::lowering::{Lowering, NodeTensors};
use crate::tensor::{DType, TensorId};

/// Convolutions of more groups run on the reference: each group is packed by itself, with corrections of its own.
const MAX_GROUPS: usize = 1 << 14;

/// Convolutions of several groups whose weights take more when each group fills whole panels run on the reference.
const MAX_PANEL_BYTES: usize = 1 << 30;

/// Bytes of a panel's line; no kernel has longer ones.
const LONGEST_LINE: usize = 64;

/// Whether packed weights, of shape OHWI and with elements of this type, stay in proportion: a small file can ask for groups of a
/// single channel.
pub(crate) fn packs_well(groups: usize, filter_shape: [usize; 4], dtype: DType) -> bool {
    let [filters, shape @ ..] = filter_shape;
    let lines = (filters / groups.max(1)).saturating_mul(dtype.size_bytes()).next_multiple_of(LONGEST_LINE);
    let bytes = shape.iter().chain([&groups]).fold(lines, |bytes, &size| bytes.saturating_mul(size));
    groups == 1 || (groups <= MAX_GROUPS && bytes <= MAX_PANEL_BYTES)
}

/// The parameters of a convolution of the reference for an input and an output of these shapes.
pub(crate) fn conv_params<'a>(
    window: &Window2d,
    filter_shape: [usize; 4],
    quantization: &'a ConvQuantization,
    [input, output]: [&[usize]; 2],
) -> Result<ConvParams<'a>> {
    Ok(ConvParams {
        input_shape: nhwc_of(&[Some(input)], 0)?,
        filter_shape,
        output_shape: nhwc_of(&[Some(output)], 0)?,
        stride: window.stride,
        dilation: window.dilation,
        pad_top: window.pad_top,
        pad_left: window.pad_left,
        input_zero_point: quantization.input_zero_point,
        filter_zero_point: quantization.filter_zero_point,
        multipliers: &quantization.multipliers,
        output_zero_point: quantization.output_zero_point,
        activation: quantization.activation,
    })
}

/// Calls a function of the reference with an operator's parameters and operands: `function(params, x, filter, bias, y)`.
macro_rules! evaluate_weighted {
    ($function:ident($params:expr), $sums:expr, $operands:expr, $inputs:expr, $output:expr) => {{
        let (operands, inputs) = ($operands, $inputs);
        let (x, filter) =
            ($crate::ops::view::input(inputs, operands.input)?, $crate::ops::view::input(inputs, operands.filter)?);
        $crate::ops::quantized::with_sums!($sums, x.dtype, X, W, A => {
            let mut values = $output.zeros::<X>();
            let bias: Option<Vec<A>> = inputs.get(operands.bias).copied().flatten().map(|bias| bias.values());
            $function($params, &x.values::<X>(), filter.bytes_as::<W>()?, bias.as_deref(), &mut values);
            $output.store(&values)
        })
    }};
}
pub(crate) use evaluate_weighted;

/// The tensors of an operator with weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeightedTensors {
    pub(crate) source: TensorId,
    pub(crate) filter: TensorId,
    pub(crate) bias: Option<TensorId>,
    pub(crate) output: TensorId,
}

impl WeightedTensors {
    /// Those of an operator, or of the convolution number `output` of several.
    ///
    /// # Errors
    /// When one is missing that the import has asked for.
    pub(crate) fn of(node: &NodeTensors, operands: Operands, output: usize) -> Result<Self> {
        let input = |index: usize| node.inputs.get(index).copied().flatten();
        let present = |index| input(index).ok_or_else(|| Error::internal(format!("input {index} is missing")));
        Ok(Self {
            source: present(operands.input)?,
            filter: present(operands.filter)?,
            bias: input(operands.bias),
            output: node.outputs[output],
        })
    }
}

/// The constants of an operator with 8-bit activations in the form that kernels take.
pub(crate) struct Constants<'a> {
    channels: usize,
    weights: Weights<'a>,
    bias: Vec<i32>,
    multipliers: Vec<Multiplier>,
    output_zero: i32,
    range: [i32; 2],
    offset: i32,
    pixel_stride: usize,
}

impl<'a> Constants<'a> {
    pub(crate) fn new(
        lowering: &'a Lowering<'_>,
        tensors: WeightedTensors,
        channels: usize,
        quantization: &ConvQuantization,
    ) -> Result<Self> {
        let WeightedTensors { filter, bias, output, .. } = tensors;
        let offset = lowering.offset(output);
        let (signed, zero) = (lowering.is_signed(filter), quantization.filter_zero_point);
        Ok(Self {
            channels,
            weights: Weights { bytes: lowering.weights(filter)?, signed, zero },
            bias: lowering.bias(bias)?,
            multipliers: kernel_multipliers(&quantization.multipliers),
            output_zero: quantization.output_zero_point + offset,
            range: [quantization.activation.lo + offset, quantization.activation.hi + offset],
            offset,
            pixel_stride: lowering.image(output).pixel_stride,
        })
    }

    /// As a part of a convolution, scaled by the multipliers of the quantization.
    pub(crate) fn part(&self) -> ConvPart<'_> {
        self.scaled_part(Requantize::Fixed(&self.multipliers))
    }

    /// As a part of a convolution.
    pub(crate) fn scaled_part<'b>(&'b self, requantize: Requantize<'b>) -> ConvPart<'b> {
        ConvPart {
            channels: self.channels,
            weights: self.weights,
            bias: &self.bias,
            requantize,
            output_zero: self.output_zero,
            output_min: self.range[0],
            output_max: self.range[1],
            output_offset: self.offset,
            pixel_stride: self.pixel_stride,
        }
    }
}

/// The constants of an operator with int16 activations in the form that kernels take.
pub(crate) struct Constants16<'a> {
    pub(crate) weights: &'a [i8],
    pub(crate) bias: Vec<i64>,
    multipliers: Vec<Multiplier>,
    sums: Sums,
    pub(crate) range: Range16,
}

impl<'a> Constants16<'a> {
    pub(crate) fn new(
        lowering: &'a Lowering<'_>,
        tensors: WeightedTensors,
        quantization: &ConvQuantization,
    ) -> Result<Self> {
        Ok(Self {
            weights: bytemuck::cast_slice(lowering.weights(tensors.filter)?),
            bias: lowering.wide_bias(tensors.bias)?,
            multipliers: kernel_multipliers(&quantization.multipliers),
            sums: quantization.sums,
            range: range_16(quantization.activation),
        })
    }

    /// How kernels scale the sums by the multipliers of the quantization.
    pub(crate) fn requantize(&self) -> Requantize16<'_> {
        match self.sums.is_wide() {
            true => Requantize16::Wide(&self.multipliers),
            false => Requantize16::Narrow(&self.multipliers),
        }
    }
}

/// Whether the filter and the bias of an operator on float32 are constants, of float32 or float16.
pub(crate) fn has_real_constants(lowering: &Lowering<'_>, tensors: WeightedTensors) -> bool {
    [Some(tensors.filter), tensors.bias].into_iter().flatten().all(|id| lowering.tensor(id).data.is_some())
}

/// The filter of an operator on float32 that a kernel packs; none where it was packed before, as [`Lowering::weights`] says.
///
/// # Errors
/// When the filter is no constant.
pub(crate) fn real_filter<'a>(lowering: &'a Lowering<'_>, tensors: WeightedTensors) -> Result<Cow<'a, [f32]>> {
    let bytes = lowering.weights(tensors.filter)?;
    Ok(reals(bytes, lowering.tensor(tensors.filter).dtype))
}

/// The bias of an operator on float32; none where it has none.
///
/// # Errors
/// When the bias is no constant.
pub(crate) fn real_bias(lowering: &Lowering<'_>, tensors: WeightedTensors) -> Result<Vec<f32>> {
    let Some(bias) = tensors.bias else { return Ok(Vec::new()) };
    Ok(reals(lowering.constant(bias)?, lowering.tensor(bias).dtype).into_owned())
}

/// The elements of a constant of float32 or float16, borrowed where they are float32 and aligned.
fn reals(bytes: &[u8], dtype: DType) -> Cow<'_, [f32]> {
    const { assert!(cfg!(target_endian = "little"), "constants are stored in the file's byte order") }
    match dtype {
        DType::F16 => bytes.as_chunks().0.iter().map(|half| f16::from_le_bytes(*half).to_f32()).collect(),
        _ => match bytemuck::try_cast_slice(bytes) {
            Ok(values) => Cow::Borrowed(values),
            Err(_) => bytes.as_chunks().0.iter().map(|real| f32::from_le_bytes(*real)).collect(),
        },
    }
}
