//! FULLY_CONNECTED: rows of the input times the rows of `[O, K]` weights, bias.

use std::sync::Arc;

use ottava_kernels::gemm16::{self, Conv16Spec};
use ottava_kernels::{Image, Requantize, Requantize16, Weights, Window, gemm};
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use ottava_ref::{ActivationRange, Multiplier, scales};

use super::quantized::{
    Filter, Operands, Sums, bias_values, check_bias, check_bias_scale, check_no_zero_points, conv_types, range_16,
    with_sums,
};
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, TensorId};

/// A matrix product with fixed weights.
#[derive(Clone, Debug)]
pub(crate) struct FullyConnected {
    /// K: elements of an input row.
    pub(crate) input_depth: usize,
    /// O: elements of an output row.
    pub(crate) output_depth: usize,
    /// Whether the output keeps the input's leading dimensions, or is `[rows, O]`.
    pub(crate) keep_dimensions: bool,
    pub(crate) input_zero_point: i32,
    /// 0 when the weights have one scale per output.
    pub(crate) filter_zero_point: i32,
    pub(crate) output_zero_point: i32,
    /// Input times filter over output scale in f64: one for all outputs, or one each. The product with the accumulator
    /// is rounded once, half away from zero.
    pub(crate) effective_scales: Vec<f64>,
    pub(crate) activation: ActivationRange,
    pub(crate) sums: Sums,
    /// Present where weights have 16 bits, which are requantized as convolutions are.
    pub(crate) wide_weights: Option<WideWeights>,
}

/// What int16 weights have instead of the scales in f64. Their sums always have 64 bits.
#[derive(Clone, Debug)]
pub(crate) struct WideWeights {
    /// One for all outputs, or one each.
    multipliers: Vec<Multiplier>,
    /// Whether the bias is read as `i64`. Otherwise the reference reads 32-bit words, whatever its type.
    wide_bias: bool,
}

struct Options {
    activation: i8,
    keep_dimensions: bool,
    bias_type: i8,
}

/// As convolutions, and int16 weights for int16 activations.
pub(crate) fn types(types: &TypeList) -> bool {
    let wide = types.one_type(2, &[DType::I16]) && types.input_is(2, &[DType::I32, DType::I64]);
    conv_types(types) || wide
}

fn options(context: &ImportContext<'_>) -> Result<Options> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::FullyConnectedOptions(options) => Some(options),
        _ => None,
    })?;
    let Some(options) = options else {
        return Ok(Options { activation: 0, keep_dimensions: false, bias_type: 0 });
    };
    if options.weights_format()? != 0 {
        return Err(Error::unsupported("shuffled weights are not supported"));
    }
    let activation = options.fused_activation_function()?;
    if !(0..=3).contains(&activation) {
        return Err(Error::invalid(format!("fused activation {activation} is not possible here")));
    }
    Ok(Options { activation, keep_dimensions: options.keep_num_dims()?, bias_type: options.quantized_bias_type()? })
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let Options { activation, keep_dimensions, bias_type } = options(context)?;
    let filter = context.input(1)?;
    let &[output_depth, input_depth] = &filter.shape[..] else {
        return Err(Error::invalid(format!("weights of shape {:?}, [outputs, inputs] expected", filter.shape)));
    };
    let input = context.quantization(context.inputs[0])?;
    let output = context.output_quantization()?;
    let weights = Filter::of(context, Operands::USUAL)?;
    check_bias(context, 2, output_depth)?;
    let filter_zero_point = if let &[scale] = weights.scales {
        check_bias_scale(context, 2, scale, (input, output))?;
        weights.single_zero_point(filter)?
    } else {
        0
    };
    let wide_weights = filter.dtype == DType::I16;
    let sums = if wide_weights { Sums::SixteenWide } else { Sums::of(context, Operands::USUAL, bias_type)? };
    if sums.of_16_bits() {
        check_no_zero_points(input, output)?;
        weights.no_zero_points(filter)?;
    }
    Ok(Arc::new(FullyConnected {
        input_depth,
        output_depth,
        keep_dimensions,
        input_zero_point: input.zero_point,
        filter_zero_point,
        output_zero_point: output.zero_point,
        effective_scales: scales::effective_scales(input.scale, weights.scales, output.scale),
        activation: context.activation(activation)?,
        sums,
        wide_weights: wide_weights.then(|| import_wide(context, bias_type, weights.scales)).transpose()?,
    }))
}

/// What int16 weights need.
fn import_wide(context: &ImportContext<'_>, bias_type: i8, filter: &[f32]) -> Result<WideWeights> {
    let bias = context.optional_input(2).map(|bias| bias.dtype);
    let suits = match bias_type {
        0 => true,
        2 => bias.is_none_or(|dtype| dtype == DType::I32),
        4 => bias.is_none_or(|dtype| dtype == DType::I64),
        _ => false,
    };
    if !suits {
        return Err(Error::invalid(format!("the options name bias type {bias_type}, which is not that of the bias")));
    }
    let (input, output) = (context.quantization(context.inputs[0])?.scale, context.output_quantization()?.scale);
    let multipliers = match *filter {
        [filter] => vec![scales::matrix_product(input, filter, output)?],
        _ => scales::conv_int8(input, filter, output)?,
    };
    multipliers.iter().try_for_each(|multiplier| multiplier.check_wide().map(drop))?;
    Ok(WideWeights { multipliers, wide_bias: bias_type == 4 })
}

impl WideWeights {
    /// The bias as the reference reads it.
    fn bias(&self, inputs: &[Option<TensorView<'_>>], outputs: usize) -> Option<Vec<i64>> {
        if self.wide_bias {
            return bias_values(inputs, 2);
        }
        let words = bias_values::<i32>(inputs, 2)?;
        Some(words.into_iter().take(outputs).map(i64::from).collect())
    }
}

impl Operator for FullyConnected {
    fn name(&self) -> &'static str {
        "FULLY_CONNECTED"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let elements: usize = shape.iter().product();
        let rows = elements / self.input_depth.max(1);
        let row_fits = !self.keep_dimensions || shape.last() == Some(&self.input_depth);
        if rows * self.input_depth != elements || !row_fits {
            return Err(Error::invalid(format!("an input of shape {shape:?} for rows of {}", self.input_depth)));
        }
        if !self.keep_dimensions {
            return Ok(vec![vec![rows, self.output_depth]]);
        }
        let mut output = shape.to_vec();
        output.pop();
        output.push(self.output_depth);
        Ok(vec![output])
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul(self.input_depth as u64)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let params = FullyConnectedParams {
            batches: x.shape.iter().product::<usize>() / self.input_depth,
            input_depth: self.input_depth,
            output_depth: self.output_depth,
            input_zero_point: self.input_zero_point,
            filter_zero_point: self.filter_zero_point,
            requant: FcRequant::F64Round(&self.effective_scales),
            output_zero_point: self.output_zero_point,
            activation: self.activation,
        };
        if let Some(weights) = &self.wide_weights {
            let params = FullyConnectedParams { requant: FcRequant::Gemmlowp(&weights.multipliers), ..params };
            let mut values = vec![0_i16; params.batches * self.output_depth];
            let bias = weights.bias(inputs, self.output_depth);
            fully_connected(&params, &x.values::<i16>(), &filter.values::<i16>(), bias.as_deref(), &mut values);
            return output.store(&values);
        }
        with_sums!(self.sums, x.dtype, X, W, A => {
            let mut values = vec![X::default(); params.batches * self.output_depth];
            let bias = bias_values::<A>(inputs, 2);
            fully_connected(&params, &x.values::<X>(), filter.bytes_as::<W>()?, bias.as_deref(), &mut values);
            output.store(&values)
        })
    }
}

impl FullyConnected {
    /// The product of int16 activations and 8-bit weights as a kernel.
    fn lower_16(
        &self,
        lowering: &Lowering<'_>,
        node: &NodeTensors,
        [source, filter]: [TensorId; 2],
    ) -> Result<Option<Lowered>> {
        let rows = lowering.tensor(source).element_count() / self.input_depth;
        let scales = &self.effective_scales;
        let spec = Conv16Spec {
            input: Image::dense(1, 1, rows, self.input_depth),
            window: Window::POINT,
            output: [1, rows],
            groups: 1,
            channels: self.output_depth,
            weights: bytemuck::cast_slice(lowering.constant(filter)?),
            bias: &lowering.wide_bias(node.inputs.get(2).copied().flatten())?,
            requantize: match self.sums.is_wide() {
                true => Requantize16::WideFloat(scales),
                false => Requantize16::NarrowFloat(scales),
            },
            range: range_16(self.activation),
            threads: lowering.threads,
        };
        let layer = Box::new(gemm16::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![node.outputs[0]])))
    }
}

impl Lower for FullyConnected {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), Some(filter)) = (node.inputs[0], node.inputs[1]) else { return Ok(None) };
        if !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        if self.wide_weights.is_some() {
            return Ok(None);
        }
        if self.sums.of_16_bits() {
            return self.lower_16(lowering, node, [source, filter]);
        }
        let output = node.outputs[0];
        let offset = lowering.offset(output);
        let bias = lowering.bias(node.inputs.get(2).copied().flatten())?;
        let weights = Weights {
            bytes: lowering.constant(filter)?,
            signed: lowering.is_signed(filter),
            zero: self.filter_zero_point,
        };
        let part = gemm::ConvPart {
            channels: self.output_depth,
            weights,
            bias: &bias,
            requantize: Requantize::Float(&self.effective_scales),
            output_zero: self.output_zero_point + offset,
            output_min: self.activation.lo + offset,
            output_max: self.activation.hi + offset,
            output_offset: offset,
            pixel_stride: lowering.image(output).pixel_stride,
        };
        let rows = lowering.tensor(source).element_count() / self.input_depth;
        let layer = gemm::prepare(
            lowering.isa,
            &gemm::ConvSpec {
                input: Image::dense(1, 1, rows, self.input_depth),
                input_zero: self.input_zero_point + lowering.offset(source),
                window: Window::POINT,
                output: [1, rows],
                groups: 1,
                parts: &[part],
                threads: lowering.threads,
            },
        );
        Ok(Some(Lowered::one(Box::new(layer), vec![source], vec![output])))
    }
}
